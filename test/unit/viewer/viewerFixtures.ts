import fc from 'fast-check';

import { add, cross, normalise, scale } from '../../../src/domain/geometry.js';
import type { ImageId } from '../../../src/domain/brand.js';
import type { Vec3, VolumeGeometry } from '../../../src/domain/geometry.js';
import type { ImageInfo, VolumeInfo } from '../../../src/domain/study.js';

export const finite = (min: number, max: number): fc.Arbitrary<number> =>
  fc.double({ min, max, noNaN: true });
const size = fc.integer({ min: 1, max: 6 });

/** Any rotation, handedness and spacing. */
export const geometries: fc.Arbitrary<VolumeGeometry> = fc
  .record({
    dimensions: fc.tuple(size, size, size),
    spacingMm: fc.tuple(finite(0.2, 9), finite(0.2, 9), finite(0.2, 9)),
    origin: fc.tuple(finite(-500, 500), finite(-500, 500), finite(-500, 500)),
    a: fc.tuple(finite(-1, 1), finite(-1, 1), finite(-1, 1)),
    b: fc.tuple(finite(-1, 1), finite(-1, 1), finite(-1, 1)),
    mirror: fc.constantFrom(-1, 1),
  })
  .filter(({ a, b }) => Math.hypot(...a) > 0.1 && Math.hypot(...cross(a, b)) > 0.05)
  .map(({ a, b, mirror, ...rest }) => {
    const i = normalise(a);
    const k = normalise(cross(a, b));
    const direction: [Vec3, Vec3, Vec3] = [i, cross(k, i), scale(k, mirror)];
    return { ...rest, direction, orientationKnown: true };
  });

export const axes = fc.constantFrom('acquired', 'axial', 'coronal', 'sagittal');

export const imageOf = (facts: Partial<ImageInfo>): ImageInfo => ({
  imageId: 'image' as ImageId, // made up
  sopInstanceUID: '1.2.3',
  sopClassUID: '1.2.4',
  frameNumber: 1,
  instanceNumber: 1,
  rows: 2,
  columns: 2,
  samplesPerPixel: 1,
  pixelType: 'int16',
  photometric: 'MONOCHROME2',
  rescaleSlope: 1,
  rescaleIntercept: 0,
  rescaleUnit: '',
  window: null,
  padding: null,
  position: null,
  columnDirection: null,
  rowDirection: null,
  spacingMm: null,
  ...facts,
});

/** A volume of the grid, image by image, as the engine describes it. */
export function volumeOf(geometry: VolumeGeometry, facts: Partial<ImageInfo> = {}): VolumeInfo {
  const [columns, rows, count] = geometry.dimensions;
  const { direction, origin, spacingMm } = geometry;
  const images = Array.from({ length: count }, (_, k) =>
    imageOf({
      imageId: `image-${k}` as ImageId, // made up
      columns,
      rows,
      position: add(origin, scale(direction[2], k * spacingMm[2])),
      columnDirection: direction[0],
      rowDirection: direction[1],
      spacingMm: { column: spacingMm[0], row: spacingMm[1] },
      ...facts,
    }),
  );
  return { phaseIndex: 0, phaseLabel: '', images, geometry, warnings: [] };
}
