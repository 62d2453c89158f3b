import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Vec3 } from '../../../src/domain/geometry.js';
import { growRegion } from '../../../src/engine/tools/regionGrow.js';
import { computeThreshold } from '../../../src/engine/tools/values.js';
import { anyBlock, drawBlock, isSubset, showBlock } from './blocks.js';

const valuesOf = (dimensions: Vec3, data: readonly number[]) => ({
  offset: [0, 0, 0] as const,
  dimensions,
  data: Int16Array.from(data),
});

describe('A threshold', () => {
  it('takes both ends of the range, and only what lies inside', () => {
    const values = valuesOf([5, 1, 1], [-1000, 99, 100, 200, 201]);
    const range = { lower: 100, upper: 200 };
    expect(showBlock(computeThreshold(values, range, null))).toEqual([['..##.']]);
    const inside = drawBlock([['###..']]);
    expect(showBlock(computeThreshold(values, range, inside))).toEqual([['..#..']]);
  });

  it('takes no value that is not a number', () => {
    const values = { ...valuesOf([2, 1, 1], []), data: Float32Array.of(NaN, 0) };
    const all = { lower: -Infinity, upper: Infinity };
    expect(showBlock(computeThreshold(values, all, null))).toEqual([['.#']]);
  });
});

describe('Region growing', () => {
  const values = valuesOf([5, 2, 1], [10, 11, 50, 10, 10, 50, 12, 50, 50, 11]);
  const growth = { values, inside: null, seed: [0, 0, 0] as const, connectivity: 'faces' as const };

  it('takes the values of the range that hang together with the seed', () => {
    const range = { kind: 'range' as const, range: { lower: 9, upper: 12 } };
    const region = growRegion(growth, range);
    expect(region && showBlock(region)).toEqual([['##...', '.#...']]);
  });

  it('stays inside what it is given', () => {
    const range = { kind: 'range' as const, range: { lower: 9, upper: 12 } };
    const inside = drawBlock([['#.###', '#####']]);
    const region = growRegion({ ...growth, inside }, range);
    expect(region && showBlock(region)).toEqual([['#....', '.....']]);
  });

  it('has no region where the seed is out of the range, outside the block or not inside', () => {
    const range = { kind: 'range' as const, range: { lower: 9, upper: 12 } };
    const at = (seed: Vec3) => growRegion({ ...growth, seed }, range);
    expect(at([2, 0, 0])).toBeNull();
    expect(at([0, 0, 7])).toBeNull();
    const inside = drawBlock([['.####', '#####']]);
    expect(growRegion({ ...growth, inside }, range)).toBeNull();
  });

  it('measures the values around the seed, and then those of the region', () => {
    // Mean 11, deviation 1 in the box around the seed: 8 to 14 with three deviations.
    const line = valuesOf([8, 1, 1], [10, 11, 12, 14, 8, 15, 40, 11]);
    const seeded = { ...growth, values: line, seed: [1, 0, 0] as const };
    const by = { kind: 'deviations' as const, count: 3, radiusVoxels: 1 };
    const first = growRegion(seeded, { ...by, iterations: 0 });
    expect(first && showBlock(first)).toEqual([['#####...']]);
    // Mean 11 and deviation 2.24 of those five: 4.3 to 17.7.
    const second = growRegion(seeded, { ...by, iterations: 1 });
    expect(second && showBlock(second)).toEqual([['######..']]);
  });

  it('always takes the seed, however much it differs from what is around it', () => {
    const line = valuesOf([5, 1, 1], [0, 0, 90, 0, 0]);
    const seeded = { ...growth, values: line, seed: [2, 0, 0] as const };
    const region = growRegion(seeded, {
      kind: 'deviations',
      count: 0,
      radiusVoxels: 2,
      iterations: 0,
    });
    expect(region?.data[2]).toBe(1);
  });

  it('is a part of the threshold that has the seed, grown anew from any of its voxels', () => {
    fc.assert(
      fc.property(anyBlock(), fc.nat(), fc.nat(), (block, a, b) => {
        const from = { ...valuesOf(block.dimensions, [...block.data]), inside: null };
        const range = { kind: 'range' as const, range: { lower: 1, upper: 1 } };
        const [di, dj] = block.dimensions;
        const voxel = (at: number): Vec3 => [
          at % di,
          Math.floor(at / di) % dj,
          Math.floor(at / di / dj),
        ];
        const region = growRegion(
          { ...growth, values: from, seed: voxel(a % block.data.length) },
          range,
        );
        if (region === null) {
          expect(block.data[a % block.data.length]).toBe(0);
          return;
        }
        expect(isSubset(region.data, block.data)).toBe(true);
        const members = [...region.data.keys()].filter((at) => region.data[at] === 1);
        const other = members[b % members.length] ?? 0;
        expect(growRegion({ ...growth, values: from, seed: voxel(other) }, range)).toEqual(region);
      }),
    );
  });
});
