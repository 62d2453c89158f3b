import type { PromptClick, SliceImage } from '../../../src/engine/agent/types.js';

/** One slice and three clicks, the same for every runtime that is compared. */
export const sizePx = 512;
export const clicks: readonly PromptClick[] = [
  { label: 'include', normalised: { x: 0.4, y: 0.45 } },
  { label: 'include', normalised: { x: 0.5, y: 0.55 } },
  { label: 'exclude', normalised: { x: 0.8, y: 0.2 } },
];

/** A bright ellipse on noise; `seed` makes another slice, which no cache knows. */
export function makeSlice(seed: number): SliceImage {
  const rgb = new Uint8Array(sizePx * sizePx * 3);
  let state = seed + 1;
  for (let row = 0; row < sizePx; row += 1)
    for (let column = 0; column < sizePx; column += 1) {
      state = (state * 1_664_525 + 1_013_904_223) >>> 0; // Numerical Recipes' generator
      const isInside = ((column - 230) / 90) ** 2 + ((row - 256) / 70) ** 2 < 1;
      const level = (isInside ? 170 : 60) + (state >>> 27);
      rgb.fill(level, (row * sizePx + column) * 3, (row * sizePx + column + 1) * 3);
    }
  return { width: sizePx, height: sizePx, rgb, key: `bench-${seed}` };
}
