import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { cross, dot, voxelToWorld } from '../../../src/domain/geometry.js';
import type { Vec3, VolumeGeometry } from '../../../src/domain/geometry.js';
import { encodeStl } from '../../../src/engine/export/stl.js';
import { computeSurface } from '../../../src/engine/export/surface.js';
import type { Surface } from '../../../src/engine/export/surface.js';
import { drawSlices } from '../../contract/segmentations/segmentationCase.js';
import { axialGrid } from '../../fixtures/axialGrid.js';

const corner = (surface: Surface, n: number): Vec3 => [
  surface[3 * n] ?? NaN,
  surface[3 * n + 1] ?? NaN,
  surface[3 * n + 2] ?? NaN,
];

/** mm³ enclosed, by the tetrahedra between each triangle and the origin: negative where it is inside out. */
function enclosedVolume(surface: Surface): number {
  let six = 0;
  for (let n = 0; n < surface.length / 3; n += 3)
    six += dot(corner(surface, n), cross(corner(surface, n + 1), corner(surface, n + 2)));
  return six / 6;
}

/** Edges that are not gone along once in each direction: there are none where a surface is closed. */
function findOpenEdges(surface: Surface): string[] {
  const key = (n: number): string =>
    corner(surface, n)
      .map((value) => value.toFixed(6))
      .join();
  const seen = new Map<string, number>();
  for (let n = 0; n < surface.length / 3; n += 3)
    for (const [a, b] of [
      [n, n + 1],
      [n + 1, n + 2],
      [n + 2, n],
    ] as const) {
      const [from, to] = [key(a), key(b)];
      if (from === to) continue;
      const [name, way] = from < to ? [`${from} ${to}`, 1] : [`${to} ${from}`, -1];
      seen.set(name, (seen.get(name) ?? 0) + way);
    }
  return [...seen].flatMap(([name, sum]) => (sum === 0 ? [] : [name]));
}

const grids: readonly (readonly [string, VolumeGeometry])[] = [
  ['axial', axialGrid([8, 7, 6], { spacingMm: [0.5, 0.7, 3], origin: [-20, 30, 5] })],
  [
    'sheared and mirrored',
    axialGrid([8, 7, 6], {
      spacingMm: [0.5, 0.7, 3],
      direction: [
        [-1, 0, 0],
        [0, 1, 0],
        [0, 0.6, 0.8],
      ],
    }),
  ],
];

describe.each(grids)('the surface of a segment on a grid: %s', (_, geometry) => {
  it('is closed whatever the segment, its outside outside', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2), { minLength: 336, maxLength: 336 }), (values) => {
        const [di, dj] = geometry.dimensions;
        const slices = drawSlices(
          geometry.dimensions,
          (i, j, k) => values[(k * dj + j) * di + i] === 0,
        );
        const surface = computeSurface(slices, geometry);
        expect(findOpenEdges(surface)).toEqual([]);
        if (slices.size > 0) expect(enclosedVolume(surface)).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  });

  it('encloses the voxels’ volume less their edges, around their centre', () => {
    const inside = (i: number, j: number, k: number): boolean => i > 0 && i < 7 && j > 1 && k < 5;
    const slices = drawSlices(geometry.dimensions, inside);
    const surface = computeSurface(slices, geometry);
    const [a, b, c] = geometry.direction;
    const voxelsMm3 = 6 * 5 * 5 * 0.5 * 0.7 * 3 * Math.abs(dot(a, cross(b, c)));
    // Marching cubes cuts an eighth of a voxel's cross-section off each edge of a block.
    expect(enclosedVolume(surface) / voxelsMm3).toBeGreaterThan(0.9);
    expect(enclosedVolume(surface) / voxelsMm3).toBeLessThan(1);
    const { x, y, z } = voxelToWorld(geometry, { i: 3.5, j: 4, k: 2 });
    const ends = ([0, 1, 2] as const).map((axis) => {
      const along = Array.from(
        { length: surface.length / 3 },
        (_one, n) => corner(surface, n)[axis],
      );
      return (Math.min(...along) + Math.max(...along)) / 2;
    });
    [x, y, z].forEach((value, axis) => {
      expect(ends[axis]).toBeCloseTo(value, 6);
    });
  });
});

describe('an STL', () => {
  it('says how many triangles it holds, which space they are in, and the side of each that is outside', () => {
    const geometry = axialGrid([3, 3, 3]);
    const surface = computeSurface(
      drawSlices([3, 3, 3], (i, j, k) => i === 1 && j === 1 && k === 1),
      geometry,
    );
    const bytes = Buffer.from(encodeStl(surface));
    expect(bytes.toString('latin1', 0, 80)).toMatch(/^SPACE=LPS; UNIT=mm; For research use only/);
    expect(bytes.readUInt32LE(80)).toBe(8); // an octahedron around one voxel
    expect(bytes).toHaveLength(84 + 8 * 50);
    for (let n = 0; n < 8; n++) {
      const at = (m: number): number => bytes.readFloatLE(84 + n * 50 + 4 * m);
      const normal: Vec3 = [at(0), at(1), at(2)];
      const outward: Vec3 = [at(3) - 1, at(4) - 1, at(5) - 1];
      expect(dot(normal, normal)).toBeCloseTo(1, 5);
      expect(dot(normal, outward)).toBeGreaterThan(0);
    }
  });
});
