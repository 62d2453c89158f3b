import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { SegmentationId, SessionId } from '../../../src/domain/brand.js';
import { getInForce } from '../../../src/engine/agent/agentState.js';
import {
  closeStore,
  getSession,
  listInterruptedSessions,
  loadStepRecords,
} from '../../../src/engine/store/index.js';
import { openLive, paint, segmentationOf } from './sampleSegmentation.js';
import { mustOpen, sampleStep } from './sampleSession.js';
import { useTemporaryFolders } from './temporaryFolder.js';

const newFolder = useTemporaryFolders();
// Inside the repository, so that the built script finds better-sqlite3.
const cache = path.resolve(import.meta.dirname, '../../../node_modules/.cache');
let outDir = '';
const writers = ['writeUntilKilled', 'paintUntilKilled'] as const;

beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  outDir = mkdtempSync(path.join(cache, 'ibis-killed-'));
  await build({
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: true,
      outDir,
      target: 'node24',
      rolldownOptions: {
        input: writers.map((name) => path.join(import.meta.dirname, `${name}.ts`)),
        output: { entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
      },
    },
  });
});
afterAll(() => {
  rmSync(outDir, { recursive: true, force: true });
});

/** Starts a writer, kills it (SIGKILL) `afterMs` after the first that it said; resolves with the lines it said. */
function runAndKill(
  writer: (typeof writers)[number],
  dataDir: string,
  id: string,
  afterMs: number,
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(outDir, `${writer}.mjs`), dataDir, id], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    let complaint = '';
    let timer: NodeJS.Timeout | null = null;
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs);
    });
    child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
    child.on('error', reject);
    child.on('close', (_code, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the writer ended by itself: ${complaint}`));
      // A last line cut short was not said.
      else resolve(said.slice(0, said.lastIndexOf('\n')).split('\n'));
    });
  });
}

describe('a process that is killed while it stores steps', () => {
  it('loses no step that it had said was stored, and is offered where it stopped, round after round', async () => {
    const dataDir = newFolder();
    let sessionId = '';
    let stepsBefore = 0;
    for (let round = 0; round < 6; round++) {
      const afterMs = Math.round(Math.random() * 400);
      const lines = await runAndKill('writeUntilKilled', dataDir, sessionId, afterMs);
      const said = lines.map((line) => line.split(' '));
      sessionId = said[0]?.[0] ?? '';
      const lastSaid = Number(said.at(-1)?.[1]);
      const where = `round ${String(round)}, killed after ${String(afterMs)} ms`;
      expect(
        said.map(([, step]) => Number(step)),
        where,
      ).toEqual(Array.from({ length: lastSaid - stepsBefore + 1 }, (_, n) => stepsBefore + n));

      const store = mustOpen(dataDir);
      expect(store.database.pragma('integrity_check', { simple: true }), where).toBe('ok');
      const [offered, ...others] = listInterruptedSessions(store);
      expect(offered, where).toMatchObject({ sessionId, runState: 'paused' });
      expect(others, where).toEqual([]);

      const session = getSession(store, sessionId as SessionId);
      // One more may have been stored in the moment before it could be said, never fewer.
      expect(session.steps.length - 1 - lastSaid, where).toBeOneOf([0, 1]);
      session.steps.forEach((step, stepIndex) => {
        expect(step, where).toEqual(sampleStep(session.sessionId, stepIndex).step);
      });
      const resumed = getInForce({ records: loadStepRecords(store, session.sessionId) });
      const last = sampleStep(session.sessionId, session.steps.length - 1);
      expect(resumed.prompts, where).toEqual(last.step.prompts);
      expect(resumed.mask, where).toEqual(last.step.mask);
      expect(resumed.lowResLogits, where).toEqual(last.lowResLogits);
      stepsBefore = session.steps.length;
      closeStore(store);
    }
    expect(stepsBefore).toBeGreaterThan(6);
  });

  it('is offered once: not again after the next end in order', async () => {
    const dataDir = newFolder();
    await runAndKill('writeUntilKilled', dataDir, '', 50);
    const first = mustOpen(dataDir);
    expect(first.interrupted).toHaveLength(1);
    closeStore(first);
    const second = mustOpen(dataDir);
    expect(second.interrupted).toEqual([]);
    closeStore(second);
  });
});

describe('a process that is killed while it paints', () => {
  it('loses no act that it had said was stored: voxels and undo are those of a process that was not killed', async () => {
    const dataDir = newFolder();
    const undisturbed = mustOpen(newFolder());
    const expected = openLive(undisturbed);
    const twin = segmentationOf(undisturbed);
    let segmentationId = '';
    for (let round = 0; round < 4; round++) {
      const lines = await runAndKill(
        'paintUntilKilled',
        dataDir,
        segmentationId,
        Math.round(Math.random() * 300),
      );
      const [id = '', lastSaid = ''] = lines.at(-1)?.split(' ') ?? [];
      segmentationId = id;
      const store = mustOpen(dataDir);
      const found = openLive(store).get(segmentationId as SegmentationId);
      expect(found.revision - Number(lastSaid)).toBeOneOf([0, 1]);
      for (let n = expected.get(twin).revision; expected.get(twin).revision < found.revision; n++)
        if (n % 4 === 3) expected.step(twin, 'undo');
        else paint(expected, twin, n);
      const { state, stacks } = expected.get(twin);
      expect(found.state).toEqual(state);
      expect(found.stacks).toEqual(stacks);
      closeStore(store);
    }
    expect(expected.get(twin).revision).toBeGreaterThan(4);
    closeStore(undisturbed);
  });
});
