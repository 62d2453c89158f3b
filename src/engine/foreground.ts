/** What the user waits for. While there is any, work in the background stands back. */
export interface Foreground {
  during<T>(work: () => Promise<T>): Promise<T>;
  isBusy(): boolean;
  /** Resolves when nobody waits any more. */
  whenFree(): Promise<void>;
  /** Told whenever the answer of `isBusy` changes. */
  onChanged(listener: (isBusy: boolean) => void): () => void;
}

export function createForeground(): Foreground {
  let count = 0;
  const listeners = new Set<(isBusy: boolean) => void>();
  const tell = (): void => {
    for (const listener of [...listeners]) listener(count > 0);
  };
  const onChanged = (listener: (isBusy: boolean) => void): (() => void) => {
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  };
  return {
    during: async (work) => {
      if (++count === 1) tell();
      try {
        return await work();
      } finally {
        if (--count === 0) tell();
      }
    },
    isBusy: () => count > 0,
    whenFree: () =>
      count === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            const stop = onChanged((isBusy) => {
              if (isBusy) return;
              stop();
              resolve();
            });
          }),
    onChanged,
  };
}
