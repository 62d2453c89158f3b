import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import { describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';

import { openPaths } from '../../../src/engine/dicom/index.js';
import { openCase, sliceFile } from './openCase.js';

const LOCAL = Buffer.from('PK\x03\x04', 'latin1');
const DIRECTORY = Buffer.from('PK\x01\x02', 'latin1');
const DESCRIPTOR = Buffer.from('PK\x07\x08', 'latin1');

/** A zip whose members' sizes follow their bytes, as programs write it that stream. */
async function streamZip(
  members: Readonly<Record<string, Uint8Array>>,
  compress: boolean,
): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, bytes] of Object.entries(members))
    zip.addReadStream(Readable.from([Buffer.from(bytes)]), name, { compress });
  zip.end();
  return buffer(zip.outputStream);
}

/** Every place where these bytes stand. */
function findAll(bytes: Buffer, wanted: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) found.push(at);
  return found;
}

describe('zip archives of studies', () => {
  const its = openCase();

  it.each([LOCAL, DIRECTORY, DESCRIPTOR])(
    'are read by their directory: %j in the pixels of a stored file begins and ends nothing',
    async (signature) => {
      const pixels = new Uint16Array(8 * 10);
      const bytes = new Uint8Array(pixels.buffer);
      for (const at of [0, 34, 100]) bytes.set(signature, at);
      const slices = {
        'a.dcm': sliceFile({ sliceIndex: 0, pixels }),
        'b.dcm': sliceFile({ sliceIndex: 1 }),
      };
      const zip = await streamZip(slices, false);
      expect(findAll(zip, signature).length).toBeGreaterThanOrEqual(3);
      const series = await its.openOne(its.put('study.zip', zip));
      expect(series.imageCount).toBe(2);
      const [first, second] = its.library.getInstances(series.seriesId, 0);
      expect(readFileSync(first?.file ?? '').equals(Buffer.from(slices['a.dcm']))).toBe(true);
      expect(readFileSync(second?.file ?? '').equals(Buffer.from(slices['b.dcm']))).toBe(true);
    },
  );

  it('open without the member that is damaged in them, which is told by name', async () => {
    const zip = await streamZip(
      { 'a.dcm': sliceFile({ sliceIndex: 0 }), 'b.dcm': sliceFile({ sliceIndex: 1 }) },
      false,
    );
    const inPixels = (findAll(zip, LOCAL)[1] ?? 0) - 40; // of the first member
    zip.writeUInt8(zip.readUInt8(inPixels) ^ 1, inPixels);
    const { studies, refused } = await openPaths([its.put('study.zip', zip)], {
      library: its.library,
    });
    expect(studies[0]?.series[0]?.imageCount).toBe(1);
    expect(refused).toEqual([
      {
        fileName: 'a.dcm',
        code: 'broken-file',
        reason: expect.stringMatching(/damaged inside its archive/) as string,
      },
    ]);
  });

  it('say of an encrypted member, and of one packed by another method, what to do', async () => {
    const names = ['a.dcm', 'b.dcm', 'c.dcm'];
    const zip = await streamZip(
      Object.fromEntries(names.map((name, sliceIndex) => [name, sliceFile({ sliceIndex })])),
      true,
    );
    const [first = 0, second = 0] = findAll(zip, DIRECTORY);
    zip.writeUInt16LE(zip.readUInt16LE(first + 8) | 1, first + 8); // general purpose flag: encrypted
    zip.writeUInt16LE(9, second + 10); // method: Deflate64
    const { studies, refused } = await openPaths([its.put('study.zip', zip)], {
      library: its.library,
    });
    expect(studies[0]?.series[0]?.imageCount).toBe(1);
    expect(refused).toMatchObject([
      { fileName: 'a.dcm', reason: expect.stringMatching(/password/) as string },
      { fileName: 'b.dcm', reason: expect.stringMatching(/another|made it/) as string },
    ]);
  });

  it('are refused where they say that they unpack to more than a disk should take, and leave nothing', async () => {
    const many = Array.from({ length: 17 }, (_, n) => [`${String(n)}.dcm`, new Uint8Array(100)]);
    const zip = await streamZip(Object.fromEntries(many), true);
    for (const entry of findAll(zip, DIRECTORY)) zip.writeUInt32LE(0xfffffffe, entry + 24);
    const { studies, refused } = await openPaths([its.put('bomb.zip', zip)], {
      library: its.library,
    });
    expect(studies).toEqual([]);
    expect(refused).toMatchObject(
      [
        { fileName: 'bomb.zip', code: 'unsupported-format', reason: /more than Ibis will store/ },
      ].map((entry) => ({ ...entry, reason: expect.stringMatching(entry.reason) as string })),
    );
  });

  it('hold a member to the size that the directory says', async () => {
    const zip = await streamZip({ 'bomb.dcm': new Uint8Array(1_000_000) }, true);
    const [entry = 0] = findAll(zip, DIRECTORY);
    zip.writeUInt32LE(1000, entry + 24);
    const { refused } = await openPaths([its.put('bomb.zip', zip)], { library: its.library });
    expect(refused).toMatchObject([{ fileName: 'bomb.dcm', code: 'broken-file' }]);
  });
});
