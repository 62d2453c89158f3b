import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { getBlockSlice } from '../../../src/engine/tools/blockSlices.js';
import { interpolateSlices } from '../../../src/engine/tools/interpolateSlices.js';
import { anyBlock, anySpacing, blockOf, drawBlock, isSubset, showBlock } from './blocks.js';

describe('Interpolation between slices', () => {
  it('leaves drawn slices as they are and fills only between them, across any axis', () => {
    const anyAxis = fc.constantFrom<0 | 1 | 2>(0, 1, 2);
    fc.assert(
      fc.property(anyBlock(), anySpacing, anyAxis, (block, spacing, axis) => {
        const filled = interpolateSlices(block, spacing, axis);
        const drawn: number[] = [];
        for (let index = 0; index < block.dimensions[axis]; index++)
          if (getBlockSlice(block, axis, index).data.includes(1)) drawn.push(index);
        const [first = 0, last = -1] = [drawn[0], drawn.at(-1)];
        for (let index = 0; index < block.dimensions[axis]; index++) {
          const before = getBlockSlice(block, axis, index);
          const after = getBlockSlice(filled, axis, index);
          if (drawn.includes(index)) expect(after).toEqual(before);
          else if (index < first || index > last) expect(after.data.includes(1)).toBe(false);
        }
      }),
    );
  });

  it('draws between two slices that overlap what both have, and nothing that neither has', () => {
    const anyPair = fc
      .tuple(anyBlock({ maxSide: 7 }), fc.integer({ min: 2, max: 6 }))
      .map(([block, gap]) => {
        const [di, dj] = block.dimensions;
        const size = di * dj;
        const a = block.data.subarray(0, size);
        const b = block.data.subarray(block.data.length - size);
        const data = new Uint8Array(size * (gap + 1));
        data.set(a);
        data.set(b, gap * size);
        return {
          a,
          b,
          gap,
          size,
          block: { ...block, dimensions: [di, dj, gap + 1] as const, data },
        };
      });
    fc.assert(
      fc.property(anyPair, anySpacing, ({ a, b, gap, size, block }, spacing) => {
        const both = a.map((value, at) => value & (b[at] ?? 0));
        const either = a.map((value, at) => value | (b[at] ?? 0));
        const count = (data: Uint8Array) => data.filter((value) => value === 1).length;
        fc.pre(count(both) >= 0.1 * count(either) && a.includes(1) && b.includes(1));
        const filled = interpolateSlices(block, spacing, 2);
        for (let k = 1; k < gap; k++) {
          const between = filled.data.subarray(k * size, (k + 1) * size);
          expect(isSubset(both, between)).toBe(true);
          expect(isSubset(between, either)).toBe(true);
        }
      }),
    );
  });

  it('follows a shape that moves farther than its own size', () => {
    const moving = drawBlock([
      ['.........', '.###.....', '.###.....', '.........'],
      ['.........', '.........', '.........', '.........'],
      ['.........', '.....###.', '.....###.', '.........'],
    ]);
    expect(showBlock(interpolateSlices(moving, [1, 1, 1], 2))[1]).toEqual([
      '.........',
      '...###...',
      '...###...',
      '.........',
    ]);
  });

  it('lets a disc grow by equal steps, also where voxels are not square', () => {
    const spacing = [0.5, 1, 3] as const;
    const disc = (radiusMm: number) => (at: number) =>
      Math.hypot(((at % 81) - 40) * 0.5, Math.floor(at / 81) - 20) <= radiusMm;
    const block = blockOf([81, 41, 5], (at) => {
      const [k, inSlice] = [Math.floor(at / (81 * 41)), at % (81 * 41)];
      return (k === 0 && disc(6)(inSlice)) || (k === 4 && disc(16)(inSlice));
    });
    const filled = interpolateSlices(block, spacing, 2);
    for (const [k, radiusMm] of [
      [1, 8.5],
      [2, 11],
      [3, 13.5],
    ] as const) {
      const areaMm2 = getBlockSlice(filled, 2, k).data.filter((value) => value === 1).length * 0.5;
      expect(Math.sqrt(areaMm2 / Math.PI)).toBeGreaterThan(radiusMm - 0.5);
      expect(Math.sqrt(areaMm2 / Math.PI)).toBeLessThan(radiusMm + 0.5);
    }
  });
});
