import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { packMask } from '../../../src/domain/mask.js';
import { makeDataDir, openTestEngine } from '../engine/helpers.js';
import { paintOne } from '../engine/madeByHand.js';
import { axialShape, writeSource } from '../export/makeSource.js';
import { runCli } from './runCli.js';

const { columns: width, rows: height } = axialShape;

describe('ibis segmentations', () => {
  const work = makeDataDir();
  const dataDir = path.join(work, 'data');
  const images = path.join(work, 'images'); // two series
  const out = path.join(work, 'out');
  const seg = path.join(out, 'segmentation.dcm');
  const args = ['segmentations', images, '--data-dir', dataDir];
  let firstUid = '';

  beforeAll(async () => {
    writeSource(path.join(images, 'a'), axialShape);
    writeSource(path.join(images, 'b'), { ...axialShape, series: 2, spacingMm: [1, 1, 3] });
    const test = await openTestEngine({ dataDir });
    const { engine } = test;
    const opened = await engine.invoke('openPaths', { paths: [images], jobId: 'open' });
    const { seriesId, seriesInstanceUID } = opened.studies[0]?.series[0] ?? expect.fail();
    firstUid = seriesInstanceUID;
    await paintOne(test, seriesId, {
      segmentationLabel: 'Both kidneys',
      segmentLabel: 'left kidney',
      slice: {
        sliceIndex: 4,
        region: packMask({ width, height, data: new Uint8Array(width * height).fill(1, 30, 95) }),
      },
    });
    await test.close();
  });
  afterAll(() => {
    rmSync(work, { recursive: true, force: true });
  });

  it('lists what is stored of all series of a path, and writes it in the formats asked for', async () => {
    const listed = await runCli(args);
    expect(listed.stdout).toMatch(/^[0-9a-f-]{36} {2}\S+ {2}"Both kidneys": left kidney\n$/);
    const formats = ['--formats', 'seg,seg-nrrd,rtstruct', '--json'];
    const written = await runCli([...args, '--out', out, ...formats]);
    expect(written.code).toBe(0);
    expect(readdirSync(out).sort()).toEqual([
      'rtstruct.dcm',
      'segmentation.dcm',
      'segmentation.seg.nrrd',
    ]);
    expect(written.lines).toMatchObject([
      { imported: null, segmentations: [{ segmentationLabel: 'Both kidneys' }], notes: [] },
    ]);
    expect(readFileSync(seg, 'latin1')).toContain('Test^Ibis');
  });

  it('takes a file in on the series that it was made on, or only on the one that is named', async () => {
    const other = ['segmentations', images, '--data-dir', path.join(work, 'other'), '--json'];
    const imported = await runCli([...other, '--import', seg]);
    expect(imported.code).toBe(0);
    expect(imported.lines).toMatchObject([
      { segmentations: [{ seriesInstanceUID: firstUid, segments: [{ segmentNumber: 1 }] }] },
    ]);
    expect(imported.lines[0]?.['imported']).toMatch(/^[0-9a-f-]{36}$/);
    const elsewhere = '1.2.826.0.1.3680043.2.1125.1.12';
    const refused = await runCli([...other, '--series', elsewhere, '--import', seg]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('does-not-fit');
    // Two by now, each in a folder of its own.
    await runCli([...other, '--import', path.join(out, 'segmentation.seg.nrrd')]);
    const both = path.join(work, 'both');
    expect((await runCli([...other, '--out', both])).code).toBe(0);
    expect(readdirSync(both).sort()).toEqual(['segmentation-1', 'segmentation-2']);
  });

  it('leaves the patient out of the files when asked to, and refuses to be told how only', async () => {
    const anonymous = path.join(work, 'anonymous');
    const how = [...args, '--out', anonymous];
    const refused = await runCli([...how, '--dates', 'keep']);
    expect(refused.stderr).toContain('--deidentify');
    expect(existsSync(anonymous)).toBe(false);
    expect((await runCli([...how, '--deidentify'])).code).toBe(0);
    const bytes = readFileSync(path.join(anonymous, 'segmentation.dcm'), 'latin1');
    for (const word of ['Test^Ibis', 'IBIS-TEST']) expect(bytes).not.toContain(word);
  });

  it('says that segmentations in files lie beside the images, and that a file alone has none', async () => {
    mkdirSync(path.join(images, 'c'));
    const beside = path.join(images, 'c', 'seg.dcm');
    copyFileSync(seg, beside);
    expect((await runCli(args)).stdout).toContain('(seg.dcm): --import takes one in.');
    const alone = await runCli(['segmentations', beside, '--data-dir', dataDir]);
    expect(alone.stderr).toContain('holds a segmentation on images and no images');
    const info = await runCli(['info', beside]);
    expect(info.stdout).toContain(`segmentation seg.dcm on ${firstUid}`);
  });
});
