import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect } from 'vitest';

import type { Series, Volume } from '../../../src/domain/study.js';
import { createLibrary, openPaths, type Library } from '../../../src/engine/dicom/index.js';
import {
  ctSlice,
  dicomElement,
  encodePart10,
  type CtSliceOptions,
  type DicomElement,
} from '../../fixtures/makeSeries.js';

/** A folder `in` to open files from, and a library, for each test of the calling block. */
export function openCase() {
  let dir = '';
  let library: Library;
  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'ibis-open-'));
    library = createLibrary({ cacheDir: path.join(dir, 'cache') });
    mkdirSync(path.join(dir, 'in'));
  });
  afterEach(async () => {
    await library.close();
    rmSync(dir, { recursive: true, force: true });
  });

  return {
    get dir() {
      return dir;
    },
    get library() {
      return library;
    },
    /** Writes a file below `in`; returns its path. */
    put: (name: string, bytes: Uint8Array): string => {
      const file = path.join(dir, 'in', name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, bytes);
      return file;
    },
    /** Opens what must be one study of one series, and nothing refused. */
    openOne: async (target = path.join(dir, 'in')): Promise<Series> => {
      const { studies, refused } = await openPaths([target], { library });
      expect(refused).toEqual([]);
      expect(studies).toHaveLength(1);
      const [summary] = studies[0]?.series ?? [];
      const series = summary === undefined ? null : library.getSeries(summary.seriesId);
      if (series === null) throw new Error('no series');
      return series;
    },
    load: async (series: Series, phaseIndex = 0): Promise<Volume> => {
      const loaded = await library.loadVolume(series.seriesId, phaseIndex);
      if (!loaded.ok) throw new Error(loaded.error.message);
      return loaded.value;
    },
    /** Bytes of one image as the window gets them. */
    shownBytes: async (series: Series, k = 0): Promise<Uint8Array> => {
      const info = series.volumes[0]?.images[k];
      if (info === undefined) throw new Error('no image');
      const { file, offset, length } = await library.resolveFrame(info.imageId);
      return new Uint8Array(readFileSync(file).subarray(offset, offset + length));
    },
  };
}

/** A small CT slice as a file. */
export const sliceFile = (options: Partial<CtSliceOptions> & { sliceIndex: number }): Uint8Array =>
  encodePart10(ctSlice({ rows: 8, columns: 10, ...options }));

/** Elements that make a slice one of 2 x 2 pixels. */
export const pixelsOf = (
  values: readonly number[],
  elements: readonly DicomElement[],
  vr = 'OW',
): readonly DicomElement[] => [
  ...elements,
  dicomElement(0x7fe00010, vr, Uint8Array.from(values)),
  dicomElement(0x00280010, 'US', [2]),
  dicomElement(0x00280011, 'US', [2]),
];

/** Elements of 8-bit pixels that mean what they say. */
export const gray8 = [
  dicomElement(0x00280100, 'US', [8]),
  dicomElement(0x00280101, 'US', [8]),
  dicomElement(0x00280102, 'US', [7]),
  dicomElement(0x00281052, 'DS', '0'),
];
