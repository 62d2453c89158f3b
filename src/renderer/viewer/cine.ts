/** Plays at a steady rate, but never faster than the images are drawn: a late one is waited for, not queued. */
export interface Cine {
  readonly play: (framesPerSecond: number) => void;
  readonly stop: () => void;
  readonly isPlaying: () => boolean;
}

export function createCine(options: {
  /** Whether what was asked for last is on screen. */
  readonly isDrawn: () => boolean;
  readonly advance: () => void;
}): Cine {
  let timer: ReturnType<typeof setInterval> | null = null;
  const stop = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };
  return {
    play(framesPerSecond) {
      stop();
      timer = setInterval(() => {
        if (options.isDrawn()) options.advance();
      }, 1000 / framesPerSecond);
    },
    stop,
    isPlaying: () => timer !== null,
  };
}
