import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { cutVolume, geometryOfImage } from '../../../src/domain/cutVolume.js';
import type { CutVolume } from '../../../src/domain/cutVolume.js';
import { dot, normalise, voxelToWorld } from '../../../src/domain/geometry.js';
import { computeSlicePlane, imageToVoxel, voxelToImage } from '../../../src/domain/plane.js';
import {
  canvasMapOf,
  canvasToPixel,
  composeMaps,
  pixelToCanvas,
} from '../../../src/renderer/viewer/canvasMap.js';
import {
  mapPixels,
  normalOf,
  pixelToDisplayWorld,
  placeSlice,
} from '../../../src/renderer/viewer/slicePlacement.js';
import { axes, finite, geometries, imageOf, volumeOf } from './viewerFixtures.js';
import type { SliceAxis } from '../../../src/domain/plane.js';
import type { VolumeInfo } from '../../../src/domain/study.js';

function cut(volume: VolumeInfo, axis: SliceAxis, sliceIndex: number): CutVolume {
  const made = cutVolume(volume, axis, sliceIndex);
  if (made === null) throw new Error('the slice does not exist');
  return made;
}

describe('where a slice lies', () => {
  it('is drawn at the patient position of its voxels, on any grid and axis', () => {
    fc.assert(
      fc.property(
        geometries,
        axes,
        finite(0, 1),
        finite(-3, 9),
        finite(-3, 9),
        (g, axis, at, column, row) => {
          const volume = volumeOf(g);
          const plane = computeSlicePlane(g, axis);
          const sliceIndex = Math.floor(at * (plane.sliceCount - 1));
          const placement = placeSlice(volume, cut(volume, axis, sliceIndex), sliceIndex, 'dicom');
          const [x, y, z] = pixelToDisplayWorld(placement, { column, row });
          const wanted = voxelToWorld(g, imageToVoxel(plane, sliceIndex, { column, row }));
          expect(x).toBeCloseTo(wanted.x, 6);
          expect(y).toBeCloseTo(wanted.y, 6);
          expect(z).toBeCloseTo(wanted.z, 6);
          expect(placement.spacing[0]).toBeCloseTo(g.spacingMm[plane.columnAxis], 6);
          expect(placement.spacing[1]).toBeCloseTo(g.spacingMm[plane.rowAxis], 6);
          expect(Math.abs(dot(normalOf(placement), g.direction[plane.normalAxis]))).toBeCloseTo(
            1,
            6,
          );
          expect(placement.spacingKnown).toBe(true);
        },
      ),
    );
  });

  it('claims no millimetres across a sheared grid, but does within its slices', () => {
    const tilted = normalise([0, 0.3, 1]);
    const geometry = {
      dimensions: [4, 4, 4],
      spacingMm: [1, 1, 3],
      origin: [0, 0, 0],
      direction: [[1, 0, 0], [0, 1, 0], tilted],
      orientationKnown: true,
    } as const;
    const volume = volumeOf(geometry);
    const known = (axis: SliceAxis): boolean =>
      placeSlice(volume, cut(volume, axis, 1), 1, 'dicom').spacingKnown;
    expect(known('axial')).toBe(true);
    expect(known('coronal')).toBe(true); // i and k still stand square
    expect(known('sagittal')).toBe(false);
    const sagittal = placeSlice(volume, cut(volume, 'sagittal', 1), 1, 'dicom');
    expect(dot(sagittal.columnDirection, sagittal.rowDirection)).toBeCloseTo(0, 9);
  });

  it('claims no millimetres for a plain image', () => {
    const volume = { ...volumeOf(geometryOfImage(imageOf({}))), images: [imageOf({})] };
    const placement = placeSlice(volume, cut(volume, 'acquired', 0), 0, 'image');
    expect(placement).toMatchObject({ spacing: [1, 1], spacingKnown: false });
  });

  it('shows images that form no grid one by one, each in canonical orientation', () => {
    const upsideDown = imageOf({
      rows: 3,
      columns: 5,
      columnDirection: [-1, 0, 0],
      rowDirection: [0, -1, 0],
      position: [0, 0, 7],
    });
    const volume = {
      ...volumeOf(geometryOfImage(imageOf({}))),
      images: [imageOf({}), upsideDown],
      geometry: null,
    };
    const second = cut(volume, 'coronal', 1);
    expect(second.sliceCount).toBe(2);
    expect(second.plane).toMatchObject({ width: 5, height: 3, flipColumns: true, flipRows: true });
    expect(cutVolume(volume, 'acquired', 2)).toBeNull();
    expect(placeSlice(volume, second, 1, 'dicom').columnDirection).toEqual([1, 0, 0]);
  });
});

describe('pixels on the screen', () => {
  it('come back through the pane, however it is zoomed, panned or turned', () => {
    fc.assert(
      fc.property(
        finite(-900, 900),
        finite(-900, 900),
        finite(0.05, 40),
        finite(0.05, 40),
        finite(0, 6.3),
        finite(-50, 50),
        finite(-50, 50),
        (x, y, sx, sy, angle, column, row) => {
          const at = (c: number, r: number) => ({
            x: x + sx * c * Math.cos(angle) - sy * r * Math.sin(angle),
            y: y + sx * c * Math.sin(angle) + sy * r * Math.cos(angle),
          });
          const map = canvasMapOf(at(0, 0), at(20, 0), at(0, 30), 20, 30);
          expect(pixelToCanvas(map, { column, row }).x).toBeCloseTo(at(column, row).x, 6);
          const back = canvasToPixel(map, pixelToCanvas(map, { column, row }));
          expect(back?.column).toBeCloseTo(column, 4);
          expect(back?.row).toBeCloseTo(row, 4);
        },
      ),
    );
  });

  it('are nowhere in an empty pane', () => {
    const zero = { x: 0, y: 0 };
    expect(canvasToPixel(canvasMapOf(zero, zero, zero, 1, 1), zero)).toBeNull();
  });

  it('of a session in one cut are found in another cut of the same plane', () => {
    fc.assert(
      fc.property(
        geometries,
        axes,
        axes,
        finite(-2, 7),
        finite(-2, 7),
        (g, one, other, column, row) => {
          const from = computeSlicePlane(g, one);
          const to = computeSlicePlane(g, other);
          const pixels = mapPixels(from, to);
          if (from.normalAxis !== to.normalAxis) {
            expect(pixels).toBeNull();
            return;
          }
          if (pixels === null) throw new Error('same normal, no map');
          const wanted = voxelToImage(to, imageToVoxel(from, 2, { column, row })).point;
          const onScreen = { a: 2, b: 0.5, c: -0.25, d: 3, e: 11, f: 7 };
          const found = pixelToCanvas(composeMaps(onScreen, pixels), { column, row });
          expect(found.x).toBeCloseTo(pixelToCanvas(onScreen, wanted).x, 6);
          expect(found.y).toBeCloseTo(pixelToCanvas(onScreen, wanted).y, 6);
        },
      ),
    );
  });
});
