import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { voxelToWorld } from '../../../src/domain/geometry.js';
import { createLibrary, openPaths } from '../../../src/engine/dicom/index.js';
import { hasPythonReaders, python, sharedDataDir, withTempDir } from './shared.js';

const judgementSchema = z.array(
  z.object({
    path: z.string(),
    corner: z.array(z.number()),
    far: z.array(z.number()),
    uids: z.array(z.string()),
    sums: z.array(z.number()),
  }),
);

const studyDir = path.join(sharedDataDir, 'dicom_mr_study');
const niftiFiles = [
  'colin27_aal_mri/ch2.nii.gz',
  'ct_cranium/ct.nii.gz',
  'msd_hippocampus_mri/images/hippocampus_001.nii.gz',
  'msd_hippocampus_mri/images/hippocampus_003.nii.gz',
].map((name) => path.join(sharedDataDir, name));

/** Folders below `dir` that hold DICOM files themselves. */
const foldersWithSlices = (dir: string): readonly string[] => [
  ...new Set(
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.name.endsWith('.dcm'))
      .map((entry) => entry.parentPath),
  ),
];

const canRun = existsSync(studyDir) && hasPythonReaders;
describe.skipIf(!canRun)('real series (need ../shared/data, pydicom and nibabel)', () => {
  const paths = existsSync(studyDir) ? [...foldersWithSlices(studyDir), ...niftiFiles] : [];

  it('lie, run and weigh as pydicom and nibabel say, slice by slice', async () => {
    const script = path.join(import.meta.dirname, 'seriesReference.py');
    const output = execFileSync(python, [script, ...paths], { encoding: 'utf8' });
    const judgements = judgementSchema.parse(JSON.parse(output));
    expect(judgements.length).toBeGreaterThan(6);
    await withTempDir(async (cacheDir) => {
      const library = createLibrary({ cacheDir });
      for (const expected of judgements) {
        const { studies } = await openPaths([expected.path], { library });
        const [summary] = studies.flatMap((study) => study.series);
        const series = summary === undefined ? null : library.getSeries(summary.seriesId);
        if (series === null) throw new Error(`${expected.path} was not opened`);
        const loaded = await library.loadVolume(series.seriesId, 0);
        if (!loaded.ok) throw new Error(loaded.error.message);
        const { geometry, data } = loaded.value;
        const [columns, rows, slices] = geometry.dimensions;
        const at = (i: number, j: number, k: number): readonly number[] => {
          const { x, y, z: up } = voxelToWorld(geometry, { i, j, k });
          return [x, y, up];
        };
        const corners = [...at(0, 0, 0), ...at(columns - 1, rows - 1, slices - 1)];
        for (const [n, value] of [...expected.corner, ...expected.far].entries())
          expect(corners[n], expected.path).toBeCloseTo(value, 2);
        if (expected.uids.length > 0)
          expect(series.volumes[0]?.images.map((image) => image.sopInstanceUID)).toEqual(
            expected.uids,
          );
        expect(slices).toBe(expected.sums.length);
        for (const [k, sum] of expected.sums.entries()) {
          let ours = 0;
          for (const value of data.subarray(k * columns * rows, (k + 1) * columns * rows))
            ours += value;
          expect(Math.abs(ours - sum), `${expected.path} slice ${String(k)}`).toBeLessThanOrEqual(
            1e-4 * Math.abs(sum) + 1e-3,
          );
        }
        library.closeStudy(series.studyId);
      }
      await library.close();
    });
  });
});
