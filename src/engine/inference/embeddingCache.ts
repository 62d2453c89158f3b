import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

/** Image embeddings on disk, the least recently used dropped first. Synchronous: it lives in a worker thread. */
export interface EmbeddingCache {
  /** Null when it is not there, or not of the expected size. */
  read(key: string): Uint8Array | null;
  write(key: string, bytes: Uint8Array): void;
}

const SUFFIX = '.f16';

/**
 * Opens (and makes, private to the user: embeddings come from patients' images) a cache folder that holds at
 * most `limitBytes`. Several processes may share it. A disk that is full or read-only only means no cache.
 */
export function openEmbeddingCache(
  folder: string,
  { limitBytes, entryBytes }: { readonly limitBytes: number; readonly entryBytes: number },
): EmbeddingCache {
  const entries = new Map<string, number>(); // key -> size, least recently used first
  let totalBytes = 0;
  const fileOf = (key: string): string => path.join(folder, `${key}${SUFFIX}`);

  const forget = (key: string): void => {
    totalBytes -= entries.get(key) ?? 0;
    entries.delete(key);
  };
  const remember = (key: string, size: number): void => {
    forget(key);
    entries.set(key, size);
    totalBytes += size;
  };
  const dropOldest = (): void => {
    for (const key of entries.keys()) {
      if (totalBytes <= limitBytes) return;
      rmSync(fileOf(key), { force: true });
      forget(key);
    }
  };

  attempt(() => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = readdirSync(folder)
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => ({ name, stat: statSync(path.join(folder, name)) }))
      .sort((a, b) => a.stat.mtimeMs - b.stat.mtimeMs);
    for (const { name, stat } of found) remember(name.slice(0, -SUFFIX.length), stat.size);
    dropOldest();
  });

  return {
    read: (key) =>
      attempt(() => {
        const bytes = readFileSync(fileOf(key));
        if (bytes.length !== entryBytes) {
          rmSync(fileOf(key), { force: true });
          forget(key);
          return null;
        }
        const now = new Date();
        utimesSync(fileOf(key), now, now);
        remember(key, bytes.length);
        return bytes;
      }) ?? null,
    write: (key, bytes) => {
      attempt(() => {
        const partial = path.join(folder, `${key}.${String(process.pid)}.partial`);
        writeFileSync(partial, bytes, { mode: 0o600 });
        renameSync(partial, fileOf(key)); // whole or not at all
        remember(key, bytes.length);
        dropOldest();
      });
    },
  };
}

/** A cache that fails is a cache that misses. */
function attempt<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}
