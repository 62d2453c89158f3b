import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { batchReportSchema } from '../../../src/contract/batchReport.js';
import type { BatchReport } from '../../../src/contract/batchReport.js';
import type { SessionId } from '../../../src/domain/brand.js';
import {
  closeStore,
  databaseFile,
  decideSession,
  getSession,
  getSessionModels,
  getSessionSource,
  listSessions,
  moveToStep,
} from '../../../src/engine/store/index.js';
import type { Store } from '../../../src/engine/store/index.js';
import { makeDataDir, repoRoot, resourcesDir } from '../engine/helpers.js';
import { mustOpen } from '../store/sampleSession.js';
import { drawDisk, png } from './diskImage.js';
import { cliFile, nodeFile, runCli } from './runCli.js';

const demo = path.join(resourcesDir, 'demo', 'colin27');
const hasTrainedPolicy = existsSync(
  path.join(resourcesDir, 'models', 'ibis-nano', 'manifest.json'),
);
const work = makeDataDir();
const folder = (name: string): string => path.join(work, name);
const list = folder('list.csv');
const whole = folder('whole');

const batch = (dataDir: string, ...more: string[]): string[] => [
  ...['batch', list, '--policy', 'ibis-nano', '--data-dir', dataDir, '--json'],
  ...['--out', path.join(dataDir, 'report.json'), ...more],
];
const readReport = (dataDir: string): BatchReport =>
  batchReportSchema.parse(JSON.parse(readFileSync(path.join(dataDir, 'report.json'), 'utf8')));

function withStore<T>(dataDir: string, work: (store: Store) => T): T {
  const store = mustOpen(dataDir);
  try {
    return work(store);
  } finally {
    closeStore(store);
  }
}

/** All that must not depend on when, where and in how many pieces it was made. */
const readSessions = (dataDir: string) =>
  withStore(dataDir, (store) =>
    listSessions(store, { search: '', limit: 100 })
      .map(({ sessionId }) => {
        const { settings, steps, ...session } = getSession(store, sessionId);
        const timeless = steps.map(({ stepIndex, policyText, action, prompts, mask, score }) => ({
          ...{ stepIndex, policyText, action, prompts, mask, score },
        }));
        return {
          sessionId,
          settings,
          steps: timeless,
          end: [session.runState, session.stopReason, session.answer, session.failure],
          models: getSessionModels(store, sessionId),
          source: getSessionSource(store, sessionId),
        };
      })
      .sort((a, b) => a.sessionId.localeCompare(b.sessionId)),
  );

/** Every row of every table, as text. */
function dump(dataDir: string): string {
  const database = new Database(databaseFile(dataDir), { readonly: true });
  const tables = database
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
    .pluck()
    .all();
  const rows = tables.map((table) => [
    table,
    database.prepare(`SELECT * FROM ${String(table)} ORDER BY 1, 2`).all(),
  ]);
  database.close();
  return JSON.stringify(rows);
}

function countSteps(dataDir: string): number {
  if (!existsSync(databaseFile(dataDir))) return 0;
  const database = new Database(databaseFile(dataDir), { readonly: true });
  try {
    return Number(database.prepare('SELECT count(*) FROM steps').pluck().get());
  } catch {
    return 0; // the tables are being made
  } finally {
    database.close();
  }
}

/** Starts the command line and kills it (SIGKILL) once `steps` more steps are stored. */
async function runAndKill(dataDir: string, args: string[], steps: number): Promise<void> {
  const wanted = countSteps(dataDir) + steps;
  const child = spawn(nodeFile, [cliFile, ...args], { stdio: 'ignore' });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.on('close', (_code, signal) => {
      resolve(signal);
    });
  });
  const timer = setInterval(() => {
    if (countSteps(dataDir) >= wanted) child.kill('SIGKILL');
  }, 10);
  expect(await ended).toBe('SIGKILL');
  clearInterval(timer);
}

