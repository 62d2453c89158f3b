import { describe, expect, it } from 'vitest';

import { createForeground } from '../../../src/engine/foreground.js';
import { createJobs } from '../../../src/engine/jobs.js';

const untilAborted = (signal: AbortSignal): Promise<string> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve('aborted');
    });
  });

describe('jobs', () => {
  it('are cancelled by the id they were started under, and no other', async () => {
    const jobs = createJobs(createForeground());
    const a = jobs.run('a', untilAborted);
    const b = jobs.run('b', async (signal) => signal.aborted);
    jobs.cancel('a');
    jobs.cancel('never started');
    expect(await a).toBe('aborted');
    expect(await b).toBe(false);
  });

  it('give way to a later job of the same id, which can then still be cancelled', async () => {
    const jobs = createJobs(createForeground());
    const first = jobs.run('a', untilAborted);
    const second = jobs.run('a', untilAborted);
    expect(await first).toBe('aborted');
    jobs.cancelAll();
    expect(await second).toBe('aborted');
  });
});
