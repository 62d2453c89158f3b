import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { traceLineSchema } from '../../../src/contract/trace.js';
import { closeStore, listSessions, openStore } from '../../../src/engine/store/index.js';
import { makeDataDir, repoRoot, resourcesDir } from '../engine/helpers.js';
import { drawDisk, png } from './diskImage.js';
import { cliFile, nodeFile, runCli, sharedData } from './runCli.js';

const demo = path.join(resourcesDir, 'demo', 'colin27');
const work = makeDataDir();
const dataDir = path.join(work, 'data');
const out = path.join(work, 'out');
const photo = path.join(work, 'photo.png');
const conformance = sharedData('dicom_conformance');
const hasTrainedPolicy = existsSync(
  path.join(resourcesDir, 'models', 'ibis-nano', 'manifest.json'),
);

/** Voxels of a .nii.gz that are not 0: 8-bit, after the 352 bytes of a NIfTI-1 header. */
function countNiftiVoxels(file: string): number {
  const bytes = gunzipSync(readFileSync(file));
  expect(bytes.readInt16LE(70)).toBe(2); // datatype: uint8
  return bytes
    .subarray(bytes.readFloatLE(108))
    .reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0);
}

beforeAll(() => {
  mkdirSync(path.join(dataDir, 'models'), { recursive: true });
  cpSync(
    path.join(repoRoot, 'test', 'fixtures', 'policies', 'tiny-idefics3'),
    path.join(dataDir, 'models', 'tiny-idefics3'),
    { recursive: true },
  );
  writeFileSync(photo, png(drawDisk(96, 40, 20).image, 96));
});
afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