beforeAll(() => {
  writeFileSync(folder('disk.png'), png(drawDisk(96, 40, 20).image, 96));
  writeFileSync(folder('other.png'), png(drawDisk(80, 50, 15).image, 80));
  writeFileSync(
    list,
    [
      'path,prompt,axis,slice',
      `${demo},Segment the left putamen.,axial,68`,
      `${demo},Segment the left thalamus.,axial,77`,
      'disk.png,Segment the left ventricle.,,',
      `${demo},Segment the right putamen.,axial,70`,
      `other.png,"Segment the left ventricle, please.",,`,
      `${demo},Segment the right thalamus.,axial,76`,
    ].join('\n'),
  );
});
afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

describe.skipIf(!hasTrainedPolicy)('ibis batch (needs resources/models/ibis-nano)', () => {
  it('runs every row of the list and leaves each as a session that waits for review', async () => {
    const { code, lines } = await runCli(batch(whole));
    expect(code).toBe(0);
    expect(lines.at(-1)).toEqual({
      shard: { index: 1, count: 1 },
      counts: { done: 6, failed: 0, pending: 0 },
    });
    const { rows } = readReport(whole);
    expect(rows.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7]);
    const summaries = withStore(whole, (store) => {
      expect(store.interrupted).toEqual([]);
      return listSessions(store, { search: 'undecided', limit: 100 });
    });
    expect(new Set(summaries.map(({ sessionId }) => sessionId))).toEqual(
      new Set(rows.map(({ sessionId }) => sessionId)),
    );
    for (const row of rows) {
      const stored = withStore(whole, (store) => getSession(store, row.sessionId as SessionId));
      expect(row).toMatchObject({ state: 'done', earlier: false, stopReason: stored.stopReason });
      expect(row.steps).toBe(stored.steps.length);
      expect(stored.settings.target.text).toBe(row.prompt);
    }
    expect(rows.filter(({ maskVoxels }) => maskVoxels > 20).length).toBeGreaterThanOrEqual(3);
  });

  it('split in two, one half killed again and again, and merged: the same sessions and masks as one run', async () => {
    const [one, two, merged] = [folder('one'), folder('two'), folder('merged')];
    const finished = (dataDir: string) =>
      withStore(dataDir, (store) =>
        listSessions(store, { search: '', limit: 100 })
          .filter(({ stopReason }) => stopReason !== null)
          .map(({ sessionId, updatedAt }) => [String(sessionId), updatedAt] as const),
      );
    const done = new Map<string, string>();
    for (const steps of [1, 2, 3]) {
      await runAndKill(one, batch(one, '--shard', '1/2'), steps);
      for (const [sessionId, updatedAt] of finished(one)) {
        // Nobody touched again what was finished before an earlier kill.
        expect(updatedAt).toBe(done.get(sessionId) ?? updatedAt);
        done.set(sessionId, updatedAt);
      }
    }
    expect((await runCli(batch(one, '--shard', '1/2'))).code).toBe(0);
    for (const [sessionId, updatedAt] of done)
      expect(new Map(finished(one)).get(sessionId)).toBe(updatedAt);
    expect((await runCli(batch(two, '--shard', '2/2'))).code).toBe(0);

    const rows = [one, two].flatMap((dataDir) => readReport(dataDir).rows);
    expect(rows.map(({ line }) => line).sort()).toEqual([2, 3, 4, 5, 6, 7]);
    const report = rows.map(({ sessionId }) => sessionId).sort();
    expect(report).toEqual(readSessions(whole).map(({ sessionId }) => sessionId));

    const merge = ['merge', one, two, '--into', merged, '--json'];
    const first = await runCli(merge);
    expect(first.code).toBe(0);
    const none = { added: 0, continued: 0, alreadyThere: 0 };
    expect(first.lines).toEqual([
      {
        source: one,
        added: 3,
        continued: 0,
        alreadyThere: 0,
        segmentations: none,
        measurements: none,
      },
      {
        source: two,
        added: 3,
        continued: 0,
        alreadyThere: 0,
        segmentations: none,
        measurements: none,
      },
    ]);
    expect(readSessions(merged)).toEqual(readSessions(whole));
    const before = dump(merged);
    const again = await runCli(merge);
    expect(again.lines.map(({ added, continued }) => [added, continued])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(dump(merged)).toBe(before);
  });

  it('does nothing over again when all is done, whatever a person did to the sessions since', async () => {
    const [first, second] = readSessions(whole).filter(({ steps }) => steps.length > 1);
    if (first === undefined || second === undefined) throw new Error('two sessions have steps');
    withStore(whole, (store) => {
      decideSession(store, first.sessionId, 'accepted');
      // As the window leaves a session whose last step was taken back: paused, without an end.
      moveToStep(store, second.sessionId, second.steps.length - 2, {
        runState: 'paused',
        stopReason: null,
        answer: null,
      });
    });
    const before = dump(whole);
    const { code } = await runCli(batch(whole));
    expect(code).toBe(0);
    expect(readReport(whole).rows.every(({ earlier, state }) => earlier && state === 'done')).toBe(
      true,
    );
    expect(dump(whole)).toBe(before);
  });

  it('goes on after rows that fail, says why, tries them again, and ends with 5 until none does', async () => {
    const file = folder('failing.csv');
    writeFileSync(
      file,
      'path,prompt,slice\nlater.png,left ventricle,\ndisk.png,left ventricle,7\ndisk.png,left ventricle,\n',
    );
    const dataDir = folder('failing');
    const args = [...batch(dataDir)];
    args[1] = file;
    const first = await runCli(args);
    expect(first.code).toBe(5);
    expect(first.stderr).toMatch(/2 of 3 cases failed/);
    const [missing, outside, good] = readReport(dataDir).rows;
    expect(missing).toMatchObject({
      state: 'failed',
      sessionId: null,
      error: { code: 'not-found', message: expect.stringMatching(/not exist/) as string },
    });
    expect(outside).toMatchObject({ state: 'failed', error: { code: 'bad-slice' } });
    expect(good).toMatchObject({ state: 'done', earlier: false, error: null });

    writeFileSync(folder('later.png'), png(drawDisk(64, 30, 9).image, 64));
    expect((await runCli(args)).code).toBe(5);
    expect(readReport(dataDir).rows.map(({ state, earlier }) => [state, earlier])).toEqual([
      ['done', false],
      ['failed', false],
      ['done', true],
    ]);
  });

  it('ends in order on Ctrl+C, says what is left, and goes on with the same command', async () => {
    const dataDir = folder('interrupted');
    const { code, lines } = await runCli(batch(dataDir), { interruptAtFirstOutput: true });
    expect(code).toBe(130);
    const { counts } = readReport(dataDir);
    expect(counts.done).toBe(lines.length - 1);
    expect(counts.pending).toBe(6 - counts.done);
    expect((await runCli(batch(dataDir))).code).toBe(0);
    expect(readReport(dataDir).counts).toEqual({ done: 6, failed: 0, pending: 0 });
  });
});

