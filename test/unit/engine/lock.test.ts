import { describe, expect, it } from 'vitest';

import { createLock } from '../../../src/engine/liveSession.js';

describe('the lock of a session', () => {
  it('lets one piece of work in after the other, in the order of asking, failures included', async () => {
    const lock = createLock();
    const log: string[] = [];
    const work = (name: string, ms: number, fails = false) =>
      lock(async () => {
        log.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, ms));
        log.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      });
    const all = [work('a', 15), work('b', 1, true), work('c', 5)];
    expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });
});
