import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createLibrary, openPaths, type Library } from '../../../src/engine/dicom/index.js';
import { ctSlice, encodePart10 } from '../../fixtures/makeSeries.js';

describe('copies that archives are unpacked into', () => {
  let dir = '';
  let library: Library;
  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'ibis-unpacked-'));
    library = createLibrary({ cacheDir: path.join(dir, 'cache') });
  });
  afterEach(async () => {
    await library.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const slice = (sliceIndex: number): Uint8Array =>
    encodePart10(ctSlice({ rows: 8, columns: 10, sliceIndex }));
  const putZip = (members: Record<string, Uint8Array>): string => {
    const file = path.join(dir, 'all.zip');
    writeFileSync(file, zipSync(members));
    return file;
  };
  const copies = (): readonly string[] =>
    readdirSync(library.unpackedDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name));
  const filesInUse = (): readonly string[] =>
    library
      .listStudies()
      .flatMap(({ series }) => series)
      .flatMap(({ seriesId }) => library.getInstances(seriesId, 0).map(({ file }) => file));

  it('are gone after a cancelled opening', async () => {
    const controller = new AbortController();
    let most = 0;
    const result = await openPaths([putZip({ 'a.dcm': slice(0), 'b.dcm': slice(1) })], {
      library,
      signal: controller.signal,
      onProgress: (_done, _total, label) => {
        most = Math.max(most, copies().length);
        if (label === 'a.dcm') controller.abort();
      },
    });
    expect(result.cancelled).toBe(true);
    expect(most).toBe(2); // they had been there
    expect(readdirSync(library.unpackedDir)).toEqual([]);
  });

  it('are kept only of the members that opened', async () => {
    const text = new TextEncoder().encode('hello');
    const zip = putZip({ 'a.dcm': slice(0), 'readme.txt': text });
    const { refused } = await openPaths([zip], { library });
    expect(refused).toMatchObject([{ fileName: 'readme.txt' }]);
    expect(copies()).toEqual(filesInUse());
    expect(copies()).toHaveLength(1);
  });

  it('are gone where nothing of the archive opened', async () => {
    await openPaths([putZip({ 'readme.txt': new TextEncoder().encode('hello') })], { library });
    expect(readdirSync(library.unpackedDir)).toEqual([]);
  });

  it('are replaced when the archive is opened again', async () => {
    const zip = putZip({ 'a.dcm': slice(0), 'b.dcm': slice(1) });
    await openPaths([zip], { library });
    const first = filesInUse();
    await openPaths([zip], { library });
    expect([...copies()].sort()).toEqual([...filesInUse()].sort());
    expect(first.some((file) => existsSync(file))).toBe(false);
  });

  it('are gone when their study is closed', async () => {
    await openPaths([putZip({ 'a.dcm': slice(0) })], { library });
    expect(copies()).toHaveLength(1);
    for (const { studyId } of library.listStudies()) library.closeStudy(studyId);
    expect(copies()).toEqual([]);
  });
});
