import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';

import { test } from '@playwright/test';

import { closeStore, createSession, saveStep } from '../../src/engine/store/index.js';
import { mustOpen, newSession, sampleStep } from '../contract/store/sampleSession.js';
import { repoRoot } from '../e2e/support/launch.js';
import { median, quantile, record } from './support/results.js';

const SESSIONS = 15;
const STEPS_EACH = 20;

test('storing steps, each in a transaction of its own, with clicks, mask and logits', () => {
  // Beside the repository and not in /tmp, which may be memory.
  const folder = mkdtempSync(path.join(repoRoot, '.cache', 'bench-store-'));
  const store = mustOpen(folder);
  const elapsedMs: number[] = [];
  for (let session = 0; session < SESSIONS; session += 1) {
    const { sessionId } = createSession(store, newSession({ key: `bench-${session}` }));
    for (let stepIndex = 0; stepIndex < STEPS_EACH; stepIndex += 1) {
      const step = sampleStep(sessionId, stepIndex);
      const begunMs = performance.now();
      saveStep(store, step);
      elapsedMs.push(performance.now() - begunMs);
    }
  }
  closeStore(store);
  rmSync(folder, { recursive: true, force: true });
  record(
    { name: 'store a step, median', value: median(elapsedMs), unit: 'ms', target: 10 },
    { name: 'store a step, p95', value: quantile(elapsedMs, 0.95), unit: 'ms' },
    { name: 'steps stored', value: 1000 / median(elapsedMs), unit: 'per s' },
  );
});
