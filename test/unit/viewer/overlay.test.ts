import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { computeSlicePlane, imageToVoxel } from '../../../src/domain/plane.js';
import { cutMaskEdgeOn } from '../../../src/renderer/viewer/edgeOn.js';
import { traceMaskOutline } from '../../../src/renderer/viewer/maskOutline.js';
import { axes, finite, geometries } from './viewerFixtures.js';
import type { Mask } from '../../../src/domain/mask.js';

const maskOf = (...rows: string[]): Mask => ({
  width: rows[0]?.length ?? 0,
  height: rows.length,
  data: Uint8Array.from(rows.join(''), (cell) => (cell === '#' ? 1 : 0)),
});
const lengthOf = (mask: Mask): number =>
  traceMaskOutline(mask).reduce((sum, [x1, y1, x2, y2]) => sum + Math.hypot(x2 - x1, y2 - y1), 0);

describe("a mask's outline", () => {
  it('runs along the edges of its pixels, also at the border of the image', () => {
    expect(traceMaskOutline(maskOf('##.', '##.')).toSorted()).toEqual(
      [
        [-0.5, -0.5, 1.5, -0.5],
        [-0.5, 1.5, 1.5, 1.5],
        [-0.5, -0.5, -0.5, 1.5],
        [1.5, -0.5, 1.5, 1.5],
      ].toSorted(),
    );
  });

  it('goes round a hole too', () => {
    expect(lengthOf(maskOf('###', '#.#', '###'))).toBe(12 + 4);
    expect(traceMaskOutline(maskOf('...', '...'))).toEqual([]);
  });

  it('is as long as there are pairs of neighbours of which one is inside', () => {
    const cells = fc.array(fc.constantFrom(0, 1), { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(cells, (data) => {
        const mask = { width: 5, height: 4, data: Uint8Array.from(data) };
        const at = (c: number, r: number): number =>
          c < 0 || r < 0 || c > 4 || r > 3 ? 0 : (data[r * 5 + c] ?? 0);
        let pairs = 0;
        for (let r = -1; r < 4; r++)
          for (let c = -1; c < 5; c++)
            pairs += Math.abs(at(c, r) - at(c + 1, r)) + Math.abs(at(c, r) - at(c, r + 1));
        expect(lengthOf(mask)).toBe(pairs);
      }),
    );
  });
});

describe('a mask seen edge on', () => {
  it('is drawn exactly over its voxels, on any grid', () => {
    const bits = fc.array(fc.boolean(), { minLength: 36, maxLength: 36 });
    fc.assert(
      fc.property(
        geometries,
        axes,
        axes,
        finite(0, 1),
        finite(0, 1),
        bits,
        (g, a, b, at, across, cells) => {
          const from = computeSlicePlane(g, a);
          const to = computeSlicePlane(g, b);
          const maskSlice = Math.floor(at * (from.sliceCount - 1));
          const shownSlice = Math.floor(across * (to.sliceCount - 1));
          const mask = {
            width: from.width,
            height: from.height,
            data: Uint8Array.from({ length: from.width * from.height }, (_, p) =>
              cells[p] ? 1 : 0,
            ),
          };
          const wanted: string[] = [];
          if (from.normalAxis !== to.normalAxis)
            for (let row = 0; row < to.height; row++)
              for (let column = 0; column < to.width; column++) {
                const { i, j, k } = imageToVoxel(to, shownSlice, { column, row });
                for (let p = 0; p < mask.data.length; p++) {
                  const point = { column: p % from.width, row: Math.floor(p / from.width) };
                  const voxel = imageToVoxel(from, maskSlice, point);
                  if (mask.data[p] === 1 && voxel.i === i && voxel.j === j && voxel.k === k)
                    wanted.push(`${column},${row}`);
                }
              }
          const drawn = cutMaskEdgeOn(mask, from, maskSlice, to, shownSlice).flatMap((run) => {
            const columns = Math.abs(run.to.column - run.from.column);
            const rows = Math.abs(run.to.row - run.from.row);
            const [dc, dr] = [
              Math.sign(run.to.column - run.from.column),
              Math.sign(run.to.row - run.from.row),
            ];
            return Array.from({ length: columns + rows }, (_, n) => {
              const c = run.from.column + dc * (n + 0.5);
              const r = run.from.row + dr * (n + 0.5);
              return `${c},${r}`;
            });
          });
          expect(drawn.toSorted()).toEqual(wanted.toSorted());
        },
      ),
    );
  });
});
