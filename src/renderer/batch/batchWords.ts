import type { BatchCaseSummary, BatchSummary } from '../../contract/batchChannels.js';
import { describeListed } from '../review/reviewWords.js';
import type { StateWords } from '../session/words.js';
import { formatCount } from '../ui/format.js';

/** What the batch does, in one line. */
export function describeBatch({ isRunning, counts }: BatchSummary): string {
  const { done, failed, pending } = counts;
  const parts = [
    `${done.toLocaleString('en')} of ${(done + failed + pending).toLocaleString('en')} done`,
    failed === 0 ? '' : `${failed.toLocaleString('en')} failed`,
    isRunning ? 'running' : pending === 0 ? '' : 'paused',
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

export function describeCase(
  { state, stopReason, decision, verdict, stepCount }: BatchCaseSummary,
  isRunning: boolean,
): StateWords {
  if (isRunning) return { label: 'Running', tone: 'busy' };
  if (state === 'failed') return { label: 'Failed', tone: 'bad' };
  if (state === 'pending')
    return stepCount === 0
      ? { label: 'Not started', tone: 'calm' }
      : { label: `Stopped after ${formatCount(stepCount, 'step')}`, tone: 'calm' };
  return describeListed({ runState: 'stopped', stopReason, decision, verdict });
}
