const LONGEST_STRETCH_MS = 12; // other calls then wait for less than a frame of the screen

/** Lets other work in between the pieces of a long one; await it after each piece. */
export function createBreather(): () => Promise<void> {
  let begunMs = performance.now();
  return async () => {
    if (performance.now() - begunMs < LONGEST_STRETCH_MS) return;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    begunMs = performance.now();
  };
}
