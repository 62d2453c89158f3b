import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createCacheFolder } from '../../../src/engine/dicom/cacheFolder.js';

describe('the cache of decoded frames', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'ibis-cache-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it('drops the least recently used frames beyond its size', async () => {
    let time = 0;
    const cache = createCacheFolder({ cacheDir: dir, maxBytes: 250, now: () => time });
    const first = await cache.put('a', new Uint8Array(100));
    await cache.put('b', new Uint8Array(100));
    time = 60_000;
    expect(cache.get('a')?.length).toBe(100); // used now: b is the oldest
    time = 120_000;
    await cache.put('c', new Uint8Array(100));
    expect(cache.get('b')).toBeNull();
    expect(cache.get('a')).not.toBeNull();
    expect(existsSync(first.file)).toBe(true);
    await cache.close();
  });

  it('keeps a frame whose address was just given out, even beyond its size', async () => {
    const cache = createCacheFolder({ cacheDir: dir, maxBytes: 100, now: () => 1000 });
    const { file } = await cache.put('a', new Uint8Array(100));
    await cache.put('b', new Uint8Array(100));
    expect(existsSync(file)).toBe(true);
    await cache.close();
  });

  it('is private to the user, and gone after close', async () => {
    const cache = createCacheFolder({ cacheDir: dir });
    const { file } = await cache.put('a', Uint8Array.of(1, 2, 3));
    if (process.platform !== 'win32') {
      expect(statSync(file).mode & 0o077).toBe(0);
      expect(statSync(path.dirname(file)).mode & 0o077).toBe(0);
    }
    await cache.close();
    expect(existsSync(file)).toBe(false);
  });

  it('removes what a process that is gone left behind, and nothing else', () => {
    const gone = path.join(dir, '999999999-abcd');
    const foreign = path.join(dir, 'notes');
    mkdirSync(gone);
    mkdirSync(foreign);
    createCacheFolder({ cacheDir: dir });
    expect(existsSync(gone)).toBe(false);
    expect(existsSync(foreign)).toBe(true);
  });
});
