import type { Vec3 } from '../../domain/geometry.js';
import type { ValueRange } from '../../domain/rangeLimit.js';
import type { VoxelBlock } from '../../domain/segmentSlices.js';
import { placeInBlock } from './blockSlices.js';
import { findComponents, getComponentAt, keepComponents } from './components.js';
import type { Connectivity } from './components.js';
import type { OnProgress } from './distance.js';
import { computeSpread, computeThreshold } from './values.js';
import type { Spread, ValueBlock } from './values.js';

/** What belongs to a region: values in a range, or values near those around the seed. */
export type GrowthCriterion =
  | { readonly kind: 'range'; readonly range: ValueRange }
  | {
      readonly kind: 'deviations';
      /** How many standard deviations a value may lie from the mean. */
      readonly count: number;
      /** Half the edge of the box around the seed whose values are measured first, voxels. */
      readonly radiusVoxels: number;
      /** How often the grown region is measured and grown anew. */
      readonly iterations: number;
    };

interface Growth {
  readonly values: ValueBlock;
  /** Where the region may grow; null: in the whole block. */
  readonly inside: VoxelBlock | null;
  readonly seed: Vec3; // voxel of the volume
  readonly connectivity: Connectivity;
}

/** Null where the seed itself is not in the range or not inside. */
function growInRange(
  { values, inside, seed, connectivity }: Growth,
  range: ValueRange,
): VoxelBlock | null {
  const wanted = computeThreshold(values, range, inside);
  const at = placeInBlock(wanted, seed);
  if (at === null || wanted.data[at] !== 1) return null;
  const parts = findComponents(wanted, 1, connectivity);
  const own = getComponentAt(parts, at);
  return keepComponents(wanted, parts, (label) => label === own);
}

/** Values in the box around the seed, as far as the block goes. */
function measureAround({ values, seed }: Growth, radius: number): Spread {
  const { offset, dimensions, data } = values;
  const [di, dj] = dimensions;
  const span = (axis: 0 | 1 | 2): readonly [number, number] => [
    Math.max(0, seed[axis] - offset[axis] - radius),
    Math.min(dimensions[axis] - 1, seed[axis] - offset[axis] + radius),
  ];
  const [[i1, i2], [j1, j2], [k1, k2]] = [span(0), span(1), span(2)];
  return computeSpread((visit) => {
    for (let k = k1; k <= k2; k++)
      for (let j = j1; j <= j2; j++)
        for (let i = i1; i <= i2; i++) visit(data[(k * dj + j) * di + i] ?? NaN);
  });
}

const measureRegion = (values: ValueBlock, region: VoxelBlock): Spread =>
  computeSpread((visit) => {
    for (let at = 0; at < region.data.length; at++)
      if (region.data[at] === 1) visit(values.data[at] ?? NaN);
  });

/**
 * The connected region around a seed; null where the seed does not belong to it itself. By deviations as in ITK's
 * ConfidenceConnectedImageFilter: mean and deviation of the box around the seed, then of the region that they gave, so
 * often; the seed's own value always belongs. In a slice: give a block of one slice.
 */
export function growRegion(
  growth: Growth,
  criterion: GrowthCriterion,
  onProgress?: OnProgress,
): VoxelBlock | null {
  if (criterion.kind === 'range') return growInRange(growth, criterion.range);
  const at = placeInBlock(growth.values, growth.seed);
  const own = at === null ? NaN : (growth.values.data[at] ?? NaN);
  const rangeAround = ({ mean, deviation }: Spread): ValueRange => ({
    lower: Math.min(own, mean - criterion.count * deviation),
    upper: Math.max(own, mean + criterion.count * deviation),
  });
  let region = growInRange(growth, rangeAround(measureAround(growth, criterion.radiusVoxels)));
  for (let n = 0; n < criterion.iterations && region !== null; n++) {
    onProgress?.((n + 1) / (criterion.iterations + 1));
    region = growInRange(growth, rangeAround(measureRegion(growth.values, region)));
  }
  return region;
}
