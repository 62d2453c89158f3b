import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findFreeFolder, removeEarlierExport } from '../../../src/engine/export/exportFolder.js';

describe('a folder that is exported to', () => {
  let folder = '';
  const put = (name: string): string => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, '');
    return file;
  };
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'ibis-export-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('is used as it is while no export lies in it, whatever else does', () => {
    put('holiday.png');
    expect(findFreeFolder(folder)).toBe(folder);
    expect(findFreeFolder(path.join(folder, 'new'))).toBe(path.join(folder, 'new'));
  });

  it('gives every further export a place of its own', () => {
    put('seg.dcm');
    expect(findFreeFolder(folder)).toBe(path.join(folder, 'ibis-2'));
    put('ibis-2/trace_images/step-000.png');
    expect(findFreeFolder(folder)).toBe(path.join(folder, 'ibis-3'));
  });

  it('keeps nothing of the export before where it is replaced, and all that is not ours', () => {
    for (const name of [
      'seg.dcm',
      'trace_images/step-007.png',
      'trace_images/mine.png',
      'notes.txt',
    ])
      put(name);
    removeEarlierExport(folder, [put('mask.nii.gz'), put('trace_images/step-000.png')]);
    expect(readdirSync(folder).sort()).toEqual(['mask.nii.gz', 'notes.txt', 'trace_images']);
    expect(readdirSync(path.join(folder, 'trace_images')).sort()).toEqual([
      'mine.png',
      'step-000.png',
    ]);
  });
});
