import type { IbisErrorShape } from '../../contract/errors.js';
import type { PackedMask } from '../../domain/mask.js';
import type { Vec3 } from '../../domain/geometry.js';
import { canonicalMask, forEachPixel, unitePacked } from '../../domain/packedBits.js';
import { packMask } from '../../domain/mask.js';
import { err, ok } from '../../domain/result.js';
import type { Result } from '../../domain/result.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import type { GridFit } from './fitToSeries.js';

const outside = (): Result<never, IbisErrorShape> =>
  err({
    code: 'does-not-fit',
    message:
      'Part of the segmentation lies outside the images of this series: it belongs to another series, or images are missing here.',
  });

/** Whole slices that only stand elsewhere in the stack. */
const isStack = ({ axes, steps, offset }: GridFit): boolean =>
  axes.every((axis, n) => axis === n) &&
  steps[0] === 1 &&
  steps[1] === 1 &&
  offset[0] === 0 &&
  offset[1] === 0;

function restack(
  slices: SegmentSlices,
  { steps, offset }: GridFit,
  dimensions: Vec3,
): Result<SegmentSlices, IbisErrorShape> {
  const laid = new Map<number, PackedMask>();
  for (const [fileK, mask] of slices) {
    if (mask.bounds === null) continue;
    const k = offset[2] + steps[2] * fileK;
    if (k < 0 || k >= dimensions[2]) return outside();
    laid.set(k, mask);
  }
  return ok(laid);
}

/** Moves the voxels of one segment (or one frame of it) from the file's grid into that of the series. */
export function layOnGrid(
  slices: SegmentSlices,
  fit: GridFit,
  dimensions: Vec3,
): Result<SegmentSlices, IbisErrorShape> {
  if (fit.isSame) return ok(slices);
  const [columns, rows] = dimensions;
  const { axes, steps, offset } = fit;
  if (
    isStack(fit) &&
    [...slices].every(([, { width, height }]) => width === columns && height === rows)
  )
    return restack(slices, fit, dimensions);
  const laid = new Map<number, Uint8Array>();
  const at: [number, number, number] = [0, 0, 0];
  let outsideCount = 0;
  for (const [fileK, mask] of slices)
    forEachPixel(mask, (fileI, fileJ) => {
      at[axes[0]] = offset[axes[0]] + steps[0] * fileI;
      at[axes[1]] = offset[axes[1]] + steps[1] * fileJ;
      at[axes[2]] = offset[axes[2]] + steps[2] * fileK;
      const [i, j, k] = at;
      if (i < 0 || j < 0 || k < 0 || i >= columns || j >= rows || k >= dimensions[2]) {
        outsideCount++;
        return;
      }
      const data = laid.get(k) ?? new Uint8Array(columns * rows);
      laid.set(k, data);
      data[j * columns + i] = 1;
    });
  if (outsideCount > 0) return outside();
  return ok(
    new Map([...laid].map(([k, data]) => [k, packMask({ width: columns, height: rows, data })])),
  );
}

/** Adds slices to those that a segment has; a slice that both have gets the pixels of either. */
export function addSlices(into: Map<number, PackedMask>, added: SegmentSlices): void {
  for (const [k, mask] of added) {
    if (mask.bounds === null) continue;
    const before = into.get(k);
    into.set(k, before === undefined ? canonicalMask(mask) : unitePacked(before, mask));
  }
}
