import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { BatchCaseSummary, BatchSummary } from '../../../src/contract/batchChannels.js';
import { batchReportSchema } from '../../../src/contract/batchReport.js';
import type { BatchId } from '../../../src/domain/brand.js';
import { drawDisk, png } from '../cli/diskImage.js';
import { makeDataDir, openTestEngine, resourcesDir } from './helpers.js';
import type { TestEngine } from './helpers.js';

const hasTrainedPolicy = existsSync(
  path.join(resourcesDir, 'models', 'ibis-nano', 'manifest.json'),
);
const work = makeDataDir();
const images = path.join(work, 'images');
const models = { policyId: 'ibis-nano', segmenterId: 'ibis-click', maxSteps: 4 };
const asked = {
  prompts: ['Segment the left ventricle.'],
  axis: 'acquired' as const,
  slice: null,
};

beforeAll(() => {
  mkdirSync(images);
  for (const [name, side] of [
    ['one', 96],
    ['two', 80],
    ['three', 88],
  ] as const)
    writeFileSync(path.join(images, `${name}.png`), png(drawDisk(side, 40, 16).image, side));
  // Its header is whole, its pixels are cut short: it is listed as a series and fails when it is read.
  const whole = png(drawDisk(90, 40, 16).image, 90);
  writeFileSync(path.join(images, 'broken.png'), whole.subarray(0, whole.length - 40));
  writeFileSync(path.join(images, 'notes.txt'), 'not an image');
});
afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