describe('ibis', () => {
  it.each([
    [['--help']],
    [['info', '--help']],
    [['segment', '--help']],
    [['click', '--help']],
    [['propagate', '--help']],
    [['eval', '--help']],
    [['eval-volumes', '--help']],
    [['batch', '--help']],
    [['merge', '--help']],
    [['segmentations', '--help']],
    [['measurements', '--help']],
  ])('explains itself with %j', async (args) => {
    const { code, stdout } = await runCli(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(args.length === 1 ? /Exit codes:/ : /Examples:\n {2}\$ ibis /);
  });

  it.each([
    [['nonsense']],
    [['segment', demo]],
    [['segment', demo, '--prompt', 'x', '--out', out, '--slice', '-1']],
    [['click', demo, '--out', out, '--slice', '1', '--include', 'here']],
    [['click', demo, '--out', out, '--slice', '1']],
    [['click', demo, '--out', out, '--include', '1,1', '--data-dir', dataDir]],
    [['click', demo, '--out', out, '--slice', '1', '--include', '1,1', '--axis', 'oblique']],
    [['click', demo, '--out', out, '--slice', '1', '--include', '1,1', '--window', '40']],
    [['segment', demo, '--out', out, '--slice', '1', '--prompt', ' ']],
    [['eval', work, '--targets', 'x', '--out', 'y', '--methods', 'guess']],
    [['measurements', demo, '--formats', 'csv,pdf']],
  ])('ends with 2 and a hint when used wrongly: %j', async (args) => {
    const { code, stderr } = await runCli(args);
    expect(code).toBe(2);
    expect(stderr).not.toBe('');
    expect(stderr).not.toMatch(/\n\s+at /); // no stack traces for users
  });
});

describe('ibis info', () => {
  it('lists the demo study as one JSON object', async () => {
    const { code, lines } = await runCli(['info', demo, '--json']);
    expect(code).toBe(0);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      counts: { studies: 1, series: 1, images: 177, refused: 0 },
      studies: [
        {
          patientName: 'Demo^Colin27',
          series: [
            {
              modality: 'MR',
              phases: [
                {
                  dimensions: [181, 217, 177],
                  spacingMm: [1, 1, 1],
                  sliceCounts: { acquired: 177, axial: 177, coronal: 217, sagittal: 181 },
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it('ends with 3 and the reason where there is nothing to open', async () => {
    const missing = await runCli(['info', path.join(work, 'nope'), '--json']);
    expect(missing.code).toBe(3);
    expect(missing.lines[0]).toMatchObject({ counts: { studies: 0, refused: 1 } });
    const empty = path.join(work, 'empty');
    mkdirSync(empty);
    expect(await runCli(['info', empty])).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('no images') as string,
    });
    const text = path.join(work, 'notes.txt');
    writeFileSync(text, 'no image');
    const wrong = await runCli(['info', text]);
    expect(wrong.code).toBe(3);
    expect(wrong.stderr).toMatch(/notes\.txt/);
  });

  it('goes on without a word where nobody reads on, as with a pipe into head', async () => {
    const child = spawn(nodeFile, [cliFile, 'info', demo], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it.skipIf(conformance === null)(
    'opens what it can of the conformance files and says why it refuses the rest (needs shared data)',
    async () => {
      const { code, lines } = await runCli(['info', conformance ?? '', '--json']);
      expect(code).toBe(0);
      const [{ counts, refused }] = lines as never as [
        { counts: { series: number }; refused: { reason: string }[] },
      ];
      expect(counts.series).toBeGreaterThan(50);
      for (const { reason } of refused) expect(reason).toMatch(/\w{4,}.*\.$/s);
    },
  );
});

describe('ibis click', () => {
  it('writes SEG, NIfTI, picture and trace of DICOM, all with the same mask, and stores the session', async () => {
    const folder = path.join(out, 'demo');
    const { code, lines } = await runCli([
      ...['click', demo, '--slice', '68', '--include', '117,95', '--exclude', '60,60'],
      ...['--out', folder, '--data-dir', dataDir, '--json'],
    ]);
    expect(code).toBe(0);
    const last = lines.at(-1) as {
      maskVoxels: number;
      steps: number;
      files: string[];
      sessionId: string;
    };
    expect(last.steps).toBe(2);
    expect(last.maskVoxels).toBeGreaterThan(50);
    expect(countNiftiVoxels(path.join(folder, 'mask.nii.gz'))).toBe(last.maskVoxels);
    for (const name of ['seg.dcm', 'mask.nii.gz', 'overlay.png', 'trace.jsonl'])
      expect(last.files).toContain(path.join(folder, name));
    for (const file of last.files) expect(existsSync(file)).toBe(true);
    const trace = readFileSync(path.join(folder, 'trace.jsonl'), 'utf8').trim().split('\n');
    const parsed = trace.map((line) => traceLineSchema.parse(JSON.parse(line)));
    expect(parsed.map(({ kind }) => kind)).toEqual(['header', 'step', 'step', 'end']);
    const step = parsed[1];
    // Columns of the demo run to the patient's left and its display keeps them: i is the column.
    expect(step?.kind === 'step' ? step.click?.voxel : null).toEqual({ i: 117, j: 95, k: 68 });
    expect(step?.kind === 'step' ? step.click?.world : null).toEqual({ x: 27, y: 4, z: -3 });

    const store = openStore(dataDir);
    if (!store.ok) throw new Error(store.error.message);
    const stored = listSessions(store.value, { search: '', limit: 10 });
    expect(stored.map(({ sessionId }) => sessionId)).toEqual([last.sessionId]);
    expect(store.value.interrupted).toEqual([]);
    closeStore(store.value);
  });

  it('takes a coronal cut in voxels too', async () => {
    const { code, lines } = await runCli([
      ...['click', demo, '--axis', 'coronal', '--slice', '95', '--include', '117,68'],
      ...['--out', path.join(out, 'coronal'), '--data-dir', dataDir, '--json'],
    ]);
    expect(code).toBe(0);
    const trace = readFileSync(path.join(out, 'coronal', 'trace.jsonl'), 'utf8').split('\n');
    expect(JSON.parse(trace[1] ?? '')).toMatchObject({
      click: { voxel: { i: 117, j: 95, k: 68 } },
    });
    expect(lines.at(-1)).toMatchObject({ steps: 1 });
  });

  it('takes a plain image without slice and series, and writes no SEG for it', async () => {
    const folder = path.join(out, 'photo');
    const { code, stdout } = await runCli([
      ...['click', photo, '--include', '40,40', '--out', folder, '--data-dir', dataDir],
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/after 1 steps, \d+ voxels/);
    expect(existsSync(path.join(folder, 'seg.dcm'))).toBe(false);
    const voxels = countNiftiVoxels(path.join(folder, 'mask.nii.gz'));
    expect(voxels).toBeGreaterThan(900); // the disk has 1257
    expect(voxels).toBeLessThan(1700);
  });

  it.each([
    ['a slice outside the volume', ['--slice', '177', '--include', '1,1'], 3],
    ['a phase that is not there', ['--slice', '1', '--phase', '3', '--include', '1,1'], 3],
    ['a click outside the slice', ['--slice', '1', '--include', '181,1'], 3],
    ['a series that is not there', ['--slice', '1', '--series', '1.2.3', '--include', '1,1'], 3],
    [
      'a segmenter that is not installed',
      ['--slice', '1', '--segmenter', 'nope', '--include', '1,1'],
      4,
    ],
    [
      'a policy in place of a segmenter',
      ['--slice', '1', '--segmenter', 'tiny-idefics3', '--include', '1,1'],
      4,
    ],
  ])('ends with the right code for %s', async (_title, args, expected) => {
    const { code, stderr } = await runCli([
      ...['click', demo, '--out', path.join(out, 'wrong'), '--data-dir', dataDir, ...args],
    ]);
    expect(stderr).toMatch(/^ibis: .+\.( |\n)/s);
    expect(code).toBe(expected);
    expect(existsSync(path.join(out, 'wrong'))).toBe(false);
  });

  it('ends with 4 where a model file is not the one that its manifest names', async () => {
    const resources = path.join(work, 'resources');
    cpSync(
      path.join(resourcesDir, 'models', 'ibis-click'),
      path.join(resources, 'models', 'ibis-click'),
      {
        recursive: true,
      },
    );
    const file = path.join(resources, 'models', 'ibis-click', 'manifest.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as { files: { sha256: string }[] };
    for (const entry of manifest.files) entry.sha256 = '0'.repeat(64);
    writeFileSync(file, JSON.stringify(manifest));
    const { code, stderr } = await runCli(
      [
        'click',
        photo,
        '--include',
        '40,40',
        '--out',
        path.join(out, 'hash'),
        '--data-dir',
        dataDir,
      ],
      { env: { IBIS_RESOURCES_DIR: resources } },
    );
    expect(code).toBe(4);
    expect(stderr).toMatch(/damaged or was changed/);
  });

  it('ends with 5 where the database cannot be used', async () => {
    const broken = path.join(work, 'broken');
    mkdirSync(path.join(broken, 'database'), { recursive: true });
    writeFileSync(path.join(broken, 'database', 'ibis.db'), 'this is no database'.repeat(100));
    const { code, stderr } = await runCli([
      ...['click', photo, '--include', '40,40', '--out', out, '--data-dir', broken],
    ]);
    expect(code).toBe(5);
    expect(stderr).toMatch(/not a database/);
  });
});

describe('ibis segment', () => {
  const segment = (policy: string, folder: string, ...more: string[]) => [
    ...[
      'segment',
      demo,
      '--axis',
      'axial',
      '--slice',
      '68',
      '--prompt',
      'Segment the left putamen.',
    ],
    ...['--policy', policy, '--out', folder, '--data-dir', dataDir, ...more],
  ];

  it('ends with 5 where the policy writes nonsense, and keeps the trace of it', async () => {
    const folder = path.join(out, 'nonsense');
    const { code, lines, stderr } = await runCli(segment('tiny-idefics3', folder, '--json'));
    expect(code).toBe(5);
    expect(stderr).toMatch(/^ibis: .+\. \(failed\)/);
    expect(lines[0]).toMatchObject({ stepIndex: 0, action: 'unparsed', click: null });
    expect(lines.at(-1)).toMatchObject({ stopReason: 'failed', maskVoxels: 0 });
    expect(existsSync(path.join(folder, 'seg.dcm'))).toBe(false);
    expect(existsSync(path.join(folder, 'trace.jsonl'))).toBe(true);
  });

  it('ends with 4 where the policy is not installed', async () => {
    const { code } = await runCli(segment('nope', path.join(out, 'nope')));
    expect(code).toBe(4);
  });

  it.skipIf(!hasTrainedPolicy)(
    'does the main job with the bundled policy (needs resources/models/ibis-nano)',
    async () => {
      const folder = path.join(out, 'putamen');
      const { code, lines } = await runCli(segment('ibis-nano', folder, '--json'));
      expect(code).toBe(0);
      const steps = lines.slice(0, -1);
      const last = lines.at(-1) as { stopReason: string; steps: number; maskVoxels: number };
      expect(steps.length).toBe(last.steps);
      const keys = ['stepIndex', 'reasoning', 'action', 'click', 'score', 'elapsedMs'];
      for (const [stepIndex, step] of steps.entries()) {
        expect(Object.keys(step)).toEqual(keys);
        expect(step.stepIndex).toBe(stepIndex);
      }
      expect(['policy-stop', 'repeated-action', 'step-limit']).toContain(last.stopReason);
      expect(countNiftiVoxels(path.join(folder, 'mask.nii.gz'))).toBe(last.maskVoxels);
      expect(last.maskVoxels).toBeGreaterThan(0);
    },
  );
});

describe('Ctrl+C', () => {
  it.skipIf(!hasTrainedPolicy)(
    'ends a run after the step in progress is dropped, and what was stored is written out (needs resources/models/ibis-nano)',
    async () => {
      const folder = path.join(out, 'interrupted');
      const { code, lines } = await runCli(
        [
          ...['segment', demo, '--axis', 'axial', '--slice', '68', '--prompt', 'left putamen'],
          ...['--policy', 'ibis-nano', '--out', folder, '--data-dir', dataDir, '--json'],
        ],
        { interruptAtFirstOutput: true }, // the first step's line
      );
      expect(code).toBe(130);
      expect(lines[0]).toMatchObject({ stepIndex: 0 });
      expect(lines.at(-1)).toMatchObject({ stopReason: 'user-stop', steps: lines.length - 1 });
      expect(existsSync(path.join(folder, 'trace.jsonl'))).toBe(true);
    },
  );
});
