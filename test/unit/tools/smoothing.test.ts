import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Vec3 } from '../../../src/domain/geometry.js';
import { packBlock, unpackBlock, unpackBox } from '../../../src/domain/segmentSlices.js';
import {
  smoothBlock,
  smoothingMargin,
  smoothJointly,
} from '../../../src/engine/tools/jointSmoothing.js';
import { computeMedian, medianRadii } from '../../../src/engine/tools/median.js';
import { anyBlock, anySpacing, blockOf, drawBlock, placeOf, showBlock } from './blocks.js';

const anyRadii = fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2));

describe('The median', () => {
  it('is the majority in the box around a voxel, cut off at the edges of the volume', () => {
    fc.assert(
      fc.property(anyBlock(), anyRadii, (block, radii) => {
        const median = computeMedian(block, block.dimensions, radii);
        for (const at of block.data.keys()) {
          const place = placeOf(block, at);
          const around = [...block.data.keys()].filter((other) =>
            placeOf(block, other).every(
              (x, axis) => Math.abs(x - (place[axis] ?? 0)) <= (radii[axis] ?? 0),
            ),
          );
          const ones = around.filter((other) => block.data[other] === 1).length;
          const tie = 2 * ones === around.length;
          expect(median.data[at]).toBe(tie ? block.data[at] : 2 * ones > around.length ? 1 : 0);
        }
      }),
    );
  });

  it('of a block with margin is that of the whole volume', () => {
    fc.assert(
      fc.property(anyBlock({ maxSide: 8 }), anyRadii, (block, radii) => {
        const volume = block.dimensions;
        const slices = packBlock(block, volume);
        fc.pre(slices.size > 0);
        const part = computeMedian(unpackBlock(slices, volume, radii), volume, radii);
        expect(unpackBox(packBlock(part, volume), [0, 0, 0], volume).data).toEqual(
          computeMedian(block, volume, radii).data,
        );
      }),
    );
  });

  it('takes as many whole voxels as the radius holds', () => {
    expect(medianRadii([0.7, 0.7, 5], 2.1)).toEqual([3, 3, 0]);
  });

  it('takes a speck away and fills a pinhole', () => {
    const volume: Vec3 = [8, 5, 1];
    const half = '....####';
    const drawn = drawBlock([['#...####', half, '....##.#', half, half]]);
    expect(showBlock(computeMedian(drawn, volume, [1, 1, 0]))).toEqual([
      [half, half, half, half, half],
    ]);
  });
});

describe('Joint smoothing', () => {
  /** Blocks in one box with no voxel in common. */
  const anyLabels = anyBlock().chain(({ dimensions, data }) =>
    fc
      .array(fc.nat(3), { minLength: data.length, maxLength: data.length })
      .map((labels) => [1, 2, 3].map((label) => blockOf(dimensions, (at) => labels[at] === label))),
  );
  const anyDeviation = fc.double({ min: 0.3, max: 3, noNaN: true });

  it('leaves neither gap nor overlap: together the segments are their smoothed union', () => {
    fc.assert(
      fc.property(anyLabels, anySpacing, anyDeviation, (blocks, spacingMm, mm) => {
        const [first] = blocks;
        if (first === undefined) return;
        const volume = { dimensions: first.dimensions, spacingMm };
        const smoothed = smoothJointly(blocks, volume, mm);
        const union = blockOf(first.dimensions, (at) => blocks.some(({ data }) => data[at] === 1));
        const whole = smoothBlock(union, volume, mm);
        for (const at of union.data.keys()) {
          const owners = smoothed.filter(({ data }) => data[at] === 1).length;
          if (Math.abs((whole[at] ?? 0) - 0.5) > 1e-5)
            expect(owners).toBe((whole[at] ?? 0) > 0.5 ? 1 : 0);
          expect(owners).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('of blocks with margin is that of the whole volume', () => {
    fc.assert(
      fc.property(anyBlock({ maxSide: 9 }), anySpacing, anyDeviation, (block, spacingMm, mm) => {
        const volume = { dimensions: block.dimensions, spacingMm };
        const slices = packBlock(block, volume.dimensions);
        fc.pre(slices.size > 0);
        const part = unpackBlock(slices, volume.dimensions, smoothingMargin(spacingMm, mm));
        const values = smoothBlock(part, volume, mm);
        const whole = smoothBlock(block, volume, mm);
        for (const at of part.data.keys()) {
          const [i, j, k] = placeOf(part, at);
          const [x, y, z] = [i + part.offset[0], j + part.offset[1], k + part.offset[2]];
          const to = (z * volume.dimensions[1] + y) * volume.dimensions[0] + x;
          expect(values[at]).toBeCloseTo(whole[to] ?? NaN, 5);
        }
      }),
    );
  });

  it('keeps a full volume full, and gives a voxel of two segments to the first', () => {
    const full = blockOf([4, 4, 1], () => true);
    const volume = { dimensions: full.dimensions, spacingMm: [1, 1, 1] as const };
    const [first, second] = smoothJointly([full, full], volume, 2);
    expect(first?.data).toEqual(full.data);
    expect(second?.data.includes(1)).toBe(false);
  });

  it('takes a spike away and leaves the border between two segments where it was', () => {
    const left = drawBlock([
      ['####......', '####......', '#####.....', '####......', '####......'],
    ]);
    const right = drawBlock([
      ['....######', '....######', '.....#####', '....######', '....######'],
    ]);
    const volume = { dimensions: left.dimensions, spacingMm: [1, 1, 1] as const };
    const [a, b] = smoothJointly([left, right], volume, 1);
    const half = ['####......', '####......', '####......', '####......', '####......'];
    expect(a && showBlock(a)).toEqual([half]);
    expect(b && showBlock(b)).toEqual([
      half.map((row) => row.replaceAll(/./g, (c) => (c === '#' ? '.' : '#'))),
    ]);
  });
});
