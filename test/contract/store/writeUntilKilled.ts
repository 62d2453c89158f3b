/**
 * Run in a process of its own by killed.test.ts: goes on with a session for ever and says each step that
 * is stored. argv: data folder, session to go on with ('' for a new one).
 */
import { writeSync } from 'node:fs';

import type { SessionId } from '../../../src/domain/brand.js';
import {
  createSession,
  loadStepRecords,
  saveStep,
  updateSession,
} from '../../../src/engine/store/index.js';
import { mustOpen, newSession, sampleStep } from './sampleSession.js';

const [, , dataDir = '', wanted = ''] = process.argv;
const store = mustOpen(dataDir);
const sessionId =
  wanted === '' ? createSession(store, newSession()).sessionId : (wanted as SessionId); // argv is the edge
updateSession(store, sessionId, { runState: 'running' });
for (let stepIndex = loadStepRecords(store, sessionId).length; ; stepIndex++) {
  saveStep(store, sampleStep(sessionId, stepIndex));
  writeSync(1, `${sessionId} ${String(stepIndex)}\n`); // straight to the pipe, nothing buffered
}
