import type { Mask } from './mask.js';
import type { ImagePoint } from './plane.js';

/** Where a perfect annotator, who knows the ground truth, would click next. */
export interface OracleClick {
  readonly point: ImagePoint;
  readonly label: 'include' | 'exclude';
  /** Depth of the click inside the wrong region, in pixels. */
  readonly distancePx: number;
}

export const ORACLE_STOP_IOU = 0.8;
export const ORACLE_MAX_STEPS = 20;

interface Region {
  readonly width: number;
  readonly height: number;
  readonly inside: Uint8Array; // uint8 [height, width], 0 or 1
}

/** Squared Euclidean distance of each pixel to the nearest one outside the region; beyond the image is outside. */
function computeSquaredDepth({ width, height, inside }: Region): Float64Array {
  const vertical = new Float64Array(width * height); // pixels to the nearest outside one in the same column
  for (let column = 0; column < width; column++) {
    let run = 0;
    for (let row = 0; row < height; row++) {
      run = inside[row * width + column] === 1 ? run + 1 : 0;
      vertical[row * width + column] = run;
    }
    run = 0;
    for (let row = height - 1; row >= 0; row--) {
      const p = row * width + column;
      run = inside[p] === 1 ? run + 1 : 0;
      vertical[p] = Math.min(vertical[p] ?? 0, run);
    }
  }
  const squared = new Float64Array(width * height);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const p = row * width + column;
      if (inside[p] !== 1) continue;
      const edge = Math.min(column + 1, width - column); // pixels to beyond the left or right edge
      let best = Math.min((vertical[p] ?? 0) ** 2, edge ** 2);
      for (let d = 1; d < edge && d * d < best; d++)
        best = Math.min(
          best,
          d * d + (vertical[p - d] ?? 0) ** 2,
          d * d + (vertical[p + d] ?? 0) ** 2,
        );
      squared[p] = best;
    }
  return squared;
}

/** First maximum in row-major order. */
function findDeepest(region: Region): { readonly at: number; readonly squared: number } {
  const depth = computeSquaredDepth(region);
  let at = 0;
  for (let p = 1; p < depth.length; p++) if ((depth[p] ?? 0) > (depth[at] ?? 0)) at = p;
  return { at, squared: depth[at] ?? 0 };
}

/**
 * The deepest wrong pixel: include in what is missing, exclude in what is too much; a tie includes.
 * Null when the mask is right everywhere. Throws when the sizes differ.
 */
export function computeOracleClick(mask: Mask, truth: Mask): OracleClick | null {
  const { width, height } = truth;
  if (mask.width !== width || mask.height !== height) throw new Error('masks differ in size');
  const missing = findDeepest({
    width,
    height,
    inside: truth.data.map((value, p) => value & (1 - (mask.data[p] ?? 0))),
  });
  const surplus = findDeepest({
    width,
    height,
    inside: mask.data.map((value, p) => value & (1 - (truth.data[p] ?? 0))),
  });
  const isInclude = missing.squared >= surplus.squared;
  const { at, squared } = isInclude ? missing : surplus;
  if (squared === 0) return null;
  return {
    point: { column: at % width, row: Math.floor(at / width) },
    label: isInclude ? 'include' : 'exclude',
    distancePx: Math.sqrt(squared),
  };
}