describe.skipIf(!hasTrainedPolicy)(
  'a batch of the window (needs resources/models/ibis-nano)',
  () => {
    let test: TestEngine;
    let dataDir = '';
    beforeEach(async () => {
      dataDir = makeDataDir();
      test = await openTestEngine({ dataDir });
    });
    afterEach(async () => {
      await test.close();
      rmSync(dataDir, { recursive: true, force: true });
    });

    const make = (): Promise<BatchSummary> =>
      test.engine.invoke('createBatch', {
        from: { kind: 'folder', path: images, ...asked },
        ...models,
        jobId: 'make',
      });
    const find = async (batchId: BatchId): Promise<BatchSummary> => {
      const found = (await test.engine.invoke('listBatches', {})).find(
        (batch) => batch.batchId === batchId,
      );
      if (found === undefined) throw new Error('the batch is not stored');
      return found;
    };
    const listCases = (batchId: BatchId): Promise<readonly BatchCaseSummary[]> =>
      test.engine.invoke('listBatchCases', { batchId, offset: 0 });
    /** Resolves with the first announcement after `begun` of an end of the run. */
    const untilStill = async (batchId: BatchId, begun: number): Promise<void> => {
      await test.waitFor(
        (event) =>
          event.kind === 'batchChanged' &&
          event.batch.batchId === batchId &&
          !event.batch.isRunning &&
          test.events.indexOf(event) >= begun,
      );
    };
    const run = async (batchId: BatchId, retryFailed = false): Promise<void> => {
      const begun = test.events.length;
      await test.engine.invoke('runBatch', { batchId, retryFailed });
      await untilStill(batchId, begun);
    };

    it('makes a case of each series, names what it could not read, and shows none of it as opened', async () => {
      const batch = await make();
      expect(batch).toMatchObject({ label: 'images', counts: { done: 0, failed: 0, pending: 4 } });
      expect(batch.refused.map(({ fileName }) => fileName)).toEqual(['notes.txt']);
      expect(await test.engine.invoke('listStudies', {})).toEqual([]);
      const cases = await listCases(batch.batchId);
      expect(cases.map(({ fileName }) => fileName).sort()).toEqual([
        'broken.png',
        'one.png',
        'three.png',
        'two.png',
      ]);
      expect(cases.every(({ sessionId }) => sessionId === null)).toBe(true);
    });

    it('runs to its end past a broken series, and each result waits for review', async () => {
      const { batchId } = await make();
      await run(batchId);
      expect((await find(batchId)).counts).toEqual({ done: 3, failed: 1, pending: 0 });
      const cases = await listCases(batchId);
      const broken = cases.find(({ fileName }) => fileName === 'broken.png');
      expect(broken).toMatchObject({ state: 'failed', sessionId: null });
      expect(broken?.error?.message).toMatch(/\w{3,}.*\.$/);
      const waiting = await test.engine.invoke('listSessions', { search: '', filter: 'to-review' });
      expect(new Set(waiting.map(({ sessionId }) => sessionId))).toEqual(
        new Set(cases.filter(({ state }) => state === 'done').map(({ sessionId }) => sessionId)),
      );
      expect(await test.engine.invoke('listStudies', {})).toEqual([]);
    });

    it('runs nothing twice, tries what could not be opened again, and reports as the command line does', async () => {
      const { batchId } = await make();
      await run(batchId);
      const before = await test.engine.invoke('listSessions', { search: '' });
      await run(batchId);
      expect(await test.engine.invoke('listSessions', { search: '' })).toEqual(before);
      const broken = path.join(images, 'broken.png');
      const cutShort = readFileSync(broken);
      writeFileSync(broken, png(drawDisk(90, 40, 16).image, 90));
      await run(batchId);
      writeFileSync(broken, cutShort);
      expect((await find(batchId)).counts).toEqual({ done: 4, failed: 0, pending: 0 });
      const { file } = await test.engine.invoke('saveBatchReport', { batchId, outDir: work });
      const report = batchReportSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
      expect(report.rows.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done']);
      expect(report.refused).toHaveLength(1);
    });

    it('is paused in the middle and resumed by a later engine, with nothing lost or doubled', async () => {
      const { batchId } = await make();
      const begun = test.events.length;
      await test.engine.invoke('runBatch', { batchId });
      await test.waitFor((event) => event.kind === 'stepSaved');
      await test.engine.invoke('pauseBatch', { batchId });
      await untilStill(batchId, begun);
      const paused = await find(batchId);
      expect(paused.counts.pending).toBeGreaterThan(0);
      await test.close();
      test = await openTestEngine({ dataDir });
      const info = await test.engine.invoke('getAppInfo', {});
      expect(info.interruptedSessions).toEqual([]); // the batch itself waits to be resumed
      expect(await find(batchId)).toMatchObject({ isRunning: false, counts: paused.counts });
      await run(batchId);
      expect((await find(batchId)).counts).toEqual({ done: 3, failed: 1, pending: 0 });
      expect(await test.engine.invoke('listSessions', { search: '' })).toHaveLength(3);
      expect(await test.engine.invoke('listStudies', {})).toEqual([]);
    });

    it('stands back while the user waits for a session of their own', async () => {
      const opened = await test.engine.invoke('openDemoStudy', {});
      if (opened.seriesId === null) throw new Error('there is no demo study');
      const { batchId } = await make();
      const begun = test.events.length;
      await test.engine.invoke('runBatch', { batchId });
      await test.waitFor((event) => event.kind === 'stepSaved');
      const own = await test.engine.invoke('startSession', {
        ...{ seriesId: opened.seriesId, phaseIndex: 0, axis: opened.axis },
        ...{ sliceIndex: opened.sliceIndex, window: null, prompt: opened.prompt },
        ...models,
      });
      await test.engine.invoke('runSession', { sessionId: own.sessionId });
      const from = test.events.length;
      await test.waitFor(
        (event) =>
          event.kind === 'sessionChanged' &&
          event.sessionId === own.sessionId &&
          event.runState === 'stopped',
      );
      const steps = test.events.slice(from).filter((event) => event.kind === 'stepSaved');
      expect(steps.length).toBeGreaterThan(0);
      expect(steps.every((event) => event.sessionId === own.sessionId)).toBe(true);
      await untilStill(batchId, begun);
      expect((await find(batchId)).counts).toEqual({ done: 3, failed: 1, pending: 0 });
    });

    it('is one at a time, and is forgotten without its sessions', async () => {
      const { batchId } = await make();
      const begun = test.events.length;
      await test.engine.invoke('runBatch', { batchId });
      await expect(test.engine.invoke('runBatch', { batchId })).rejects.toThrow(/running already/);
      await expect(test.engine.invoke('deleteBatch', { batchId })).rejects.toThrow(
        /Pause it first/,
      );
      await untilStill(batchId, begun);
      await test.engine.invoke('deleteBatch', { batchId });
      expect(await test.engine.invoke('listBatches', {})).toEqual([]);
      expect(await test.engine.invoke('listSessions', { search: '' })).toHaveLength(3);
    });
  },
);
