import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  add,
  cross,
  normalise,
  scale,
  voxelToWorld,
  type Vec3,
} from '../../../src/domain/geometry.js';
import { buildVolumes } from '../../../src/engine/dicom/buildVolumes.js';
import { makeFrame } from './frames.js';

const axial = (z: number, n = z): ReturnType<typeof makeFrame> => makeFrame(n, [-10, -20, z]);
const numbers = (frames: readonly { info: { instanceNumber: number } }[]): readonly number[] =>
  frames.map((frame) => frame.info.instanceNumber);

describe('volumes from stored frames', () => {
  it('orders slices by position along the normal, whatever their numbers', () => {
    const [volume] = buildVolumes([axial(6, 1), axial(2, 3), axial(4, 2)]);
    expect(numbers(volume?.frames ?? [])).toEqual([3, 2, 1]);
    expect(volume?.geometry?.spacingMm).toEqual([0.5, 0.7, 2]);
    expect(volume?.geometry?.origin).toEqual([-10, -20, 2]);
    expect(volume?.warnings).toEqual([]);
  });

  it('rebuilds any oblique, anisotropic grid from its shuffled slices', () => {
    const direction = fc
      .tuple(
        fc.double({ min: -1, max: 1, noNaN: true }),
        fc.double({ min: -1, max: 1, noNaN: true }),
      )
      .map(([x, y]): Vec3 => normalise([x, y, 0.5]));
    fc.assert(
      fc.property(
        direction,
        fc.double({ min: 0.3, max: 3, noNaN: true }),
        fc.double({ min: 0.5, max: 8, noNaN: true }),
        fc.integer({ min: 2, max: 12 }),
        fc.infiniteStream(fc.nat()),
        (normal, pixel, slice, count, order) => {
          const column = normalise(cross(normal, [0.1, 0.9, 0.2]));
          const row = cross(normal, column);
          const origin: Vec3 = [12, -7, 33];
          const frames = Array.from({ length: count }, (_, k) =>
            makeFrame(k + 1, add(origin, scale(normal, k * slice)), {
              info: {
                columnDirection: column,
                rowDirection: row,
                spacingMm: { column: pixel, row: pixel * 1.5 },
              },
            }),
          );
          const shuffled = frames
            .map((frame) => ({ frame, at: order.next().value }))
            .sort((a, b) => a.at - b.at)
            .map(({ frame }) => frame);
          const [volume, more] = buildVolumes(shuffled);
          expect(more).toBeUndefined();
          expect(numbers(volume?.frames ?? [])).toEqual(numbers(frames));
          const geometry = volume?.geometry;
          if (geometry == null) throw new Error('no geometry');
          // The far corner in mm, from the grid and from the slices themselves.
          const corner = voxelToWorld(geometry, { i: 3, j: 2, k: count - 1 });
          const expected = [
            scale(normal, (count - 1) * slice),
            scale(column, 3 * pixel),
            scale(row, 2 * pixel * 1.5),
          ].reduce(add, origin);
          expect(corner.x).toBeCloseTo(expected[0], 6);
          expect(corner.y).toBeCloseTo(expected[1], 6);
          expect(corner.z).toBeCloseTo(expected[2], 6);
        },
      ),
    );
  });

  it('shears the grid and says so when the gantry was tilted', () => {
    const frames = [0, 1, 2].map((k) => makeFrame(k, [0, k * 0.5, k * 2]));
    const [volume] = buildVolumes(frames);
    const direction = volume?.geometry?.direction[2];
    expect(direction?.[1]).toBeCloseTo(0.5 / Math.hypot(0.5, 2));
    expect(volume?.warnings.join(' ')).toMatch(/sheared by 14\.0 degrees/);
  });

  it('tells of a gap, and of slices that are not equally spaced', () => {
    const [gap] = buildVolumes([0, 2, 4, 8, 10].map((z) => axial(z)));
    expect(gap?.warnings.join(' ')).toMatch(/1 gap between slices .*usual distance 2 mm/);
    const [uneven] = buildVolumes([0, 2, 4, 6.4, 8.4].map((z) => axial(z)));
    expect(uneven?.warnings.join(' ')).toMatch(/not equally spaced \(2 mm to 2\.4 mm\)/);
  });

  it('splits cardiac phases whose trigger times drift from slice to slice', () => {
    const frames = [0, 5, 10].flatMap((z, slice) =>
      [0, 1, 2].map((phase) =>
        makeFrame(slice * 3 + phase, [0, 0, z], {
          keys: { triggerMs: phase * 40 + slice * 3 },
        }),
      ),
    );
    const volumes = buildVolumes(frames.toReversed());
    expect(volumes.map((volume) => numbers(volume.frames))).toEqual([
      [0, 3, 6],
      [1, 4, 7],
      [2, 5, 8],
    ]);
    expect(volumes.map((volume) => volume.phaseLabel)).toEqual([
      'trigger 3 ms',
      'trigger 43 ms',
      'trigger 83 ms',
    ]);
  });

  it('matches echoes and b-values by value, so that a missing image leaves the others in place', () => {
    const frames = [0, 5, 10].flatMap((z, slice) =>
      [0, 1000].map((bValue, n) => makeFrame(slice * 2 + n, [0, 0, z], { keys: { bValue } })),
    );
    const volumes = buildVolumes(frames.filter((frame) => frame.info.instanceNumber !== 2));
    expect(volumes.map((volume) => volume.phaseLabel)).toEqual(['b 0', 'b 1000']);
    expect(volumes.map((volume) => numbers(volume.frames))).toEqual([
      [0, 4],
      [1, 3, 5],
    ]);
    expect(volumes[0]?.warnings).toEqual([]);
  });

  it('keeps the order of numbers where nothing else tells images at one position apart', () => {
    const frames = [3, 1, 2].map((n) => makeFrame(n, [0, 0, 0]));
    const volumes = buildVolumes(frames);
    expect(volumes.map((volume) => numbers(volume.frames))).toEqual([[1], [2], [3]]);
    expect(volumes.map((volume) => volume.phaseLabel)).toEqual(['phase 1', 'phase 2', 'phase 3']);
  });

  it('makes a volume of each orientation of a localiser and says that they are mixed', () => {
    const sagittal = { info: { columnDirection: [0, 1, 0], rowDirection: [0, 0, -1] } } as const;
    const frames = [
      axial(0, 1),
      axial(5, 2),
      makeFrame(3, [0, 0, 0], sagittal),
      makeFrame(4, [5, 0, 0], sagittal),
    ];
    const volumes = buildVolumes(frames);
    expect(volumes.map((volume) => volume.frames.length)).toEqual([2, 2]);
    expect(volumes.map((volume) => volume.phaseLabel)).toEqual(['axial 4 x 3', 'sagittal 4 x 3']);
    expect(volumes[0]?.warnings[0]).toMatch(/mixes 2 sizes or orientations/);
  });

  it('gives a pile of unlike pictures no geometry but keeps every image', () => {
    const frames = Array.from({ length: 20 }, (_, n) =>
      makeFrame(n, null, { info: { rows: 10 + n } }),
    );
    const volumes = buildVolumes(frames);
    expect(volumes).toHaveLength(1);
    expect(volumes[0]?.geometry).toBeNull();
    expect(volumes[0]?.frames).toHaveLength(20);
    expect(volumes[0]?.warnings).toHaveLength(1);
  });

  it('stacks frames without positions in order and claims no orientation', () => {
    const [volume] = buildVolumes([2, 0, 1].map((n) => makeFrame(n, null)));
    expect(numbers(volume?.frames ?? [])).toEqual([0, 1, 2]);
    expect(volume?.geometry?.orientationKnown).toBe(false);
    expect(volume?.geometry?.dimensions).toEqual([4, 3, 3]);
  });
});
