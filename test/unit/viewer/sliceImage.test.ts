import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { computeSlicePlane } from '../../../src/domain/plane.js';
import { extractSlice } from '../../../src/domain/slice.js';
import { cutSliceImage } from '../../../src/renderer/viewer/sliceImage.js';
import { readFramePixels, readPixel } from '../../../src/renderer/viewer/framePixels.js';
import { axes, finite, geometries, imageOf, volumeOf } from './viewerFixtures.js';
import type { ImageInfo, PixelArray, Volume } from '../../../src/domain/study.js';
import { axialGrid } from '../../fixtures/axialGrid.js';

const square = computeSlicePlane(axialGrid([2, 2, 1]), 'acquired');
const cutOne = (image: ImageInfo, frame: PixelArray | undefined) =>
  cutSliceImage({ images: [image], frame: () => frame }, square, 0);

describe('a slice for the screen', () => {
  it('holds exactly the values that the engine cuts for the models', () => {
    fc.assert(
      fc.property(geometries, axes, finite(0, 1), (geometry, axis, at) => {
        const [columns, rows, count] = geometry.dimensions;
        // Each image with a rescale of its own, as PET has.
        const images = volumeOf(geometry).images.map((image, k) => ({
          ...image,
          rescaleSlope: 0.5 + k,
          rescaleIntercept: -k,
        }));
        const frames = images.map((_, k) =>
          Int16Array.from(
            { length: columns * rows },
            (_unused, p) => ((k * 57 + p * 13) % 201) - 100,
          ),
        );
        const data = Float32Array.from({ length: columns * rows * count }, (_, p) => {
          const k = Math.floor(p / (columns * rows));
          return (frames[k]?.[p % (columns * rows)] ?? NaN) * (0.5 + k) - k;
        });
        const volume: Volume = {
          geometry,
          samplesPerPixel: 1,
          data,
          photometric: 'MONOCHROME2',
          window: null,
          paddingRange: null,
        };
        const plane = computeSlicePlane(geometry, axis);
        const sliceIndex = Math.floor(at * (plane.sliceCount - 1));
        const shown = cutSliceImage({ images, frame: (k) => frames[k] }, plane, sliceIndex);
        const seen = extractSlice(volume, plane, sliceIndex);
        expect([shown.width, shown.height]).toEqual([seen.width, seen.height]);
        expect(Array.from(shown.data)).toEqual(Array.from(seen.values));
        expect(shown.minimum).toBe(Math.min(...shown.data));
        expect(shown.maximum).toBe(Math.max(...shown.data));
        expect(shown.partial).toBe(false);
      }),
    );
  });

  it('draws padding darkest, without letting it into the range', () => {
    const padding = { first: -2000, last: -1990 };
    const frame = Int16Array.from([-2000, 40, -1995, 90]);
    expect(cutOne(imageOf({ padding }), frame)).toMatchObject({
      data: Float32Array.from([40, 40, 40, 90]),
      minimum: 40,
      maximum: 90,
    });
    const white = cutOne(imageOf({ padding, photometric: 'MONOCHROME1' }), frame);
    expect(Array.from(white.data)).toEqual([90, 40, 90, 90]); // low is bright there
  });

  it('keeps plain 8-bit images 8-bit and colour in its three channels', () => {
    expect(cutOne(imageOf({ pixelType: 'uint8' }), Uint8Array.from([1, 2, 3, 4])).data).toEqual(
      Uint8Array.from([1, 2, 3, 4]),
    );
    const colour = Uint8Array.from({ length: 12 }, (_, p) => p * 20);
    const shown = cutOne(
      imageOf({ pixelType: 'uint8', samplesPerPixel: 3, photometric: 'RGB' }),
      colour,
    );
    expect(shown.data).toEqual(colour);
  });

  it('says which rows are still to come, and fills them when they are there', () => {
    const geometry = axialGrid([2, 2, 3]);
    const { images } = volumeOf(geometry);
    const plane = computeSlicePlane(geometry, 'coronal'); // superior on top: k = 2 is row 0
    const frame = Int16Array.from([5, 6, 7, 8]);
    const half = cutSliceImage({ images, frame: (k) => (k === 2 ? frame : undefined) }, plane, 1);
    expect(half.partial).toBe(true);
    expect(Array.from(half.data)).toEqual([7, 8, 7, 7, 7, 7]);
    expect(cutSliceImage({ images, frame: () => frame }, plane, 1).partial).toBe(false);
  });
});

describe('the bytes of a frame', () => {
  it('are read as the header says, and refused when their number differs', () => {
    const image = imageOf({ pixelType: 'int16', rescaleSlope: 2, rescaleIntercept: -1 });
    const pixels = readFramePixels(image, Int16Array.from([1, 2, -300, 4]).buffer);
    if (pixels === null) throw new Error('refused');
    expect(readPixel(image, pixels, 0, 1)).toEqual([-601]);
    expect(readFramePixels(image, new ArrayBuffer(7))).toBeNull();
  });
});
