import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { IbisError } from '../../contract/errors.js';

export interface CachedFile {
  readonly file: string;
  readonly length: number;
}

export interface CacheFolder {
  /** For whole unpacked files (zip members, inflated data sets); not bounded by `maxBytes`. */
  readonly unpackedDir: string;
  get(key: string): CachedFile | null;
  /** Stores bytes under a key; the least recently used entries make room. */
  put(key: string, bytes: Uint8Array): Promise<CachedFile>;
  close(): Promise<void>;
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
};

/** Folders are named <pid>-<random>: those of processes that are gone hold patients' pixels that nobody needs. */
function removeLeftovers(cacheDir: string): void {
  for (const name of readdirSync(cacheDir)) {
    const pid = Number(/^(\d+)-[0-9a-f]+$/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isInteger(pid) && pid !== process.pid && !isAlive(pid))
      rmSync(path.join(cacheDir, name), { recursive: true, force: true });
  }
}

// An address that was just given out must stay readable for as long as main may take to open it.
const PROTECTED_MS = 30_000;

/**
 * Decoded frames on disk, private to the user and to this process, least recently used first out beyond
 * `maxBytes`. Removed on close, or at the next start.
 */
export function createCacheFolder({
  cacheDir,
  maxBytes = 2 * 1024 ** 3,
  now = Date.now,
}: {
  cacheDir: string;
  maxBytes?: number;
  now?: () => number;
}): CacheFolder {
  mkdirSync(cacheDir, { recursive: true, mode: 0o700 });
  removeLeftovers(cacheDir);
  const own = path.join(cacheDir, `${String(process.pid)}-${randomBytes(4).toString('hex')}`);
  const framesDir = path.join(own, 'frames');
  const unpackedDir = path.join(own, 'unpacked');
  for (const dir of [own, framesDir, unpackedDir]) mkdirSync(dir, { mode: 0o700 });

  // A Map keeps insertion order: re-inserting on use makes the first entry the least recently used.
  const entries = new Map<string, { readonly length: number; usedAt: number }>();
  let totalBytes = 0;
  const fileOf = (key: string): string => path.join(framesDir, key);

  const touch = (key: string): CachedFile | null => {
    const entry = entries.get(key);
    if (entry === undefined) return null;
    entries.delete(key);
    entries.set(key, { length: entry.length, usedAt: now() });
    return { file: fileOf(key), length: entry.length };
  };

  const makeRoom = async (): Promise<void> => {
    for (const [key, entry] of entries) {
      if (totalBytes <= maxBytes || now() - entry.usedAt < PROTECTED_MS) return;
      entries.delete(key);
      totalBytes -= entry.length;
      await rm(fileOf(key), { force: true });
    }
  };

  return {
    unpackedDir,
    get: touch,
    put: async (key, bytes) => {
      const known = touch(key);
      if (known !== null) return known;
      const temporary = `${fileOf(key)}.${randomBytes(4).toString('hex')}`;
      try {
        await writeFile(temporary, bytes, { mode: 0o600 });
        await rename(temporary, fileOf(key));
      } catch (cause) {
        await rm(temporary, { force: true });
        throw new IbisError('disk-full', 'The cache folder cannot be written: is the disk full?', {
          cause,
        });
      }
      if (!entries.has(key)) totalBytes += bytes.length;
      entries.set(key, { length: bytes.length, usedAt: now() });
      await makeRoom();
      return { file: fileOf(key), length: bytes.length };
    },
    close: () => rm(own, { recursive: true, force: true }),
  };
}
