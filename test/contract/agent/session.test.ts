import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { targetsFileSchema } from '../../../src/contract/targets.js';
import { computeDice } from '../../../src/domain/metrics.js';
import { unpackMask } from '../../../src/domain/mask.js';
import { computeSlicePlane } from '../../../src/domain/plane.js';
import { emptyAgentState, getInForce, undoStep } from '../../../src/engine/agent/agentState.js';
import { placeUserClick, removeClick } from '../../../src/engine/agent/prompting.js';
import { runAgentLoop } from '../../../src/engine/agent/runAgentLoop.js';
import { createVolumeReader } from '../../../src/engine/eval/readVolume.js';
import { runEvaluation } from '../../../src/engine/eval/runEvaluation.js';
import { getPolicyModel, loadModels } from '../../../src/engine/inference/models.js';
import { createPolicy } from '../../../src/engine/inference/policy.js';
import { createSegmenter } from '../../../src/engine/inference/segmenter.js';
import {
  bundledModels,
  drawDisc,
  findSharedData,
  loadMinisam,
  makeTemporaryFolder,
  repository,
} from '../inference/models.js';
import type { VolumeGeometry } from '../../../src/domain/geometry.js';
import type { Mask } from '../../../src/domain/mask.js';
import type { AgentContext, AgentState } from '../../../src/engine/agent/agentState.js';
import type { LoadedPolicy } from '../../../src/engine/inference/policy.js';
import type { LoadedSegmenter } from '../../../src/engine/inference/segmenter.js';
import { axialGrid } from '../../fixtures/axialGrid.js';

const signal = new AbortController().signal;
const geometry: VolumeGeometry = axialGrid([96, 80, 1], { orientationKnown: false });
const disc = { column: 40, row: 30, radius: 14 };
const truth: Mask = {
  width: 96,
  height: 80,
  data: Uint8Array.from({ length: 96 * 80 }, (_, p) =>
    ((p % 96) - disc.column) ** 2 + (Math.floor(p / 96) - disc.row) ** 2 <= disc.radius ** 2
      ? 1
      : 0,
  ),
};
const at = (column: number, row: number, label: 'include' | 'exclude' = 'include') => ({
  label,
  normalised: { x: (column + 0.5) / 96, y: (row + 0.5) / 80 },
});
const maskOf = (state: AgentState): Mask => {
  const { mask } = getInForce(state);
  if (mask === null) throw new Error('there is no mask');
  return unpackMask(mask);
};

describe('a session with real models', () => {
  let segmenter: LoadedSegmenter;
  let context: AgentContext;
  beforeAll(async () => {
    segmenter = await createSegmenter({ model: await loadMinisam(), cacheDir: null });
    context = {
      slice: drawDisc(96, 80, disc),
      geometry,
      plane: computeSlicePlane(geometry, 'acquired'),
      sliceIndex: 0,
      request: 'Segment the disc.',
      segmenter,
    };
  });
  afterAll(async () => {
    await segmenter.close();
  });

  it('follows the user: click, wrong click, undo, another click, removal', async () => {
    const one = await placeUserClick(context, emptyAgentState, at(40, 30), signal);
    expect(computeDice(maskOf(one.state), truth)).toBeGreaterThan(0.9);
    const wrong = await placeUserClick(context, one.state, at(85, 70), signal);
    expect(computeDice(maskOf(wrong.state), truth)).toBeLessThan(
      computeDice(maskOf(one.state), truth),
    );
    const undone = undoStep(wrong.state) ?? emptyAgentState;
    expect(maskOf(undone)).toEqual(maskOf(one.state));
    const two = await placeUserClick(context, undone, at(85, 70, 'exclude'), signal);
    expect(computeDice(maskOf(two.state), truth)).toBeGreaterThan(0.9);
    const removed = await removeClick(context, two.state, 1, signal);
    expect(removed.record.step.prompts.clicks).toHaveLength(1);
    expect(computeDice(maskOf(removed.state), truth)).toBeGreaterThan(0.9);
    expect(removed.state.records.map(({ step }) => step.undone)).toEqual([
      false,
      true,
      false,
      false,
    ]);
  });

  it('ends as failed, with the text kept, when the policy writes what is no action', async () => {
    const models = await loadModels([path.join(repository, 'test/fixtures/policies')]);
    const policy = await createPolicy({ model: getPolicyModel(models, 'tiny-qwen2.5-vl') });
    const events = [];
    const run = { context, policy, state: emptyAgentState, seed: 0, signal };
    for await (const event of runAgentLoop({ ...run, maxSteps: 5, parseRetries: 1 }))
      events.push(event);
    await policy.close();
    expect(events.map(({ kind }) => kind)).toEqual(['step', 'step', 'end']);
    expect(events[0]).toMatchObject({
      record: { step: { action: { kind: 'unparsed' }, mask: null, stepIndex: 0 } },
    });
    expect(events.at(-1)).toMatchObject({ stopReason: 'failed' });
  });

  it('is cancelled while the policy writes, and leaves the state as it was', async () => {
    const models = await loadModels([path.join(repository, 'test/fixtures/policies')]);
    const policy = await createPolicy({ model: getPolicyModel(models, 'tiny-idefics3') });
    const controller = new AbortController();
    const events = [];
    const run = {
      context,
      policy,
      state: emptyAgentState,
      seed: 0,
      signal: controller.signal,
      onText: () => {
        controller.abort();
      },
    };
    for await (const event of runAgentLoop({ ...run, maxSteps: 5, parseRetries: 0 }))
      events.push(event);
    await policy.close();
    expect(events).toEqual([{ kind: 'end', stopReason: 'user-stop', answer: null, failure: null }]);
  });
});

const hasNano = existsSync(path.join(bundledModels, 'ibis-nano/manifest.json'));
const sets = ['sunnybrook_cmr', 'hc18_fetal_us', 'msd_hippocampus_mri'].filter(
  (dataset) => findSharedData(dataset) !== null,
);

describe.skipIf(!hasNano || sets.length === 0)('the bundled policy on test images', () => {
  let segmenter: LoadedSegmenter;
  let policy: LoadedPolicy;
  beforeAll(async () => {
    segmenter = await createSegmenter({ model: await loadMinisam(), cacheDir: null });
    const models = await loadModels([bundledModels]);
    policy = await createPolicy({ model: getPolicyModel(models, 'ibis-nano') });
  });
  afterAll(async () => {
    await segmenter.close();
    await policy.close();
  });

  // docs/models.md has the figures of the whole splits; this shows that the path from text to mask is whole.
  it.each(sets)('segments %s better than a click at the centre does', async (dataset) => {
    const reader = createVolumeReader(makeTemporaryFolder());
    const targets = targetsFileSchema.parse(
      JSON.parse(readFileSync(path.join(repository, `resources/targets/${dataset}.json`), 'utf8')),
    );
    const report = await runEvaluation({
      datasetDir: findSharedData(dataset) ?? '',
      targets: { ...targets, targets: targets.targets.slice(0, 1) },
      split: 'test',
      policy,
      segmenter,
      readVolume: reader.readVolume,
      methods: ['agent', 'centre-click'],
      maxFiles: 3,
      signal,
    });
    await reader.close();
    const [agent, centre] = report.means;
    expect(agent).toMatchObject({ method: 'agent', n: report.rows.length / 2 });
    expect(agent?.dice).toBeGreaterThan((centre?.dice ?? 1) + 0.05);
    const stops = report.rows
      .filter(({ method }) => method === 'agent')
      .map((row) => row.stopReason);
    expect(stops).not.toContain('failed');
  });
});
