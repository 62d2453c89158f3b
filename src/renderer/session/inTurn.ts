let turn: Promise<unknown> = Promise.resolve();

/** Acts of the user wait for the one before them: two quick clicks both count, and begin one session. */
export function inTurn<T>(act: () => Promise<T>): Promise<T> {
  const mine = turn.then(act);
  turn = mine.catch(() => undefined); // a failed act does not stop the next; its caller is told
  return mine;
}
