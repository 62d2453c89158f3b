import { describe, expect, it } from 'vitest';

import { cross, dot } from '../../../src/domain/geometry.js';
import type { Vec3 } from '../../../src/domain/geometry.js';
import { countVoxels } from '../../../src/domain/segmentSlices.js';
import { blockOf } from '../../../src/engine/export/surface.js';
import { computeDisplaySurface, halveBlock } from '../../../src/engine/surfaces/displaySurface.js';
import type { DisplaySurface } from '../../../src/engine/surfaces/displaySurface.js';
import { drawSlices } from '../../contract/segmentations/segmentationCase.js';
import { axialGrid } from '../../fixtures/axialGrid.js';

const pointOf = ({ points }: DisplaySurface, point: number): Vec3 => [
  points[3 * point] ?? NaN,
  points[3 * point + 1] ?? NaN,
  points[3 * point + 2] ?? NaN,
];

/** mm³ enclosed; negative where the surface is inside out. */
function enclosedVolume(surface: DisplaySurface): number {
  let six = 0;
  for (let n = 0; n < surface.triangles.length; n += 3) {
    const [a = 0, b = 0, c = 0] = surface.triangles.subarray(n, n + 3);
    six += dot(pointOf(surface, a), cross(pointOf(surface, b), pointOf(surface, c)));
  }
  return six / 6;
}

/** Every edge is gone along once in each direction. */
function isClosed({ triangles }: DisplaySurface): boolean {
  const ways = new Map<string, number>();
  for (let n = 0; n < triangles.length; n += 3)
    for (let c = 0; c < 3; c++) {
      const [from = 0, to = 0] = [triangles[n + c], triangles[n + ((c + 1) % 3)]];
      const key = from < to ? `${from} ${to}` : `${to} ${from}`;
      ways.set(key, (ways.get(key) ?? 0) + (from < to ? 1 : -1));
    }
  return [...ways.values()].every((sum) => sum === 0);
}

const ball = (size: number, radius: number) => {
  const dimensions: Vec3 = [size, size, size];
  const middle = (size - 1) / 2;
  return drawSlices(
    dimensions,
    (i, j, k) => (i - middle) ** 2 + (j - middle) ** 2 + (k - middle) ** 2 < radius ** 2,
  );
};

describe('the surface of a segment to look at', () => {
  it('is the ball that its voxels stand for, without their steps', () => {
    const geometry = axialGrid([40, 40, 40], {
      spacingMm: [1, 1, 1],
      origin: [-19.5, -19.5, -19.5],
    });
    const slices = ball(40, 15);
    const surface = computeDisplaySurface(slices, geometry);
    expect(isClosed(surface)).toBe(true);
    expect(enclosedVolume(surface) / countVoxels(slices)).toBeCloseTo(1, 1.5);
    for (let n = 0; n < surface.points.length / 3; n++)
      expect(Math.abs(Math.hypot(...pointOf(surface, n)) - 15)).toBeLessThan(0.6);
  });

  it('is coarser where the segment is large, and as large', () => {
    const geometry = axialGrid([180, 180, 180], { spacingMm: [0.5, 0.5, 0.5] });
    const slices = ball(180, 88);
    const surface = computeDisplaySurface(slices, geometry);
    expect(surface.triangles.length / 3).toBeLessThan(100_000);
    expect(isClosed(surface)).toBe(true);
    expect(enclosedVolume(surface) / (countVoxels(slices) / 8)).toBeCloseTo(1, 1.5);
  });

  it('has nothing for a segment without voxels', () => {
    const surface = computeDisplaySurface(new Map(), axialGrid([4, 4, 4]));
    expect(surface.triangles).toHaveLength(0);
  });

  it('keeps a slice that was drawn alone when voxels are put together, and only the finer axes are halved', () => {
    const geometry = axialGrid([8, 8, 5], { spacingMm: [1, 1, 1] });
    const alone = drawSlices([8, 8, 5], (_i, _j, k) => k === 3);
    const halved = halveBlock(blockOf(alone, geometry), geometry.spacingMm);
    expect(halved.dimensions).toEqual([4, 4, 1]);
    expect(halved.data.every((value) => value === 1)).toBe(true);
    const thick = halveBlock(blockOf(alone, geometry), [1, 1, 3]);
    expect(thick.step).toEqual([2, 2, 1]);
  });
});
