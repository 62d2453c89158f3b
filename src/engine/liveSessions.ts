import type { SessionId } from '../domain/brand.js';

/** Sessions in memory. Of those that nobody works on only the newest few stay: the store has them all. */
export interface LiveSessions<Live> {
  has(sessionId: SessionId): boolean;
  add(sessionId: SessionId, live: Promise<Live>): void;
  /** Works on a session, taken up from the store where it is not in memory; it stays in memory until `work` is done. */
  use<T>(sessionId: SessionId, work: (live: Live) => Promise<T>): Promise<T>;
  forget(sessionId: SessionId): void;
}

interface Entry<Live> {
  readonly live: Promise<Live>;
  workers: number;
}

/** `takeUp` makes a stored session live; where it rejects, the next one who asks tries again. */
export function createLiveSessions<Live>(options: {
  readonly takeUp: (sessionId: SessionId) => Promise<Live>;
  readonly mostIdle: number;
}): LiveSessions<Live> {
  const entries = new Map<SessionId, Entry<Live>>(); // newest use last

  const makeRoom = (): void => {
    const idle = [...entries].filter(([, entry]) => entry.workers === 0);
    for (const [sessionId] of idle.slice(0, Math.max(0, idle.length - options.mostIdle)))
      entries.delete(sessionId);
  };

  const add = (sessionId: SessionId, live: Promise<Live>): Entry<Live> => {
    const entry = { live, workers: 0 };
    entries.set(sessionId, entry);
    live.catch(() => {
      if (entries.get(sessionId) === entry) entries.delete(sessionId);
    });
    return entry;
  };

  return {
    has: (sessionId) => entries.has(sessionId),
    add: (sessionId, live) => {
      add(sessionId, live);
      makeRoom();
    },
    use: async (sessionId, work) => {
      const entry = entries.get(sessionId) ?? add(sessionId, options.takeUp(sessionId));
      entries.delete(sessionId);
      entries.set(sessionId, entry);
      entry.workers++;
      try {
        return await work(await entry.live);
      } finally {
        entry.workers--;
        makeRoom();
      }
    },
    forget: (sessionId) => {
      entries.delete(sessionId);
    },
  };
}
