/** Why a run waits: a hand is drawing, its act is being applied, or the moment after it, in which it can be kept waiting. */
export type HoldReason = 'drawing' | 'acting' | 'going-on';

/** Keeps a run from its next turn while the user acts, and for a moment after, so that a second act need not race it. */
export interface RunHold {
  setDrawing(isDrawing: boolean): void;
  /** A run in the background waits, without a word, while the user waits for something else. */
  setYielding(isYielding: boolean): void;
  beginAct(): void;
  endAct(): void;
  isFree(): boolean;
  /** Resolves when nothing holds the run any more, or it is woken. */
  whenFree(): Promise<void>;
  /** Ends all waiting: the run is paused, cancelled or over. */
  wake(): void;
}

export function createRunHold(options: {
  /** From the end of an act until the run goes on. */
  readonly goingOnMs: number;
  /** Told of each change; null: nothing holds the run. */
  readonly onChanged: (reason: HoldReason | null) => void;
}): RunHold {
  let isDrawing = false;
  let isYielding = false;
  let acts = 0;
  let timer: NodeJS.Timeout | undefined;
  let isAwake = false;
  let told: HoldReason | null = null;
  let waiting: (() => void)[] = [];

  const reasonNow = (): HoldReason | null => {
    if (isAwake) return null;
    if (acts > 0) return 'acting';
    if (isDrawing) return 'drawing';
    return timer === undefined ? null : 'going-on';
  };
  const isFree = (): boolean => reasonNow() === null && (isAwake || !isYielding);
  const update = (): void => {
    const reason = reasonNow();
    if (reason !== told) options.onChanged(reason);
    told = reason;
    if (!isFree()) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  const stopTimer = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  const startTimer = (): void => {
    stopTimer();
    timer = setTimeout(() => {
      timer = undefined;
      update();
    }, options.goingOnMs);
  };

  return {
    setDrawing: (drawing) => {
      isDrawing = drawing;
      if (drawing) stopTimer();
      update();
    },
    setYielding: (yielding) => {
      isYielding = yielding;
      update();
    },
    beginAct: () => {
      acts++;
      isDrawing = false; // what was drawn is now an act
      stopTimer();
      update();
    },
    endAct: () => {
      acts--;
      if (acts === 0 && !isDrawing && !isAwake) startTimer();
      update();
    },
    isFree,
    whenFree: () =>
      isFree()
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting = [...waiting, resolve];
          }),
    wake: () => {
      isAwake = true;
      stopTimer();
      update();
    },
  };
}
