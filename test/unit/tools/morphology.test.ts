import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { VoxelBlock } from '../../../src/domain/segmentSlices.js';
import type { Vec3 } from '../../../src/domain/geometry.js';
import {
  countVoxels,
  packBlock,
  unpackBlock,
  unpackBox,
} from '../../../src/domain/segmentSlices.js';
import {
  close,
  grow,
  growthMargin,
  hollow,
  open,
  shrink,
} from '../../../src/engine/tools/morphology.js';
import {
  anyBlock,
  anySpacing,
  blockOf,
  drawBlock,
  isSubset,
  placeOf,
  showBlock,
  squaredMm,
} from './blocks.js';

const anyRadius = fc.double({ min: 0.2, max: 9, noNaN: true });
const ball = (mm: number): Vec3 => [mm, mm, mm];
const pairOfBlocks = anyBlock().chain((a) =>
  fc
    .infiniteStream(fc.boolean())
    .map((draws) => [a, blockOf(a.dimensions, () => draws.next().value === true)] as const),
);

describe('Growing', () => {
  it('sets what lies within the radius in mm, as trying all pairs of voxels does', () => {
    fc.assert(
      fc.property(anyBlock(), anySpacing, anyRadius, (block, spacing, mm) => {
        const grown = grow(block, spacing, ball(mm));
        const set = [...block.data.keys()].filter((at) => block.data[at] === 1);
        for (const at of block.data.keys()) {
          const distances = set.map((other) =>
            squaredMm(placeOf(block, at), placeOf(block, other), spacing),
          );
          const ratio = Math.min(...distances) / mm ** 2;
          if (Math.abs(ratio - 1) > 1e-4) expect(grown.data[at]).toBe(ratio < 1 ? 1 : 0);
        }
      }),
    );
  });

  it('reaches a voxel at the very radius, whatever rounding says', () => {
    const one = blockOf([9, 1, 1], (at) => at === 4);
    expect([...grow(one, [0.7, 0.7, 5], ball(2.1)).data]).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 0]);
    expect([...grow(one, [0.1, 1, 1], ball(0.3)).data]).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 0]);
  });

  it('grows by another margin along each axis', () => {
    const one = blockOf([7, 5, 3], (at) => at === 3 + 7 * (2 + 5));
    const grown = grow(one, [1, 1, 1], [2, 1, 0]);
    expect(countVoxels(packBlock(grown, [7, 5, 3]))).toBe(7);
    expect(placesOf(grown.data, 7, 5)).toEqual([
      '1,2,1',
      '2,2,1',
      '3,1,1',
      '3,2,1',
      '3,3,1',
      '4,2,1',
      '5,2,1',
    ]);
  });
});

const placesOf = (data: Uint8Array, di: number, dj: number): string[] =>
  [...data.keys()]
    .filter((at) => data[at] === 1)
    .map((at) => `${at % di},${Math.floor(at / di) % dj},${Math.floor(at / di / dj)}`)
    .toSorted();

describe('Shrinking', () => {
  it('is the other half of growing: a grown A fits into B where A fits into a shrunk B', () => {
    fc.assert(
      fc.property(pairOfBlocks, anySpacing, anyRadius, ([a, b], spacing, mm) => {
        const growsInto = isSubset(grow(a, spacing, ball(mm)).data, b.data);
        expect(isSubset(a.data, shrink(b, spacing, ball(mm)).data)).toBe(growsInto);
      }),
    );
  });

  it('leaves a segment alone where the volume cuts it off', () => {
    const half = blockOf([6, 1, 1], (at) => at < 3);
    expect([...shrink(half, [1, 1, 1], ball(1)).data]).toEqual([1, 1, 0, 0, 0, 0]);
  });
});

describe('Opening', () => {
  it('takes away only, and a second time changes nothing', () => {
    fc.assert(
      fc.property(anyBlock(), anySpacing, anyRadius, (block, spacing, mm) => {
        const opened = open(block, spacing, ball(mm));
        expect(isSubset(opened.data, block.data)).toBe(true);
        expect(open(opened, spacing, ball(mm)).data).toEqual(opened.data);
      }),
    );
  });
});

describe('Closing', () => {
  const anyVolume = fc.tuple(anyBlock(), anySpacing, anyRadius);

  it('adds only', () => {
    fc.assert(
      fc.property(anyVolume, ([block, spacingMm, mm]) => {
        const closed = close(block, { dimensions: block.dimensions, spacingMm }, ball(mm));
        expect(isSubset(block.data, closed.data)).toBe(true);
      }),
    );
  });

  it('changes nothing a second time, where the edges of the volume are not touched', () => {
    fc.assert(
      fc.property(anyVolume, ([drawn, spacingMm, mm]) => {
        const [di, dj, dk] = drawn.dimensions;
        const volume = { dimensions: [di + 2, dj + 2, dk + 2] as const, spacingMm };
        const block = { ...drawn, offset: [1, 1, 1] as const };
        const closed = close(block, volume, ball(mm));
        expect(close(closed, volume, ball(mm))).toEqual(closed);
      }),
    );
  });

  it('fills gaps up to twice the radius, and none between the segment and an edge of the volume', () => {
    const volume = { dimensions: [9, 1, 1] as const, spacingMm: [1, 1, 1] as const };
    const closed = (picture: string) =>
      showBlock(close(drawBlock([[picture]]), volume, ball(1))).flat()[0];
    expect(closed('.#..#...#')).toBe('.####...#');
  });
});

describe('A block with the margin that is asked for', () => {
  it('gives what the whole volume gives', () => {
    fc.assert(
      fc.property(anyBlock({ maxSide: 9 }), anySpacing, anyRadius, (block, spacing, mm) => {
        const volume = block.dimensions;
        const slices = packBlock(block, volume);
        const inWhole = (operation: typeof grow) => operation(block, spacing, ball(mm)).data;
        const inPart = (operation: typeof grow, margin: number | Vec3) => {
          const part = operation(unpackBlock(slices, volume, margin), spacing, ball(mm));
          return unpackBox(packBlock(part, volume), [0, 0, 0], volume).data;
        };
        fc.pre(slices.size > 0);
        const wide = growthMargin(spacing, ball(mm));
        expect(inPart(grow, wide)).toEqual(inWhole(grow));
        expect(inPart(shrink, 1)).toEqual(inWhole(shrink));
        expect(inPart(open, 1)).toEqual(inWhole(open));
        const closeIt = (part: VoxelBlock) =>
          close(part, { dimensions: volume, spacingMm: spacing }, ball(mm));
        expect(inPart(closeIt, 0)).toEqual(inWhole(closeIt));
        expect(inPart(closeIt, wide)).toEqual(inWhole(closeIt));
      }),
    );
  });
});

describe('A hollow segment', () => {
  it('is its outermost layer, a layer around it, or half on each side', () => {
    const line = blockOf([12, 1, 1], (at) => at >= 3 && at < 9);
    const shell = (side: 'inside' | 'outside' | 'both', mm: number) =>
      [...hollow(line, [1, 1, 1], mm, side).data].join('');
    expect(shell('inside', 2)).toBe('000110011000');
    expect(shell('outside', 2)).toBe('011000000110');
    expect(shell('both', 2)).toBe('001100001100');
  });
});
