import type { BatchCase } from '../../domain/batchCase.js';
import { runCase } from './runCase.js';
import type { BatchEngine, BatchSettings, CaseOutcome } from './runCase.js';

/**
 * Runs cases one after the other, on the command line and in the window. Ends early when `signal` aborts; `whenAborted`
 * says what becomes of the case under way: dropped (its session stays as far as it is stored) or waited for. Rejects with
 * what concerns no single case: a full disk, a damaged database.
 */
export async function runCases<Entry extends { readonly batchCase: BatchCase }>(
  entries: Iterable<Entry>,
  work: {
    readonly engine: BatchEngine;
    readonly settings: BatchSettings;
    readonly signal: AbortSignal;
    readonly whenAborted: 'drop' | 'wait';
    readonly onBegin?: (entry: Entry) => void;
    readonly onOutcome: (entry: Entry, outcome: CaseOutcome) => void;
  },
): Promise<void> {
  const { engine, settings, signal } = work;
  const dropped = new Promise<null>((resolve) => {
    if (work.whenAborted === 'drop')
      signal.addEventListener('abort', () => {
        resolve(null);
      });
  });
  for (const entry of entries) {
    if (signal.aborted) return;
    work.onBegin?.(entry);
    const running = runCase(engine, entry.batchCase, settings, signal);
    const outcome = await Promise.race([running, dropped]);
    if (outcome === null) return;
    work.onOutcome(entry, outcome);
  }
}