describe('ibis batch with a policy that writes nonsense', () => {
  it('keeps the failed run, does not repeat it, and goes on with it only when told to', async () => {
    const dataDir = folder('nonsense');
    cpSync(
      path.join(repoRoot, 'test', 'fixtures', 'policies', 'tiny-idefics3'),
      path.join(dataDir, 'models', 'tiny-idefics3'),
      { recursive: true },
    );
    const file = folder('nonsense.csv');
    writeFileSync(file, 'path,prompt\ndisk.png,left ventricle\n');
    const args = ['batch', file, '--policy', 'tiny-idefics3', '--data-dir', dataDir];
    const run = async (...more: string[]) => {
      const { code } = await runCli([...args, '--out', path.join(dataDir, 'report.json'), ...more]);
      expect(code).toBe(5);
      return readReport(dataDir).rows[0];
    };
    const first = await run();
    expect(first).toMatchObject({
      state: 'failed',
      earlier: false,
      stopReason: 'failed',
      error: { code: 'failed', message: expect.stringMatching(/could not be read/) as string },
    });
    const before = dump(dataDir);
    expect(await run()).toEqual({ ...first, earlier: true });
    expect(dump(dataDir)).toBe(before);
    const retried = await run('--retry-failed');
    expect(retried).toMatchObject({ sessionId: first?.sessionId, earlier: false });
    expect(retried?.steps).toBeGreaterThan(first?.steps ?? 0);
  });
});

