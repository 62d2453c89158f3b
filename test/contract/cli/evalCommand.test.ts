import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

import { evalReportSchema } from '../../../src/contract/evalReport.js';
import { makeDataDir, resourcesDir } from '../engine/helpers.js';
import { drawDisk, png } from './diskImage.js';
import { runCli, sharedData } from './runCli.js';

const work = makeDataDir();
const dataDir = path.join(work, 'data');
const out = path.join(work, 'out');
const hearts = sharedData('sunnybrook_cmr');

afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

describe('ibis eval', () => {
  const makeDataset = (): string => {
    const folder = path.join(work, 'disks');
    for (const name of ['images', 'masks']) mkdirSync(path.join(folder, name), { recursive: true });
    for (const [name, centre] of [
      ['a.png', 30],
      ['b.png', 60],
    ] as const) {
      const { image, mask } = drawDisk(96, centre, 16);
      writeFileSync(path.join(folder, 'images', name), png(image, 96));
      writeFileSync(path.join(folder, 'masks', name), png(mask, 96));
    }
    writeFileSync(
      path.join(folder, 'split.json'),
      JSON.stringify({ test: ['a.png', 'b.png'], train: [] }),
    );
    writeFileSync(
      path.join(folder, 'targets.json'),
      JSON.stringify({
        schemaVersion: 1,
        dataset: 'disks',
        modality: 'OT',
        targets: [
          {
            id: 'disk',
            name: 'disk',
            labels: [255],
            requests: ['Segment the disk.'],
            axis: 'acquired',
            slices: { rule: 'all' },
            instances: 'merged',
            minPixels: 1,
            window: { centre: 127.5, width: 255 },
          },
        ],
      }),
    );
    return folder;
  };

  it('measures the baselines on a data set and writes a report of the contract', async () => {
    const folder = makeDataset();
    const report = path.join(out, 'reports', 'disks.json');
    const { code, lines } = await runCli([
      ...['eval', folder, '--targets', path.join(folder, 'targets.json'), '--out', report],
      ...['--methods', 'oracle,centre-click', '--data-dir', dataDir, '--json'],
    ]);
    expect(code).toBe(0);
    const parsed = evalReportSchema.parse(JSON.parse(readFileSync(report, 'utf8')));
    expect(parsed.rows.map(({ method }) => method).sort()).toEqual([
      'centre-click',
      'centre-click',
      'oracle',
      'oracle',
    ]);
    for (const row of parsed.rows)
      if (row.method === 'oracle') expect(row.dice).toBeGreaterThan(0.85);
    expect(lines.at(-1)).toMatchObject({ rows: 4 });
  });

  it('measures a policy from another folder of models, by the methods that were asked for', async () => {
    const folder = makeDataset();
    const models = path.join(work, 'models');
    const manifestFile = path.join(models, 'earlier', 'manifest.json');
    cpSync(path.join(resourcesDir, 'models', 'ibis-nano'), path.dirname(manifestFile), {
      recursive: true,
    });
    const manifest = z.looseObject({}).parse(JSON.parse(readFileSync(manifestFile, 'utf8')));
    writeFileSync(manifestFile, JSON.stringify({ ...manifest, id: 'earlier' }));
    const report = path.join(out, 'reports', 'earlier.json');
    const targets = ['--targets', path.join(folder, 'targets.json')];
    const rest = ['--methods', 'agent', '--max-files', '1', '--data-dir', dataDir];
    const asked = ['eval', folder, ...targets, '--policy', 'earlier', ...rest, '--out', report];
    expect((await runCli([...asked, '--models', models])).code).toBe(0);
    const parsed = evalReportSchema.parse(JSON.parse(readFileSync(report, 'utf8')));
    expect(parsed.models.find(({ role }) => role === 'policy')?.id).toBe('earlier');
    expect(parsed.rows.map(({ method }) => method)).toEqual(['agent']);
    expect((await runCli(asked)).code).toBe(4);
    expect((await runCli([...asked, '--models', path.join(work, 'none')])).code).toBe(3);
  });

  it('ends with 3 for a folder that is no data set, and for a targets file that is none', async () => {
    const folder = makeDataset();
    const targets = path.join(folder, 'targets.json');
    const picture = path.join(folder, 'images', 'a.png');
    const args = ['--out', path.join(out, 'x.json'), '--methods', 'oracle', '--data-dir', dataDir];
    expect((await runCli(['eval', work, '--targets', targets, ...args])).code).toBe(3);
    expect((await runCli(['eval', folder, '--targets', picture, ...args])).code).toBe(3);
  });

  it.skipIf(hearts === null)(
    'measures the oracle on two hearts of the shared data (needs shared data)',
    async () => {
      const report = path.join(out, 'reports', 'hearts.json');
      const { code } = await runCli([
        ...[
          'eval',
          hearts ?? '',
          '--targets',
          path.join(resourcesDir, 'targets', 'sunnybrook_cmr.json'),
        ],
        ...[
          '--out',
          report,
          '--methods',
          'oracle,centre-click',
          '--max-files',
          '2',
          '--data-dir',
          dataDir,
        ],
      ]);
      expect(code).toBe(0);
      const { means } = evalReportSchema.parse(JSON.parse(readFileSync(report, 'utf8')));
      const dice = (method: string): number =>
        means.find((mean) => mean.method === method)?.dice ?? 0;
      expect(dice('oracle')).toBeGreaterThan(0.7);
      expect(dice('oracle')).toBeGreaterThan(dice('centre-click'));
    },
  );
});
