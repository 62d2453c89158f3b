import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import * as prettier from 'prettier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createLibrary, openPaths } from '../../../src/engine/dicom/index.js';
import { viewAs } from '../../../src/domain/pixels.js';
import {
  judgeFile,
  listFiles,
  makeReferences,
  renderTable,
  type Judged,
} from './conformanceTable.js';
import {
  conformanceDir,
  hasConformanceSet,
  hasReferenceDecoders,
  repositoryDir,
} from './shared.js';

const tablePath = path.join(repositoryDir, 'docs', 'dicom-conformance.md');

const title =
  'the DICOM conformance set (needs ../shared/data, pydicom, nibabel, imagecodecs, dcmtk and GDCM)';
describe.skipIf(!hasConformanceSet || !hasReferenceDecoders)(title, () => {
  const workDir = mkdtempSync(path.join(tmpdir(), 'ibis-conformance-'));
  const judged: Judged[] = [];

  beforeAll(async () => {
    const references = makeReferences(listFiles(conformanceDir), workDir);
    for (const reference of references)
      judged.push(await judgeFile(reference, workDir, path.join(workDir, 'cache')));
  });
  afterAll(() => {
    rmSync(workDir, { recursive: true, force: true });
  });

  const withVerdict = (...verdicts: Judged['reference']['verdict'][]): readonly Judged[] =>
    judged.filter(({ reference }) => verdicts.includes(reference.verdict));

  it('was judged in full: hundreds of files and every kind of transfer syntax', () => {
    expect(judged.length).toBeGreaterThan(250);
    const syntaxes = new Set(
      withVerdict('image').map(({ reference }) =>
        reference.transferSyntax.replace('1.2.840.10008.1.2', ''),
      ),
    );
    const wanted = ['', '.1', '.2', '.1.99', '.8.1', '.5', '.4.50', '.4.51', '.4.70'];
    for (const uid of [...wanted, '.4.80', '.4.81', '.4.90', '.4.91', '.4.201'])
      expect([...syntaxes]).toContain(uid);
  });

  it('has every decodable file opened and decoded: nothing but broken, pixel-less or video is refused', () => {
    const refused = withVerdict('image').filter((entry) => entry.refusal !== null);
    expect(refused.map(({ name, refusal }) => `${name}: ${String(refusal?.message)}`)).toEqual([]);
  });

  it('gives each frame the size and type of the reference', () => {
    const wrong = withVerdict('image').flatMap(({ name, mismatches }) =>
      mismatches.map((mismatch) => `${name}: ${mismatch}`),
    );
    expect(wrong).toEqual([]);
  });

  it('decodes lossless files exactly', () => {
    const lossless = withVerdict('image').filter(({ reference }) => !reference.lossy);
    expect(lossless.length).toBeGreaterThan(100);
    const wrong = lossless.filter((entry) => entry.largestDifference !== 0);
    expect(wrong.map(({ name, largestDifference }) => [name, largestDifference])).toEqual([]);
  });

  it('decodes lossy files within 1 grey level, 2 in colour', () => {
    const lossy = withVerdict('image').filter(({ reference }) => reference.lossy);
    expect(lossy.length).toBeGreaterThan(15);
    const wrong = lossy.filter((entry) => {
      const colour = entry.reference.images.some((image) => image.samples > 1);
      return (entry.largestDifference ?? Number.POSITIVE_INFINITY) > (colour ? 2 : 1);
    });
    expect(wrong.map(({ name, largestDifference }) => [name, largestDifference])).toEqual([]);
  });

  it('refuses broken, pixel-less and foreign files with a code and a sentence', () => {
    const bad = withVerdict('broken', 'no-pixels', 'not-an-image', 'video');
    expect(bad.length).toBeGreaterThan(90);
    const about = bad.filter(({ derived }) => derived !== null).map(({ name }) => name);
    expect(about.filter((name) => !name.endsWith('.nrrd'))).toEqual([
      'dcmqi/sr-example/sr.dcm',
      'pydicom/rtstruct.dcm',
    ]);
    for (const { name, refusal, derived } of bad) {
      if (derived !== null) continue; // handed to an import

      expect(refusal, name).not.toBeNull();
      expect(refusal?.code, name).toMatch(
        /^(broken-file|no-pixels|not-dicom|video-not-supported)$/,
      );
      expect(refusal?.message, name).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('gives the eight lossless encodings of one slice the same pixels as the uncompressed one', () => {
    // Ref/1.nii is this mosaic cut into its 35 tiles of 64 x 64 (6 to a row), rows bottom up as dcm2niix writes.
    const nifti = readFileSync(path.join(conformanceDir, 'dcm_qa_ts', 'Ref', '1.nii'));
    const tiles = viewAs('int16', new Uint8Array(nifti.subarray(352)));
    const encodings = judged.filter(({ name }) => /^dcm_qa_ts\/In\/\d\.dcm$/.test(name));
    expect(encodings.map((entry) => entry.largestDifference)).toEqual(Array(9).fill(0));
    const [{ reference }] = encodings as [Judged];
    const [image] = reference.images;
    const raw = readFileSync(path.join(workDir, image?.raw ?? ''));
    const mosaic = viewAs('uint16', new Uint8Array(raw));
    let wrong = 0;
    for (let tile = 0; tile < 35; tile++)
      for (let y = 0; y < 64; y++)
        for (let x = 0; x < 64; x++) {
          const row = Math.floor(tile / 6) * 64 + y;
          const column = (tile % 6) * 64 + x;
          const expected = tiles[(tile * 64 + (63 - y)) * 64 + x];
          if (mosaic[row * 384 + column] !== expected) wrong++;
        }
    expect(wrong).toBe(0);
  });

  it('opens the whole set as one folder, broken files and all', async () => {
    const library = createLibrary({ cacheDir: path.join(workDir, 'cache') });
    try {
      const { studies, refused, cancelled } = await openPaths([conformanceDir], { library });
      expect(cancelled).toBe(false);
      expect(studies.length).toBeGreaterThan(40);
      expect(refused.length).toBeGreaterThan(80);
      const series = studies.flatMap((study) => study.series);
      const thumbnails = await Promise.allSettled(
        series.map(({ seriesId }) => library.resolveThumbnail(seriesId)),
      );
      const made = thumbnails.filter(({ status }) => status === 'fulfilled');
      expect(made.length).toBeGreaterThan(series.length - 5);
    } finally {
      await library.close();
    }
  });

  it('has its table in docs/dicom-conformance.md, up to date', async () => {
    const options = await prettier.resolveConfig(tablePath);
    const table = await prettier.format(renderTable(judged), { ...options, parser: 'markdown' });
    if (process.env['IBIS_WRITE_DOCS'] === '1') writeFileSync(tablePath, table);
    expect(readFileSync(tablePath, 'utf8')).toBe(table);
  });
});
