import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { SessionFileManifest } from '../../../src/contract/sessionFile.js';
import { writeMadeFile } from '../../../src/engine/export/madeFile.js';
import { deidentifyFiles } from '../../../src/engine/deidentify/index.js';
import { writeSessionFile } from '../../../src/engine/sessionFile/writeSessionFile.js';
import { ctSlice, encodePart10 } from '../../fixtures/makeSeries.js';
import { deidentifierOf } from '../deidentify/deidentifyCase.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ibis-full-disk-'));
const disk = path.join(folder, 'disk');
const DISK_BYTES = 256 * 1024;

/** A disk of 256 KiB; only the superuser may make one. */
function mountSmallDisk(): boolean {
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${String(DISK_BYTES)}`, 'tmpfs', disk], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}
const isMounted = mountSmallDisk();
afterAll(() => {
  if (isMounted) execFileSync('umount', [disk]);
  rmSync(folder, { recursive: true, force: true });
});

const filesOf = (place: string): string[] =>
  readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);

describe.skipIf(!isMounted)(
  'an export to a disk that is full half way (a small disk must be mounted)',
  () => {
    const large = new Uint8Array(2 * DISK_BYTES).map((_, at) => (at * 31) ^ (at >> 8));
    const image = path.join(folder, 'large.dcm');
    const isFull = { code: 'disk-full', message: /disk is full.*Free some space/ };
    const full = { ...isFull, message: expect.stringMatching(isFull.message) as string };

    beforeAll(() => {
      const pixels = new Uint16Array(large.buffer);
      writeFileSync(
        image,
        encodePart10(ctSlice({ sliceIndex: 0, rows: 512, columns: 512, pixels })),
      );
    });

    it('leaves no half file of any format, and the earlier one as it was', async () => {
      await writeMadeFile(disk, { name: 'mask.nii.gz', bytes: 'earlier' });
      for (const bytes of [large, [large.subarray(0, 1000), large]])
        await expect(writeMadeFile(disk, { name: 'mask.nii.gz', bytes })).rejects.toMatchObject(
          full,
        );
      expect(filesOf(disk)).toEqual(['mask.nii.gz']);
      expect(readFileSync(path.join(disk, 'mask.nii.gz'), 'utf8')).toBe('earlier');
      rmSync(path.join(disk, 'mask.nii.gz'));
    });

    it('leaves no half session file', async () => {
      const header: Omit<SessionFileManifest, 'files'> = {
        kind: 'ibis-session',
        schemaVersion: 2,
        tool: 'test',
        notice: 'test',
        writtenAt: new Date(0).toISOString(),
        databaseVersion: 1,
        sessionId: 'one',
        series: { seriesInstanceUID: '1.2', sourceKind: 'dicom' },
        slice: { sha256: '0'.repeat(64), width: 1, height: 1 },
        images: 'included',
        privacy: 'as-stored',
      };
      const members = [{ path: 'images/000000.dcm', source: image }];
      await expect(
        writeSessionFile(path.join(disk, 'one.ibis'), header, members),
      ).rejects.toMatchObject(full);
      expect(filesOf(disk)).toEqual([]);
    });

    it('leaves nothing of de-identified copies that are not all there, and what lay beside them', async () => {
      const small = path.join(folder, 'small.dcm');
      writeFileSync(small, encodePart10(ctSlice({ sliceIndex: 1, rows: 8, columns: 8 })));
      const outDir = path.join(disk, 'copies');
      await expect(
        deidentifyFiles([small, image], deidentifierOf(), { outDir }),
      ).rejects.toMatchObject(full);
      expect(readdirSync(disk)).toEqual([]);
      mkdirSync(outDir);
      writeFileSync(path.join(outDir, 'other.txt'), 'other');
      await expect(
        deidentifyFiles([small, image], deidentifierOf(), { outDir }),
      ).rejects.toMatchObject(full);
      expect(readdirSync(outDir, { recursive: true })).toEqual(['other.txt']);
    });
  },
);
