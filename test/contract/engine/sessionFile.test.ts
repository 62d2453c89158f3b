import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import Database from 'better-sqlite3';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { SessionFileManifest } from '../../../src/contract/sessionFile.js';
import type { SeriesId, SessionId } from '../../../src/domain/brand.js';
import { emptyMask, packMask } from '../../../src/domain/mask.js';
import { readSessionFile } from '../../../src/engine/sessionFile/readSessionFile.js';
import { writeSessionFile } from '../../../src/engine/sessionFile/writeSessionFile.js';
import { writeKnownCt } from '../../e2e/support/knownCt.js';
import { makeNifti } from '../../fixtures/makeNifti.js';
import { openTestEngine } from './helpers.js';
import type { TestEngine } from './helpers.js';
import { listLeft, opening, openSeries, readRows, withReceiver } from './sessionFileCase.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ibis-session-file-'));
const ctFolder = path.join(folder, 'ct');
const niftiFile = path.join(folder, 'volume.nii');
const out = path.join(folder, 'out');

/** Prompts of every kind, a stroke by hand, and a branch that was left. */
async function makeSession(test: TestEngine, seriesId: SeriesId): Promise<SessionId> {
  const { sessionId } = await test.engine.invoke('startSession', {
    seriesId,
    phaseIndex: 0,
    axis: 'axial',
    sliceIndex: 2,
    window: null,
    prompt: 'Segment the ü thing.',
    policyId: '',
    segmenterId: 'minisam',
  });
  const click = (x: number, y: number, label: 'include' | 'exclude') =>
    test.engine.invoke('addClick', { sessionId, label, normalised: { x, y } });
  await click(0.5, 0.5, 'include');
  await click(0.7, 0.5, 'include');
  await test.engine.invoke('goToStep', { sessionId, stepIndex: 0 });
  await click(0.2, 0.2, 'exclude');
  await test.engine.invoke('addScribble', {
    sessionId,
    label: 'include',
    points: [
      { x: 0.4, y: 0.4 },
      { x: 0.6, y: 0.6 },
    ],
  });
  const made = await test.engine.invoke('setBox', {
    sessionId,
    topLeft: { x: 0.3, y: 0.3 },
    bottomRight: { x: 0.8, y: 0.8 },
  });
  const mask = made.steps.at(-1)?.mask;
  if (mask == null) throw new Error('the box made no mask');
  const region = emptyMask(mask.width, mask.height);
  region.data.fill(1, 0, mask.width * 2);
  await test.engine.invoke('editMask', { sessionId, tool: 'lasso', region: packMask(region) });
  return sessionId;
}

