import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { computeSlicePlane } from '../../../src/domain/plane.js';
import type { SliceAxis } from '../../../src/domain/plane.js';
import { renderSliceImage } from '../../../src/engine/agent/sliceImage.js';
import { createLibrary, openPaths } from '../../../src/engine/dicom/index.js';
import { createSliceSource } from '../../../src/engine/slices.js';
import { makeNifti } from '../../fixtures/makeNifti.js';
import { sharedData } from '../cli/runCli.js';
import { makeDataDir, resourcesDir } from './helpers.js';

const axes: readonly SliceAxis[] = ['acquired', 'axial', 'coronal', 'sagittal'];

describe('a slice as the models see it', () => {
  const library = createLibrary({ cacheDir: makeDataDir() });
  const slices = createSliceSource(library);
  afterAll(() => library.close());

  const compare = async (folder: string): Promise<void> => {
    const { studies } = await openPaths([folder], { library });
    let compared = 0;
    for (const { seriesId } of studies.flatMap((study) => study.series)) {
      const series = library.getSeries(seriesId);
      const geometry = series?.volumes[0]?.geometry;
      if (geometry == null) continue;
      const whole = await library.loadVolume(seriesId, 0);
      if (!whole.ok) continue; // refused with a reason; nothing to compare
      for (const axis of axes) {
        const plane = computeSlicePlane(geometry, axis);
        const sliceIndex = plane.sliceCount >> 1;
        const window = { centre: 100, width: 300 };
        const request = { seriesId, phaseIndex: 0, axis, sliceIndex, window };
        const prepared = await slices.prepare(request);
        const expected = renderSliceImage(whole.value, plane, sliceIndex, window);
        expect(prepared.image.key).toBe(expected.key);
        expect(prepared.plane).toEqual(plane);
        compared++;
      }
    }
    expect(compared).toBeGreaterThanOrEqual(axes.length);
  };

  it('is the same whether one slice or the whole volume of the demo study is read', () =>
    compare(path.join(resourcesDir, 'demo')));

  for (const name of ['dicom_mr_study', path.join('dicom_conformance', 'dcmqi')]) {
    const folder = sharedData(name);
    it.skipIf(folder === null)(
      `is the same whether one slice or the whole volume of ${name} is read (needs shared data)`,
      () => compare(folder ?? ''),
    );
  }

  it('is shown in the window of its own file unless told otherwise', async () => {
    const { studies } = await openPaths([path.join(resourcesDir, 'demo', 'colin27')], { library });
    const seriesId = studies[0]?.series[0]?.seriesId;
    if (seriesId === undefined) throw new Error('the demo study has a series');
    const request = { seriesId, phaseIndex: 0, axis: 'coronal' as const, sliceIndex: 100 };
    const own = await slices.prepare({ ...request, window: null });
    expect(own.window).toEqual({ centre: 82, width: 164 });
    const given = await slices.prepare({ ...request, window: { centre: 40, width: 20 } });
    expect(given.window).toEqual({ centre: 40, width: 20 });
    expect(given.image.key).not.toBe(own.image.key);
  });

  it('is shown in the percentiles of its volume where its files name no window, and the viewer is told them', async () => {
    const dir = makeDataDir();
    const ramp = Int16Array.from({ length: 8 * 8 * 4 }, (_, p) => p);
    const voxels = new Uint8Array(ramp.buffer);
    writeFileSync(path.join(dir, 'ramp.nii'), makeNifti({ dimensions: [8, 8, 4], voxels }));
    const { studies } = await openPaths([path.join(dir, 'ramp.nii')], { library });
    const seriesId = studies[0]?.series[0]?.seriesId;
    if (seriesId === undefined) throw new Error('the file has a series');
    const request = { seriesId, phaseIndex: 0, axis: 'acquired' as const, sliceIndex: 0 };
    const prepared = await slices.prepare({ ...request, window: null });
    expect(prepared.window.centre).toBeCloseTo(127.5);
    expect(prepared.window.width).toBeCloseTo(0.98 * 255);
    expect(await slices.computeWindow(seriesId, 0)).toEqual(prepared.window);
  });

  it('is shown in one window for each image where the files name one', async () => {
    const { studies } = await openPaths([path.join(resourcesDir, 'demo', 'colin27')], { library });
    const seriesId = studies[0]?.series[0]?.seriesId;
    if (seriesId === undefined) throw new Error('the demo study has a series');
    expect(await slices.computeWindow(seriesId, 0)).toBeNull();
    await expect(slices.computeWindow(seriesId, 7)).rejects.toMatchObject({ code: 'bad-slice' });
  });
});