describe('ibis batch and ibis merge, used wrongly', () => {
  it.each([
    ['a header that lacks a column', 'path,slice\na.png,1\n', /no "prompt"/],
    ['a header with a column that nobody knows', 'path,prompt,colour\na.png,x,red\n', /"colour"/],
    ['no header', 'a.png,left ventricle\n', /must name its columns/],
    ['no rows', 'path,prompt\n', /no rows/],
    ['a row with a cell too many', 'path,prompt\na.png,x,y\n', /not valid CSV/],
    [
      'a slice that is no number',
      'path,prompt,slice\na.png,x,top\n',
      /Line 2.*"top".*whole number/,
    ],
    ['a row without a request', 'path,prompt\na.png,x\nb.png,\n', /Line 3.*in words/],
    ['a row that is there twice', 'path,prompt\na.png,x\nb.png,x\na.png,x\n', /Lines 2 and 4/],
  ])('refuses a list with %s before anything runs', async (_title, text, sentence) => {
    const file = folder('wrong.csv');
    writeFileSync(file, text);
    const { code, stderr } = await runCli(['batch', file, '--data-dir', folder('never')]);
    expect(stderr).toMatch(sentence);
    expect(code).toBe(3);
    expect(existsSync(folder('never'))).toBe(false);
  });

  it.each(['0/3', '4/3', '1', '1/0', 'a/b'])('refuses the shard %s', async (shard) => {
    const { code, stderr } = await runCli(['batch', list, '--shard', shard]);
    expect(stderr).toMatch(/It must be I\/N/);
    expect(code).toBe(2);
  });

  it('ends with 3 where there is no list, and with 4 where a model is not installed', async () => {
    expect((await runCli(['batch', folder('no.csv')])).code).toBe(3);
    const wrong = ['--data-dir', folder('models'), '--policy', 'nope'];
    const { code, stderr } = await runCli(['batch', list, ...wrong]);
    expect(stderr).toMatch(/no policy "nope"/);
    expect(code).toBe(4);
  });

  it('refuses a folder as its report before anything runs', async () => {
    const report = ['--out', folder('report'), '--data-dir', folder('never')];
    mkdirSync(folder('report'));
    const { code, stderr } = await runCli(['batch', list, ...report]);
    expect(stderr).toMatch(/is a folder\. Name a file in it/);
    expect(code).toBe(5);
    expect(existsSync(folder('never'))).toBe(false);
  });

  it('merges nothing of a folder without a database, from itself, or from a newer Ibis', async () => {
    const target = folder('target');
    const merge = (source: string) => runCli(['merge', source, '--into', target]);
    expect(await merge(folder('nowhere'))).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/no database in/) as string,
    });
    expect((await merge(target)).code).toBe(2);
    const cut = folder('cut');
    mkdirSync(path.join(cut, 'database'), { recursive: true });
    closeStore(mustOpen(target));
    writeFileSync(databaseFile(cut), readFileSync(databaseFile(target)).subarray(0, 5000));
    expect(await merge(cut)).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/database in .*cut is damaged and was left out/) as string,
    });
    const newer = folder('newer');
    mkdirSync(newer);
    closeStore(mustOpen(newer));
    const database = new Database(databaseFile(newer));
    database.pragma('user_version = 999');
    database.close();
    const refused = await merge(newer);
    expect(refused.code).toBe(5);
    expect(refused.stderr).toMatch(/written by a newer Ibis.*schema 999/);
    const batchOnNewer = await runCli(['batch', list, '--data-dir', newer]);
    expect(batchOnNewer.code).toBe(5);
    expect(batchOnNewer.stderr).toMatch(/newer Ibis/);
  });
});