describe('a whole session as one file', () => {
  let sender: TestEngine;
  let ct: { readonly sessionId: SessionId; readonly file: string };
  let nifti: { readonly sessionId: SessionId; readonly file: string };

  beforeAll(async () => {
    mkdirSync(ctFolder);
    writeKnownCt(ctFolder);
    const voxels = Int16Array.from({ length: 40 * 32 * 5 }, (_, at) => (at * 7) % 400);
    const grid = { dimensions: [40, 32, 5] as [number, number, number] };
    const sform = [1, 0, 0, -12, 0, 1, 0, -10, 0, 0, 2, 0];
    writeFileSync(
      niftiFile,
      makeNifti({ ...grid, sform, sformCode: 1, voxels: new Uint8Array(voxels.buffer) }),
    );
    sender = await openTestEngine();
    const write = async (input: string, name: string) => {
      const sessionId = await makeSession(sender, await openSeries(sender, input));
      const { file } = await sender.engine.invoke('exportSessionFile', {
        sessionId,
        file: path.join(out, name),
        images: 'included',
      });
      return { sessionId, file };
    };
    ct = await write(ctFolder, 'ct.ibis');
    nifti = await write(niftiFile, 'nifti.ibis');
  }, 120_000);
  afterAll(async () => {
    await sender.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The file with something changed, and its manifest made to agree unless that is what is changed. */
  const tamper = async (
    change: (unpacked: string, manifest: SessionFileManifest) => void,
    file = ct.file,
  ): Promise<string> => {
    const unpacked = mkdtempSync(path.join(folder, 'tamper-'));
    const { files, ...header } = await readSessionFile(file, unpacked);
    change(unpacked, { files, ...header });
    const target = path.join(mkdtempSync(path.join(folder, 'tampered-')), 'session.ibis');
    await writeSessionFile(
      target,
      header,
      files.map((member) => ({ path: member.path, source: path.join(unpacked, member.path) })),
    );
    return target;
  };

  const refuse = (file: string, error: { code: string; message: RegExp }): Promise<void> =>
    withReceiver(async (receiver) => {
      await expect(opening(receiver, file)).rejects.toMatchObject({
        code: error.code,
        message: expect.stringMatching(error.message) as string,
      });
      expect(await receiver.engine.invoke('listSessions', { search: '' })).toEqual([]);
      expect(listLeft(receiver.dataDir)).toEqual([]);
    });

  it('is the same session on another workstation, row for row and mask for mask, and can be gone on with', () =>
    withReceiver(async (receiver) => {
      const opened = await opening(receiver, ct.file);
      expect(opened).toMatchObject({ sessionId: ct.sessionId, fate: 'added' });
      expect(readRows(receiver.dataDir, ct.sessionId)).toEqual(
        readRows(sender.dataDir, ct.sessionId),
      );
      const [here, there] = await Promise.all(
        [receiver, sender].map(({ engine }) =>
          engine.invoke('getSession', { sessionId: ct.sessionId }),
        ),
      );
      expect(here).toEqual(there);
      expect(here?.steps.map((step) => step.undone)).toEqual([
        false,
        true,
        ...Array<boolean>(4).fill(false),
      ]);
      // On the images that came with it, from the logits that it had.
      const more = await receiver.engine.invoke('goToStep', {
        sessionId: ct.sessionId,
        stepIndex: 1,
      });
      expect(more.clicks).toHaveLength(2);
      const clicked = await receiver.engine.invoke('addClick', {
        sessionId: ct.sessionId,
        label: 'exclude',
        normalised: { x: 0.9, y: 0.9 },
      });
      expect(clicked.steps).toHaveLength(7);
    }));

  it('lies on the series of this machine where that has another id', () =>
    withReceiver(async (receiver) => {
      const { seriesId } = await opening(receiver, nifti.file);
      const { settings, steps } = await receiver.engine.invoke('getSession', {
        sessionId: nifti.sessionId,
      });
      const sent = await sender.engine.invoke('getSession', { sessionId: nifti.sessionId });
      expect(settings.seriesId).toBe(seriesId);
      expect(seriesId).not.toBe(sent.settings.seriesId);
      expect(steps).toEqual(sent.steps);
      await receiver.engine.invoke('reopenSession', { sessionId: nifti.sessionId });
    }));

  it('is there once, however often the file is opened', () =>
    withReceiver(async (receiver) => {
      await opening(receiver, ct.file);
      const rows = readRows(receiver.dataDir, ct.sessionId);
      expect(await opening(receiver, ct.file)).toMatchObject({ fate: 'already-there' });
      expect(readRows(receiver.dataDir, ct.sessionId)).toEqual(rows);
      expect(listLeft(receiver.dataDir)).toHaveLength(1);
    }));

  it('needs the images where it brings none, and takes those that are open', async () => {
    const { file, imageFiles } = await sender.engine.invoke('exportSessionFile', {
      sessionId: ct.sessionId,
      file: path.join(out, 'referenced.ibis'),
      images: 'referenced',
    });
    expect(imageFiles).toBe(0);
    await refuse(file, { code: 'does-not-fit', message: /Open its images first/ });
    await withReceiver(async (receiver) => {
      const seriesId = await openSeries(receiver, ctFolder);
      expect(await opening(receiver, file)).toMatchObject({ seriesId, fate: 'added' });
      expect(listLeft(receiver.dataDir)).toEqual([]);
    });
  });

  it('never takes the name of another file', async () => {
    const { file } = await sender.engine.invoke('exportSessionFile', {
      sessionId: ct.sessionId,
      file: ct.file,
      images: 'referenced',
    });
    expect(path.basename(file)).toBe('ct-2.ibis');
  });

  it('says who the patient is in rows and images alone, and never where files lay', async () => {
    const unpacked = mkdtempSync(path.join(folder, 'privacy-'));
    const { privacy, files } = await readSessionFile(ct.file, unpacked);
    expect(privacy).toBe('as-stored');
    for (const member of files)
      expect(readFileSync(path.join(unpacked, member.path)).includes(folder)).toBe(false);
  });

  it('is refused where it is damaged: cut short, changed, with parts missing or added', async () => {
    const whole = readFileSync(ct.file);
    const write = (name: string, bytes: Uint8Array): string => {
      const file = path.join(folder, name);
      writeFileSync(file, bytes);
      return file;
    };
    const at = whole.indexOf('DICM') + 2000; // in the pixels of the first image
    const flipped = Buffer.from(whole);
    flipped.writeUInt8(flipped.readUInt8(at) ^ 1, at);
    await refuse(write('cut.ibis', whole.subarray(0, whole.length - 400)), {
      code: 'broken-file',
      message: /its end is missing.*Copy it again/,
    });
    await refuse(write('flipped.ibis', flipped), { code: 'broken-file', message: /damaged/ });
    await refuse(write('text.ibis', Buffer.from('no zip')), {
      code: 'unsupported-format',
      message: /not a session file/,
    });
    const missing = path.join(folder, 'missing.ibis');
    const unpacked = mkdtempSync(path.join(folder, 'missing-'));
    const { files, ...header } = await readSessionFile(ct.file, unpacked);
    const members = files.map((each) => ({
      path: each.path,
      source: path.join(unpacked, each.path),
    }));
    await writeSessionFile(
      missing,
      header,
      members.filter((each) => each.path !== 'session.db'),
    );
    await refuse(missing, { code: 'broken-file', message: /holds no session/ });
  });

  it('is refused where names lead out of the folder, or the parts are far larger than the file', async () => {
    const whole = readFileSync(ct.file).toString('latin1');
    const evil = path.join(folder, 'evil.ibis');
    writeFileSync(
      evil,
      Buffer.from(whole.replaceAll('images/000000.dcm', '../../../evil.dcm'), 'latin1'),
    );
    await refuse(evil, { code: 'broken-file', message: /damaged/ });
    // The directory says of the database that it unpacks to 4 GB.
    const bomb = Buffer.from(whole, 'latin1');
    const entry = bomb.indexOf('PK\u0001\u0002', bomb.lastIndexOf('session.db') - 60, 'latin1');
    bomb.writeUInt32LE(0xfffffff0, entry + 24);
    writeFileSync(evil, bomb);
    await refuse(evil, { code: 'unsupported-format', message: /far more than its size/ });
  });

  it('is refused where it is newer, with what to do', async () => {
    const newer = await tamper((unpacked) => {
      const database = new Database(path.join(unpacked, 'session.db'));
      database.pragma('user_version = 99');
      database.close();
    });
    await refuse(newer, { code: 'database-newer', message: /newer version/ });
    const file = path.join(folder, 'newer.ibis');
    const unpacked = mkdtempSync(path.join(folder, 'newer-'));
    const { files: _files, ...header } = await readSessionFile(ct.file, unpacked);
    await writeSessionFile(file, { ...header, schemaVersion: 99 }, []);
    await refuse(file, { code: 'unsupported-format', message: /written by a newer Ibis/ });
  });

  it('is refused where its database does more than hold the one session', async () => {
    const inDatabase = (sql: string) =>
      tamper((unpacked) => {
        const database = new Database(path.join(unpacked, 'session.db'));
        database.pragma('foreign_keys = OFF');
        database.exec(sql);
        database.close();
      });
    for (const sql of [
      "CREATE TRIGGER evil AFTER UPDATE ON series BEGIN UPDATE sessions SET prompt = 'x'; END",
      'CREATE VIEW evil AS SELECT 1',
      'DROP TABLE masks; CREATE VIEW masks AS SELECT * FROM clicks',
      "INSERT INTO sessions SELECT 'another', series_id, phase_index, axis, slice_index, window_centre, window_width, prompt, policy_id, segmenter_id, max_steps, parse_retries, seed, created_at, updated_at, run_state, stop_reason, answer, failure, owner_id FROM sessions",
      'DROP TRIGGER steps_stay; UPDATE steps SET follows_step_index = 3 WHERE step_index = 1; CREATE TRIGGER steps_stay BEFORE UPDATE OF session_id ON steps BEGIN SELECT 1; END',
      'UPDATE steps SET undone = 0',
      "UPDATE masks SET bits = x'00'",
      "UPDATE low_res_logits SET data = x'00'",
      'DELETE FROM studies',
    ])
      await refuse(await inDatabase(sql), { code: 'broken-file', message: /damaged/ });
  });

  it('is refused where the images are not those of the session', async () => {
    const other = await tamper((unpacked) => {
      for (const name of readdirSync(path.join(unpacked, 'images'))) {
        const file = path.join(unpacked, 'images', name);
        const bytes = readFileSync(file);
        bytes.writeUInt8(bytes.readUInt8(bytes.length - 500) ^ 0x10, bytes.length - 500);
        writeFileSync(file, bytes);
      }
    });
    await refuse(other, {
      code: 'does-not-fit',
      message: /not those that the session was made on/,
    });
  });

  it('leaves what a person did here since, and takes in what the sender did since', () =>
    withReceiver(async (receiver) => {
      await opening(receiver, ct.file);
      await receiver.engine.invoke('decideSession', {
        sessionId: ct.sessionId,
        decision: 'edited',
      });
      await sender.engine.invoke('addClick', {
        sessionId: ct.sessionId,
        label: 'include',
        normalised: { x: 0.1, y: 0.9 },
      });
      const { file } = await sender.engine.invoke('exportSessionFile', {
        sessionId: ct.sessionId,
        file: path.join(out, 'later.ibis'),
        images: 'included',
      });
      expect(await opening(receiver, file)).toMatchObject({ fate: 'already-there' });
      const kept = await receiver.engine.invoke('getSession', { sessionId: ct.sessionId });
      expect(kept).toMatchObject({ decision: 'edited' });
      expect(kept.steps).toHaveLength(6);
      await withReceiver(async (third) => {
        await opening(third, ct.file);
        expect(await opening(third, file)).toMatchObject({ fate: 'continued' });
        const { steps } = await third.engine.invoke('getSession', { sessionId: ct.sessionId });
        expect(steps).toHaveLength(7);
      });
    }));

  it('holds the slice pixel for pixel, for programs that read no DICOM', async () => {
    const unpacked = mkdtempSync(path.join(folder, 'slice-'));
    const { slice } = await readSessionFile(ct.file, unpacked);
    const { width, height, data } = decode(readFileSync(path.join(unpacked, 'slice.png')));
    const seriesId = await openSeries(sender, ctFolder);
    const { image } = await sender.engine.prepareSlice({
      ...{ seriesId, phaseIndex: 0, axis: 'axial', sliceIndex: 2, window: null },
    });
    expect({ width, height }).toEqual({ width: slice.width, height: slice.height });
    expect(Buffer.from(data).equals(Buffer.from(image.rgb))).toBe(true);
  });
});
