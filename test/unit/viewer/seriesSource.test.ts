import { describe, expect, it } from 'vitest';

import { createFrameStore } from '../../../src/renderer/viewer/frameStore.js';
import { createSeriesSource } from '../../../src/renderer/viewer/seriesSource.js';
import { imageOf, volumeOf } from './viewerFixtures.js';
import type { ImageId, SeriesId, StudyId } from '../../../src/domain/brand.js';
import type { VolumeGeometry } from '../../../src/domain/geometry.js';
import type { Series, VolumeInfo } from '../../../src/domain/study.js';
import { axialGrid } from '../../fixtures/axialGrid.js';

const geometry: VolumeGeometry = axialGrid([3, 2, 4]);

function phase(phaseIndex: number, grid = geometry): VolumeInfo {
  const volume = volumeOf(grid);
  const images = volume.images.map((image, k) => ({
    ...image,
    imageId: `p${phaseIndex}-${k}` as ImageId, // made up
  }));
  return { ...volume, images, phaseIndex };
}

function seriesOf(volumes: readonly VolumeInfo[]): Series {
  return {
    seriesId: 's' as SeriesId, // made up
    studyId: 't' as StudyId, // made up
    seriesInstanceUID: '1.2',
    sourceKind: 'dicom',
    modality: 'MR',
    description: '',
    seriesNumber: null,
    bodyPart: '',
    imageCount: 0,
    phaseCount: volumes.length,
    rows: 2,
    columns: 3,
    volumes,
    frameOfReferenceUID: '',
  };
}

function open(volumes: readonly VolumeInfo[], budgetBytes = 1e6) {
  const asked: string[] = [];
  const store = createFrameStore({
    fetchFrame: async (imageId) => {
      asked.push(imageId);
      return Int16Array.from([10, 20, 30, 40, 50, 60]).buffer;
    },
    budgetBytes,
    concurrency: 1,
    onFrame: () => undefined,
  });
  return { source: createSeriesSource(seriesOf(volumes), store, budgetBytes), store, asked };
}

describe('an open series', () => {
  it('can be cut across where its images form one volume that fits into memory', () => {
    expect(open([phase(0)]).source.axesOf(0)).toEqual(['acquired', 'axial', 'coronal', 'sagittal']);
    expect(open([phase(0)], 40).source.whyOnePlane(0)).toMatch(/memory/);
    expect(open([{ ...phase(0), geometry: null }]).source.whyOnePlane(0)).toMatch(
      /no single volume/,
    );
    expect(open([{ ...phase(0), images: [imageOf({})] }]).source.axesOf(0)).toEqual(['acquired']);
  });

  it('has phases where its volumes share a grid, and none where they are directions of a localiser', () => {
    const turned: VolumeGeometry = {
      ...geometry,
      direction: [
        [0, 1, 0],
        [0, 0, -1],
        [-1, 0, 0],
      ],
    };
    expect(open([phase(0), phase(1)]).source.hasPhases).toBe(true);
    expect(open([phase(0), phase(1, turned)]).source.hasPhases).toBe(false);
    expect(open([phase(0)]).source.hasPhases).toBe(false);
  });

  it('reads the stored pixel under a pixel of any cut', async () => {
    const { source } = open([phase(0)]);
    const slice = source.place({ phaseIndex: 0, axis: 'coronal', sliceIndex: 1 });
    if (slice === null) throw new Error('no such slice');
    // Coronal: superior on top, so row 0 is the last image; row 1 of it.
    expect(source.readVoxel(slice, 2, 0)).toMatchObject({
      column: 2,
      row: 1,
      image: { imageId: 'p0-3' },
    });
    expect(source.readVoxel(slice, 3, 0)).toBeNull();
    expect(source.place({ phaseIndex: 0, axis: 'axial', sliceIndex: 4 })).toBeNull();
    await expect(
      source.loadSlice({ phaseIndex: 3, axis: 'acquired', sliceIndex: 0 }),
    ).rejects.toThrow('no such slice');
  });

  it('fetches what is near first, and then the same slice of the other phases', async () => {
    const { source, asked, store } = open([phase(0), phase(1)]);
    source.prefetchAround(0, 2);
    await expect.poll(() => asked.length).toBe(5);
    expect(asked).toEqual(['p0-2', 'p0-1', 'p0-3', 'p0-0', 'p1-2']);
    expect(source.progressOf(0)).toEqual({ loaded: 4, total: 4 });
    expect(source.progressOf(1)).toEqual({ loaded: 1, total: 4 });
    store.close();
    expect(source.progressOf(0).loaded).toBe(0);
  });
});
