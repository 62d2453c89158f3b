import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { makeDataDir, openTestEngine } from '../engine/helpers.js';
import { drawFive } from '../engine/madeByHand.js';
import { writeSource } from '../export/makeSource.js';
import { seriesShapes } from '../segmentations/segmentationCase.js';
import { runCli } from './runCli.js';

describe('ibis measurements', () => {
  const work = makeDataDir();
  const dataDir = path.join(work, 'data');
  const series = path.join(work, 'series');
  const out = path.join(work, 'out');

  beforeAll(async () => {
    writeSource(series, seriesShapes[0]?.shape ?? expect.fail());
    const test = await openTestEngine({ dataDir });
    const { engine } = test;
    const { studies } = await engine.invoke('openPaths', { paths: [series], jobId: 'open' });
    const seriesId = studies[0]?.series[0]?.seriesId ?? expect.fail();
    await drawFive(test, seriesId);
    await test.close();
  });
  afterAll(() => {
    rmSync(work, { recursive: true, force: true });
  });

  it('lists what is stored of a series, and writes it', async () => {
    const args = ['measurements', series, '--data-dir', dataDir];
    const listed = await runCli(args);
    expect(listed.stdout).toBe('length "five"  acquired 2  length 5 mm\n');
    const written = await runCli([...args, '--out', out, '--json']);
    expect(written.code).toBe(0);
    expect(written.lines).toMatchObject([
      {
        measurements: [{ kind: 'length', label: 'five' }],
        files: [path.join(out, 'measurements.dcm'), path.join(out, 'measurements.csv')],
        notes: [],
      },
    ]);
    expect(readFileSync(path.join(out, 'measurements.csv'), 'utf8')).toContain(',length,5,mm,');
  });

  it('leaves the patient out of the files when asked to', async () => {
    const named = readFileSync(path.join(out, 'measurements.csv'), 'utf8');
    const anonymous = path.join(work, 'anonymous');
    const args = ['measurements', series, '--data-dir', dataDir, '--out', anonymous];
    expect((await runCli([...args, '--deidentify'])).code).toBe(0);
    const words = ['Test^Ibis', 'IBIS-TEST'];
    for (const file of ['measurements.csv', 'measurements.dcm']) {
      const bytes = readFileSync(path.join(anonymous, file), 'latin1');
      for (const word of words) expect(bytes, `${word} in ${file}`).not.toContain(word);
    }
    for (const word of words) expect(named).toContain(word);
    expect(readFileSync(path.join(anonymous, 'measurements.csv'), 'utf8')).toContain(
      ',length,5,mm,',
    );
  });

  it('writes nothing where it is said how to de-identify, but not to do it', async () => {
    const named = path.join(work, 'named');
    const args = ['measurements', series, '--data-dir', dataDir, '--out', named];
    const refused = await runCli([...args, '--dates', 'shift']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(
      '--dates says how to de-identify: write --deidentify with it.',
    );
    expect(existsSync(named)).toBe(false);
  });

  it('lays a report on the series in another data folder', async () => {
    const report = path.join(out, 'measurements.dcm');
    expect(existsSync(report)).toBe(true);
    const args = ['measurements', series, '--data-dir', path.join(work, 'other')];
    const imported = await runCli([...args, '--import', report]);
    expect(imported.stdout).toBe('length "five"  acquired 2  length 5 mm\n');
    expect((await runCli(args)).stdout).toBe(imported.stdout);
  });
});
