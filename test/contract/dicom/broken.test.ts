import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { IbisError, errorCodeSchema } from '../../../src/contract/errors.js';
import { createDecodePool } from '../../../src/engine/dicom/decodePool.js';
import { createLibrary, openPaths, type Library } from '../../../src/engine/dicom/index.js';
import { makeNifti } from '../../fixtures/makeNifti.js';
import { ctSlice, encodePart10 } from '../../fixtures/makeSeries.js';
import { conformanceDir, hasConformanceSet } from './shared.js';

/** mulberry32: a small seeded generator, so that a failing case can be had again. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A truncation, or a handful of flipped bits and overwritten bytes. */
function damage(bytes: Uint8Array, random: () => number): Uint8Array {
  if (random() < 0.3) return bytes.slice(0, Math.floor(random() * bytes.length));
  const out = bytes.slice();
  const hits = 1 + Math.floor(random() * 12);
  for (let n = 0; n < hits; n++) {
    // The header is where damage does the most: half of the hits land in its first kilobyte.
    const reach = random() < 0.5 ? Math.min(1024, out.length) : out.length;
    const at = Math.floor(random() * reach);
    out[at] = random() < 0.5 ? (out[at] ?? 0) ^ (1 << Math.floor(random() * 8)) : random() * 256;
  }
  return out;
}

describe('damaged files', () => {
  let dir = '';
  let library: Library;
  beforeAll(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'ibis-broken-'));
    library = createLibrary({ cacheDir: path.join(dir, 'cache'), decodeTimeoutMs: 5000 });
  });
  afterAll(async () => {
    await library.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const sources: readonly (readonly [string, Uint8Array])[] = [
    ['DICOM', encodePart10(ctSlice({ sliceIndex: 0, rows: 16, columns: 16 }))],
    ['NIfTI', makeNifti({ sform: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] })],
  ];

  it.each(sources)(
    'of kind %s are opened or refused with a code and a sentence, hundreds of ways',
    async (kind, good) => {
      const random = makeRandom(20_260_102);
      const file = path.join(dir, 'case');
      let refusals = 0;
      for (let n = 0; n < 300; n++) {
        writeFileSync(file, damage(good, random));
        const started = performance.now();
        const { studies, refused } = await openPaths([file], { library });
        expect(studies.length + refused.length, `${kind} case ${String(n)}`).toBe(1);
        for (const { code, reason } of refused) {
          refusals++;
          expect(errorCodeSchema.safeParse(code).success).toBe(true);
          expect(reason).toMatch(/^[A-Z].*\.$/);
          expect(code, `${kind} case ${String(n)}: ${reason}`).not.toBe('failed');
        }
        for (const study of studies) {
          const [summary] = study.series;
          const series = summary === undefined ? null : library.getSeries(summary.seriesId);
          const [info] = series?.volumes[0]?.images ?? [];
          if (info !== undefined)
            await library.resolveFrame(info.imageId).catch((thrown: unknown) => {
              expect(thrown, `${kind} case ${String(n)}`).toBeInstanceOf(IbisError);
            });
          library.closeStudy(study.studyId);
        }
        expect(performance.now() - started, `${kind} case ${String(n)}`).toBeLessThan(6000);
      }
      // Both outcomes occur, or the damage says nothing.
      expect(refusals).toBeGreaterThan(30);
      expect(refusals).toBeLessThan(300);
    },
  );

  const compressed = [
    'pydicom/JPEG2000.dcm',
    'pydicom/JPGExtended.dcm',
    'pydicom/MR_small_RLE.dcm',
    'pydicom/MR_small_jpeg_ls_lossless.dcm',
    'pydicom/SC_rgb_dcmtk_+eb+cr.dcm',
    'pydicom/SC_rgb_jpeg_gdcm.dcm',
    'pydicom/image_dfl.dcm',
    'pydicom-data/liver_nonbyte_aligned_deflate.dcm',
  ];
  it.skipIf(!hasConformanceSet).each(compressed)(
    'compressed as in %s do not crash or hang a codec (needs ../shared/data)',
    async (name) => {
      const good = new Uint8Array(readFileSync(path.join(conformanceDir, name)));
      const random = makeRandom(7);
      const file = path.join(dir, 'case');
      let decoded = 0;
      for (let n = 0; n < 40; n++) {
        writeFileSync(file, damage(good, random));
        const { studies, derived } = await openPaths([file], { library });
        decoded += derived.length; // a segmentation is told apart, and read only when it is imported
        for (const study of studies) {
          const [summary] = study.series;
          const series = summary === undefined ? null : library.getSeries(summary.seriesId);
          const [info] = series?.volumes[0]?.images ?? [];
          if (info !== undefined)
            await library.resolveFrame(info.imageId).then(
              () => decoded++,
              (thrown: unknown) => {
                expect(thrown, `${name} case ${String(n)}`).toBeInstanceOf(IbisError);
              },
            );
          library.closeStudy(study.studyId);
        }
      }
      expect(decoded).toBeGreaterThan(0);
    },
  );

  it('do not keep the rest of their folder from opening', async () => {
    const folder = mkdtempSync(path.join(dir, 'mixed-'));
    const good = encodePart10(ctSlice({ sliceIndex: 0, rows: 8, columns: 8 }));
    writeFileSync(path.join(folder, '1-cut.dcm'), good.slice(0, 700));
    writeFileSync(path.join(folder, '2-empty.dcm'), new Uint8Array(0));
    writeFileSync(path.join(folder, '3-good.dcm'), good);
    writeFileSync(path.join(folder, '4-text.txt'), 'not an image');
    const { studies, refused } = await openPaths([folder], { library });
    expect(studies.flatMap((study) => study.series)).toHaveLength(1);
    expect(refused.map((entry) => [entry.fileName, entry.code])).toEqual([
      ['1-cut.dcm', 'broken-file'],
      ['2-empty.dcm', 'broken-file'],
      ['4-text.txt', 'not-dicom'],
    ]);
  });

  it('that hang a decoder are given up after the time limit, and the next one is decoded', async () => {
    // A worker that never answers its first request and answers every later one.
    const entry = path.join(dir, 'slowWorker.mjs');
    const marker = path.join(dir, 'started').replaceAll('\\', '/');
    writeFileSync(
      entry,
      `import { parentPort } from 'node:worker_threads';
       import { existsSync, writeFileSync } from 'node:fs';
       const first = !existsSync('${marker}');
       writeFileSync('${marker}', '');
       parentPort.on('message', ({ requestId }) => {
         if (first) for (;;);
         parentPort.postMessage({ requestId, ok: true, bytes: Uint8Array.of(1) });
       });`,
    );
    const pool = createDecodePool({ size: 1, timeoutMs: 4000, entry: () => pathToFileURL(entry) });
    const source = { kind: 'png', file: '' } as const;
    const outcomes = await Promise.allSettled([pool.decode(source), pool.decode(source)]);
    await pool.close();
    expect(outcomes[0]).toMatchObject({ status: 'rejected', reason: { code: 'broken-file' } });
    expect(outcomes[1]).toMatchObject({ status: 'fulfilled', value: Uint8Array.of(1) });
  });
});
