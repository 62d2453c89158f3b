import { emptyMask, findMaskChanges, unpackMask } from '../../domain/mask.js';
import type { PackedMask } from '../../domain/mask.js';

const DURATION_MS = 450;
const PEAK = 0.45;
const MAX_PIXELS = 2 ** 22; // on a larger slice the flash would come late and hold the mask up
const LEVELS = 12; // shades on the way out; more are not told apart

/** Pixels that a new mask has gained or lost, white; drawn over it and soon gone. */
export interface Flash {
  readonly image: OffscreenCanvas;
  readonly opacity: number;
}

/** Opacity of the flash `elapsedMs` after it began; 0 when it is over. */
export const computeFlashOpacity = (elapsedMs: number): number =>
  (PEAK * Math.ceil(LEVELS * Math.max(0, 1 - elapsedMs / DURATION_MS))) / LEVELS;

/** A reader who has asked for less motion gets none. */
const wantsStillness = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** The faint flash of what changed when a mask replaces another; `onFrame` asks for the next drawing. */
export function createMaskFlash(onFrame: () => void) {
  let image: OffscreenCanvas | null = null;
  let begunMs = 0;
  let frame = 0;

  const stop = (): void => {
    cancelAnimationFrame(frame);
    image = null;
  };
  const next = (): void => {
    if (performance.now() - begunMs >= DURATION_MS) image = null;
    else frame = requestAnimationFrame(next);
    onFrame();
  };
  return {
    show(before: PackedMask | null, after: PackedMask | null): void {
      const size = after ?? before;
      if (size === null || wantsStillness()) return;
      const { width, height } = size;
      if (width * height > MAX_PIXELS) return;
      if (before !== null && (before.width !== width || before.height !== height)) return;
      const unpack = (packed: PackedMask | null) =>
        packed === null ? emptyMask(width, height) : unpackMask(packed);
      const changes = findMaskChanges(unpack(before), unpack(after));
      if (!changes.data.includes(1)) return; // the same mask told again: a flash goes on
      stop();
      image = new OffscreenCanvas(width, height);
      const pixels = new ImageData(width, height);
      for (let p = 0; p < changes.data.length; p++)
        if (changes.data[p] === 1) pixels.data.fill(255, p * 4, p * 4 + 4);
      image.getContext('2d')?.putImageData(pixels, 0, 0);
      begunMs = performance.now();
      frame = requestAnimationFrame(next);
    },
    current: (): Flash | null =>
      image === null ? null : { image, opacity: computeFlashOpacity(performance.now() - begunMs) },
    stop,
  };
}
