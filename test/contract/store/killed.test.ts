import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { SessionId } from '../../../src/domain/brand.js';
import { getInForce } from '../../../src/engine/agent/agentState.js';
import {
  closeStore,
  getSession,
  listInterruptedSessions,
  loadStepRecords,
} from '../../../src/engine/store/index.js';
import { mustOpen, sampleStep } from './sampleSession.js';
import { useTemporaryFolders } from './temporaryFolder.js';

const newFolder = useTemporaryFolders();
// Inside the repository, so that the built script finds better-sqlite3.
const cache = path.resolve(import.meta.dirname, '../../../node_modules/.cache');
let outDir = '';

beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  outDir = mkdtempSync(path.join(cache, 'ibis-killed-'));
  await build({
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: path.join(import.meta.dirname, 'writeUntilKilled.ts'),
      outDir,
      target: 'node24',
      rolldownOptions: { output: { entryFileNames: 'writer.mjs' } },
    },
  });
});
afterAll(() => {
  rmSync(outDir, { recursive: true, force: true });
});

/** Starts the writer, kills it (SIGKILL) `afterMs` after its first step; resolves with the lines it said. */
function writeAndKill(dataDir: string, sessionId: string, afterMs: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(outDir, 'writer.mjs'), dataDir, sessionId], {
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
      const lines = await writeAndKill(dataDir, sessionId, afterMs);
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
    await writeAndKill(dataDir, '', 50);
    const first = mustOpen(dataDir);
    expect(first.interrupted).toHaveLength(1);
    closeStore(first);
    const second = mustOpen(dataDir);
    expect(second.interrupted).toEqual([]);
    closeStore(second);
  });
});
