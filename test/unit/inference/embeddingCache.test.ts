import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { openEmbeddingCache } from '../../../src/engine/inference/embeddingCache.js';

let folder = '';
beforeEach(() => {
  const parent = mkdtempSync(path.join(tmpdir(), 'ibis-cache-'));
  folder = path.join(parent, 'embeddings');
  onTestFinished(() => {
    rmSync(parent, { recursive: true, force: true });
  });
});

const limits = { limitBytes: 30, entryBytes: 10 };
const bytes = (value: number): Uint8Array => new Uint8Array(10).fill(value);
/** File times have a resolution of their own: set them, rather than wait. */
const age = (key: string, seconds: number): void => {
  const time = new Date(Date.now() - seconds * 1000);
  utimesSync(path.join(folder, `${key}.f16`), time, time);
};

describe('the embedding cache on disk', () => {
  it('gives back what was written, also to the next process', () => {
    openEmbeddingCache(folder, limits).write('a', bytes(7));
    expect([...(openEmbeddingCache(folder, limits).read('a') ?? [])]).toEqual([...bytes(7)]);
    expect(openEmbeddingCache(folder, limits).read('b')).toBeNull();
  });

  it('is private to the user', () => {
    openEmbeddingCache(folder, limits).write('a', bytes(7));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(folder, 'a.f16')).mode & 0o777).toBe(0o600);
  });

  it('stays within its limit and drops what was not used for longest', () => {
    const cache = openEmbeddingCache(folder, limits);
    for (const key of ['a', 'b', 'c']) cache.write(key, bytes(1));
    cache.read('a');
    cache.write('d', bytes(1));
    expect(readdirSync(folder).sort()).toEqual(['a.f16', 'c.f16', 'd.f16']);
  });

  it('remembers across processes what was used last, and shrinks to a smaller limit', () => {
    const cache = openEmbeddingCache(folder, limits);
    for (const key of ['a', 'b', 'c']) cache.write(key, bytes(1));
    age('a', 10);
    age('b', 30);
    age('c', 20);
    openEmbeddingCache(folder, { ...limits, limitBytes: 20 });
    expect(readdirSync(folder).sort()).toEqual(['a.f16', 'c.f16']);
  });

  it('drops a file that was cut short', () => {
    const cache = openEmbeddingCache(folder, limits);
    cache.write('a', bytes(1));
    writeFileSync(path.join(folder, 'a.f16'), 'torn');
    expect(cache.read('a')).toBeNull();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves no partial file behind', () => {
    openEmbeddingCache(folder, limits).write('a', bytes(1));
    expect(readdirSync(folder)).toEqual(['a.f16']);
  });

  it('only misses where the folder cannot be made', () => {
    writeFileSync(folder, 'a file stands here');
    chmodSync(folder, 0o400);
    const cache = openEmbeddingCache(folder, limits);
    cache.write('a', bytes(1));
    expect(cache.read('a')).toBeNull();
  });
});
