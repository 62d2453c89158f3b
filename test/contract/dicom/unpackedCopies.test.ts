import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';

import { openPaths } from '../../../src/engine/dicom/index.js';
import { openCase, sliceFile } from './openCase.js';

describe('copies that archives are unpacked into', () => {
  const its = openCase();
  const putZip = (members: Record<string, Uint8Array>): string =>
    its.put('all.zip', zipSync(members));
  const copies = (): readonly string[] =>
    readdirSync(its.library.unpackedDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name));
  const filesInUse = (): readonly string[] =>
    its.library
      .listStudies()
      .flatMap(({ series }) => series)
      .flatMap(({ seriesId }) => its.library.getInstances(seriesId, 0).map(({ file }) => file));

  it('are gone after a cancelled opening', async () => {
    const controller = new AbortController();
    let most = 0;
    const result = await openPaths(
      [putZip({ 'a.dcm': sliceFile({ sliceIndex: 0 }), 'b.dcm': sliceFile({ sliceIndex: 1 }) })],
      {
        library: its.library,
        signal: controller.signal,
        onProgress: (_done, _total, label) => {
          most = Math.max(most, copies().length);
          if (label === 'a.dcm') controller.abort();
        },
      },
    );
    expect(result.cancelled).toBe(true);
    expect(most).toBe(2); // they had been there
    expect(readdirSync(its.library.unpackedDir)).toEqual([]);
  });

  it('are kept only of the members that opened', async () => {
    const text = new TextEncoder().encode('hello');
    const zip = putZip({ 'a.dcm': sliceFile({ sliceIndex: 0 }), 'readme.txt': text });
    const { refused } = await openPaths([zip], { library: its.library });
    expect(refused).toMatchObject([{ fileName: 'readme.txt' }]);
    expect(copies()).toEqual(filesInUse());
    expect(copies()).toHaveLength(1);
  });

  it('are gone where nothing of the archive opened', async () => {
    await openPaths([putZip({ 'readme.txt': new TextEncoder().encode('hello') })], {
      library: its.library,
    });
    expect(readdirSync(its.library.unpackedDir)).toEqual([]);
  });

  it('are replaced when the archive is opened again', async () => {
    const zip = putZip({
      'a.dcm': sliceFile({ sliceIndex: 0 }),
      'b.dcm': sliceFile({ sliceIndex: 1 }),
    });
    await openPaths([zip], { library: its.library });
    const first = filesInUse();
    await openPaths([zip], { library: its.library });
    expect([...copies()].sort()).toEqual([...filesInUse()].sort());
    expect(first.some((file) => existsSync(file))).toBe(false);
  });

  it('are gone when their study is closed', async () => {
    await openPaths([putZip({ 'a.dcm': sliceFile({ sliceIndex: 0 }) })], { library: its.library });
    expect(copies()).toHaveLength(1);
    for (const { studyId } of its.library.listStudies()) its.library.closeStudy(studyId);
    expect(copies()).toEqual([]);
  });
});
