import { describe, expect, it } from 'vitest';

import type { SessionId } from '../../../src/domain/brand.js';
import { createLiveSessions } from '../../../src/engine/liveSessions.js';

const idOf = (name: string): SessionId => name as SessionId; // branding a name of the test

describe('sessions in memory', () => {
  const begin = (mostIdle: number) => {
    const takenUp: string[] = [];
    const live = createLiveSessions({
      takeUp: async (sessionId) => {
        takenUp.push(sessionId);
        if (sessionId === 'gone') throw new Error('its images are gone');
        return { sessionId };
      },
      mostIdle,
    });
    const use = (name: string, work: Promise<unknown> = Promise.resolve()) =>
      live.use(idOf(name), async (session) => {
        await work;
        return session;
      });
    return { takenUp, live, use };
  };

  it('are taken up once, however many work on them', async () => {
    const { takenUp, use } = begin(2);
    const [first, second] = await Promise.all([use('a'), use('a')]);
    expect(await use('a')).toBe(first);
    expect(second).toBe(first);
    expect(takenUp).toEqual(['a']);
  });

  it('make room for newer ones, the one longest unused first', async () => {
    const { takenUp, live, use } = begin(2);
    for (const name of ['a', 'b', 'a', 'c']) await use(name);
    expect(['a', 'b', 'c'].map((name) => live.has(idOf(name)))).toEqual([true, false, true]);
    await use('b');
    expect(takenUp).toEqual(['a', 'b', 'c', 'b']);
  });

  it('stay while someone works on them, so that no session is ever two', async () => {
    const { live, use } = begin(0);
    let finish = (): void => undefined;
    const work = use('a', new Promise<void>((resolve) => (finish = resolve)));
    await use('b');
    expect([live.has(idOf('a')), live.has(idOf('b'))]).toEqual([true, false]);
    const other = use('a');
    finish();
    expect(await other).toBe(await work);
    expect(live.has(idOf('a'))).toBe(false);
  });

  it('are asked for again where taking up failed', async () => {
    const { takenUp, live, use } = begin(2);
    await expect(use('gone')).rejects.toThrow('its images are gone');
    expect(live.has(idOf('gone'))).toBe(false);
    await expect(use('gone')).rejects.toThrow();
    expect(takenUp).toEqual(['gone', 'gone']);
  });

  it('are there at once when they were put there, and no longer when they are forgotten', async () => {
    const { takenUp, live, use } = begin(2);
    live.add(idOf('a'), Promise.resolve({ sessionId: idOf('a') }));
    await use('a');
    expect(takenUp).toEqual([]);
    live.forget(idOf('a'));
    expect(live.has(idOf('a'))).toBe(false);
  });
});
