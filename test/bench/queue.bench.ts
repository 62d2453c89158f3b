import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from '@playwright/test';
import Database from 'better-sqlite3';

import { databaseFile } from '../../src/engine/store/index.js';
import { launchIbis, repoRoot } from '../e2e/support/launch.js';
import { ctSlice, dicomElement, encodePart10, phantomSlice, uid } from '../fixtures/makeSeries.js';
import { timeNextCase } from './support/page.js';
import { median, quantile, record } from './support/results.js';

const SESSIONS = 3000;
const STUDIES = 6;
const FEWEST_SLICES = 60; // each study has one more than the one before: the pane's corner tells them apart
const PRESSES = 5;
const LOOK_MS = 8000; // what a reviewer takes at the least for a case, in which the next is made ready

const slicesOf = (study: number): number => FEWEST_SLICES + study;

/** CTs of 512 x 512, each a study of its own. Made once. */
function writeStudies(): readonly string[] {
  const folder = path.join(repoRoot, '.cache', 'bench', 'queue');
  return Array.from({ length: STUDIES }, (_, study) => {
    const dir = path.join(folder, String(study));
    if (existsSync(dir)) return dir;
    mkdirSync(dir, { recursive: true });
    for (let sliceIndex = 0; sliceIndex < slicesOf(study); sliceIndex++)
      writeFileSync(
        path.join(dir, `${String(sliceIndex)}.dcm`),
        encodePart10(
          ctSlice({
            ...{ sliceIndex, rows: 512, columns: 512, seriesNumber: study + 1 },
            // Each study a little brighter: its picture is another one than that of the study before.
            pixels: phantomSlice(512, 512, sliceIndex).map((value) => value + 7 * study),
            extra: [
              dicomElement(0x0020000d, 'UI', uid(10, study + 1)),
              dicomElement(0x00100010, 'PN', `Phantom^${String(study)}`),
            ],
          }),
        ),
      );
    return dir;
  });
}

/** Runs in the page: one session with a click on each study. */
async function makeSessions(folders: readonly string[]): Promise<string[]> {
  const call = async <M extends Parameters<typeof window.ibis.invoke>[0]>(
    ...[method, params]: Parameters<typeof window.ibis.invoke<M>>
  ) => {
    const reply = await window.ibis.invoke<M>(method, params);
    if (!reply.ok) throw new Error(reply.error.message);
    return reply.value;
  };
  const made: string[] = [];
  for (const folder of folders) {
    const opened = await call('openPaths', { paths: [folder], jobId: 'bench' });
    const { sessionId } = await call('startSession', {
      ...{ seriesId: opened.studies[0]?.series[0]?.seriesId ?? '', phaseIndex: 0 },
      ...{ axis: 'acquired', sliceIndex: 30, window: null, prompt: '' },
      ...{ policyId: '', segmenterId: 'ibis-click' },
    });
    await call('addClick', { sessionId, label: 'include', normalised: { x: 0.5, y: 0.5 } });
    made.push(sessionId);
  }
  return made;
}

/** One session by hand on each study, then copies of them in turn, a minute apart: the next one is always of another study. */
async function fill(dataDir: string, folders: readonly string[]): Promise<void> {
  const ibis = await launchIbis({ dataDir });
  await expect(ibis.page.getByRole('banner').getByRole('status')).toHaveText(/ready$/, {
    timeout: 60_000,
  });
  const made = await ibis.page.evaluate(makeSessions, folders);
  await ibis.close();
  const database = new Database(databaseFile(dataDir));
  const at = `printf('2026-01-%02dT%02d:%02d:00.000Z', n / 1440 + 1, n / 60 % 24, n % 60)`;
  for (const [study, template] of made.entries())
    for (const table of ['sessions', 'model_hashes', 'steps', 'clicks', 'masks']) {
      const names = database
        .prepare(`SELECT name FROM pragma_table_info('${table}')`)
        .pluck()
        .all()
        .map(String);
      const changed: Readonly<Record<string, string>> = {
        session_id: `printf('copy-%05d', n)`,
        ...(table === 'sessions' ? { created_at: at, updated_at: at } : {}),
      };
      database.exec(
        `WITH RECURSIVE numbers (n) AS (SELECT ${String(study)} UNION ALL
           SELECT n + ${String(STUDIES)} FROM numbers WHERE n + ${String(STUDIES)} < ${String(SESSIONS)})
         INSERT INTO ${table} (${names.join(', ')})
           SELECT ${names.map((name) => changed[name] ?? `${table}.${name}`).join(', ')}
           FROM numbers, ${table} WHERE ${table}.session_id = '${template}'`,
      );
    }
  for (const sessionId of made)
    database.prepare('DELETE FROM sessions WHERE session_id = ?').run(sessionId);
  database.close();
}

test('the next case of a queue of thousands, from the key to the picture', async () => {
  const dataDir = mkdtempSync(path.join(repoRoot, '.cache', 'bench-queue-'));
  await fill(dataDir, writeStudies());
  const ibis = await launchIbis({ dataDir });
  const { page } = ibis;
  await page.getByRole('tab', { name: /^Sessions\s*3000$/ }).click({ timeout: 60_000 });
  await page.getByRole('combobox', { name: 'Order of the sessions' }).click({ force: true });
  await page.getByRole('option', { name: 'By patient' }).click();
  await page.getByRole('combobox', { name: 'Order of the sessions' }).click({ force: true });
  await page.getByRole('option', { name: 'Oldest first' }).click();
  await expect(page.locator('button.session').first()).toBeVisible();
  const rowsDrawn = await page.locator('button.session').count();
  const cold = await timeNextCase(page);
  const prefetchedMs: number[] = [];
  for (let press = 0; press < PRESSES; press += 1) {
    await page.waitForTimeout(LOOK_MS);
    prefetchedMs.push(await timeNextCase(page));
  }
  await ibis.close();
  rmSync(dataDir, { recursive: true, force: true });
  const note = `${String(SESSIONS)} sessions on CTs of 512 x 512 x ${String(FEWEST_SLICES)}, ${String(LOOK_MS / 1000)} s on each; ${String(rowsDrawn)} rows drawn`;
  record(
    { name: 'next case, median', value: median(prefetchedMs), unit: 'ms', target: 1000, note },
    {
      name: `next case, slowest of ${String(PRESSES)}`,
      value: quantile(prefetchedMs, 1),
      unit: 'ms',
    },
    { name: 'first case, nothing prefetched', value: cold, unit: 'ms' },
    {
      name: 'next case, not prefetched / prefetched',
      value: cold / median(prefetchedMs),
      unit: 'times',
    },
  );
});
