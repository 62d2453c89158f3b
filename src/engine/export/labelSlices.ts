import type { Vec3 } from '../../domain/geometry.js';
import { forEachPixel, intersectPacked } from '../../domain/packedBits.js';
import type { SegmentationData, SegmentSlices } from '../../domain/segmentation.js';

type SegmentVoxels = SegmentationData['segments'][number];

/** Slices k that have any segment; a voxel is the number of its segment, 0 where there is none. */
export interface LabelSlices {
  readonly bytesPerLabel: 1 | 2;
  readonly slices: ReadonlyMap<number, Uint8Array | Uint16Array>; // [j, i]
}

const slicesOverlap = (a: SegmentSlices, b: SegmentSlices): boolean =>
  [...a].some(([k, mask]) => {
    const other = b.get(k);
    return other !== undefined && intersectPacked(mask, other).bounds !== null;
  });

/** The first two segments that share a voxel, or null. */
export function findOverlap(
  segments: readonly SegmentVoxels[],
): readonly [SegmentVoxels, SegmentVoxels] | null {
  for (const [n, a] of segments.entries())
    for (const b of segments.slice(n + 1)) if (slicesOverlap(a.slices, b.slices)) return [a, b];
  return null;
}

/** Each segment into the first layer where it overlaps no other: one layer where none overlap. */
export function sortIntoLayers(
  segments: readonly SegmentVoxels[],
): readonly (readonly SegmentVoxels[])[] {
  const layers: SegmentVoxels[][] = [];
  for (const segment of segments) {
    const free = layers.find(
      (layer) => !layer.some((other) => slicesOverlap(other.slices, segment.slices)),
    );
    if (free === undefined) layers.push([segment]);
    else free.push(segment);
  }
  return layers;
}

/** Of segments that do not overlap. */
export function paintLabels(segments: readonly SegmentVoxels[], dimensions: Vec3): LabelSlices {
  const [columns, rows] = dimensions;
  const largest = Math.max(0, ...segments.map(({ segment }) => segment.segmentNumber));
  if (largest > 65_535) throw new Error('a label takes 16 bits at most');
  const bytesPerLabel = largest < 256 ? 1 : 2;
  const slices = new Map<number, Uint8Array | Uint16Array>();
  for (const { segment, slices: masks } of segments)
    for (const [k, mask] of masks) {
      if (mask.bounds === null) continue;
      const labels =
        slices.get(k) ??
        (bytesPerLabel === 1 ? new Uint8Array(columns * rows) : new Uint16Array(columns * rows));
      slices.set(k, labels);
      forEachPixel(mask, (column, row) => {
        labels[row * columns + column] = segment.segmentNumber;
      });
    }
  return { bytesPerLabel, slices };
}
