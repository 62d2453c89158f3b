import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { computeDice3d, computeHausdorff95Mm } from '../../../src/engine/eval/metrics3d.js';
import type { Vec3 } from '../../../src/domain/geometry.js';

type Grid = Parameters<typeof computeDice3d>[0];

const makeGrid = (dimensions: Vec3, voxels: readonly Vec3[]): Grid => {
  const [di, dj, dk] = dimensions;
  const data = new Uint8Array(di * dj * dk);
  for (const [i, j, k] of voxels) data[(k * dj + j) * di + i] = 1;
  return { dimensions, data };
};

const pairOfGrids = fc
  .tuple(
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 1, max: 4 }),
  )
  .chain((dimensions) => {
    const size = dimensions[0] * dimensions[1] * dimensions[2];
    const data = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: size, maxLength: size });
    const grid = data.map((values): Grid => ({ dimensions, data: Uint8Array.from(values) }));
    return fc.tuple(grid, grid);
  });
const spacing = fc.tuple(
  fc.constantFrom(0.5, 0.7, 1, 3),
  fc.constantFrom(0.5, 0.7, 1),
  fc.constantFrom(1, 2.5, 5),
);

const voxelsOf = ({ dimensions: [di, dj], data }: Grid): Vec3[] =>
  [...data].flatMap((value, at) =>
    value === 1 ? [[at % di, Math.floor(at / di) % dj, Math.floor(at / (di * dj))] as const] : [],
  );

/** Every surface voxel against every other one, straight from the definition. */
function bruteForce(a: Grid, b: Grid, mm: Vec3): number | null {
  const surfaceOf = (grid: Grid): Vec3[] => {
    const all = voxelsOf(grid);
    const names = new Set(all.map(String));
    const steps = [-1, 1].flatMap((step) => [
      [step, 0, 0] as const,
      [0, step, 0] as const,
      [0, 0, step] as const,
    ]);
    return all.filter(([i, j, k]) =>
      steps.some(([x, y, z]) => !names.has(String([i + x, j + y, k + z]))),
    );
  };
  const [from, to] = [surfaceOf(a), surfaceOf(b)];
  if (from.length === 0 && to.length === 0) return 0;
  if (from.length === 0 || to.length === 0) return null;
  const oneWay = (some: Vec3[], others: Vec3[]): number => {
    const nearest = some
      .map((p) =>
        Math.min(
          ...others.map((q) => Math.hypot(...p.map((at, n) => (at - (q[n] ?? 0)) * (mm[n] ?? 0)))),
        ),
      )
      .sort((x, y) => x - y);
    const place = 0.95 * (nearest.length - 1);
    const low = nearest[Math.floor(place)] ?? NaN;
    return low + (place % 1) * ((nearest[Math.ceil(place)] ?? NaN) - low);
  };
  return Math.max(oneWay(from, to), oneWay(to, from));
}

describe('computeHausdorff95Mm', () => {
  it('is what comparing every surface voxel with every other gives, on any spacing', () => {
    fc.assert(
      fc.property(pairOfGrids, spacing, ([a, b], mm) => {
        const expected = bruteForce(a, b, mm);
        const found = computeHausdorff95Mm(a, b, mm);
        if (expected === null) expect(found).toBeNull();
        else expect(found).toBeCloseTo(expected, 4);
      }),
    );
  });

  it('does not depend on which of both is named first, and is 0 between equals', () => {
    fc.assert(
      fc.property(pairOfGrids, spacing, ([a, b], mm) => {
        expect(computeHausdorff95Mm(a, b, mm)).toBe(computeHausdorff95Mm(b, a, mm));
        expect(computeHausdorff95Mm(a, a, mm)).toBe(0);
      }),
    );
  });

  it('measures in mm along the axis that was moved', () => {
    const cube = [0, 1].flatMap((i) =>
      [0, 1].flatMap((j) => [0, 1].map((k) => [i, j, k] as const)),
    );
    const a = makeGrid([4, 4, 4], cube);
    const b = makeGrid(
      [4, 4, 4],
      cube.map(([i, j, k]) => [i, j, k + 2] as const),
    );
    expect(computeHausdorff95Mm(a, b, [0.5, 0.5, 3])).toBeCloseTo(6, 5);
  });

  it('has no value where one of both is empty, and is 0 where both are', () => {
    const some = makeGrid([3, 3, 3], [[1, 1, 1]]);
    const none = makeGrid([3, 3, 3], []);
    expect(computeHausdorff95Mm(some, none, [1, 1, 1])).toBeNull();
    expect(computeHausdorff95Mm(none, none, [1, 1, 1])).toBe(0);
  });
});

describe('computeDice3d', () => {
  it('is twice what is shared over what is in each', () => {
    fc.assert(
      fc.property(pairOfGrids, ([a, b]) => {
        const inB = new Set(voxelsOf(b).map(String));
        const both = voxelsOf(a).filter((voxel) => inB.has(String(voxel))).length;
        const sum = voxelsOf(a).length + inB.size;
        expect(computeDice3d(a, b)).toBeCloseTo(sum === 0 ? 1 : (2 * both) / sum, 10);
      }),
    );
  });

  it('refuses grids of different sizes', () => {
    expect(() => computeDice3d(makeGrid([2, 2, 2], []), makeGrid([2, 2, 3], []))).toThrow('size');
  });
});
