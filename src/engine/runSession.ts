import type { StopReason } from '../domain/session.js';
import { computeStepLimit, findEnd, runAgentLoop } from './agent/runAgentLoop.js';
import type { AgentEnd, AgentEvent } from './agent/runAgentLoop.js';
import type { AgentState } from './agent/agentState.js';
import type { Policy } from './agent/types.js';
import { announce, changeStatus, commitStep } from './liveSession.js';
import type { LiveSession, SessionOutput } from './liveSession.js';
import { logFault } from './log.js';
import { createRunHold } from './runHold.js';
import type { SessionChange } from './store/index.js';

const TEXT_INTERVAL_MS = 33; // 30 a second: faster is not read, and each costs two process hops

const endedBy = (end: AgentEnd): SessionChange & { readonly stopReason: StopReason } => ({
  runState: 'stopped',
  stopReason: end.stopReason,
  answer: end.answer,
  failure: end.failure?.message ?? null,
});

/** Sends the policy's text as it grows, at most 30 times a second; the saved step brings the whole of it. */
function createTextSender(
  live: LiveSession,
  output: SessionOutput,
): { readonly send: (stepIndex: number, text: string) => void; readonly stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let newest: { readonly stepIndex: number; readonly text: string } | null = null;
  let lastSentMs = 0;
  const flush = (): void => {
    timer = undefined;
    if (newest === null) return;
    lastSentMs = performance.now();
    output.emit({ kind: 'policyTextGrew', sessionId: live.sessionId, ...newest });
    newest = null;
  };
  return {
    send: (stepIndex, text) => {
      newest = { stepIndex, text };
      timer ??= setTimeout(flush, Math.max(0, TEXT_INTERVAL_MS - (performance.now() - lastSentMs)));
    },
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
      newest = null;
    },
  };
}

/**
 * Drives the agent loop of one session until it ends, is paused, cancelled, or has taken `maxTurns` turns.
 * Each turn holds the session's lock. An act of the user interrupts it: a turn that was under way makes no step, also
 * where its last word had just come. The run waits while the user acts and for a moment after, and the policy then takes
 * its turn anew, on what the user made.
 * Never rejects: what goes wrong ends the run as 'failed'. While `isClosing`, nothing is stored any more, so
 * that the next start offers the session as it stood.
 */
export async function driveSession(
  live: LiveSession,
  options: {
    readonly output: SessionOutput;
    readonly policy: Policy;
    readonly maxTurns: number;
    /** From the end of an act of the user until the run goes on. */
    readonly goingOnMs: number;
    readonly isClosing: () => boolean;
  },
): Promise<void> {
  const { output, policy, maxTurns, isClosing } = options;
  let interruption = new AbortController();
  const over = Promise.withResolvers<undefined>();
  const hold = createRunHold({
    goingOnMs: options.goingOnMs,
    onChanged: (reason) => {
      output.emit({ kind: 'runHeld', sessionId: live.sessionId, reason });
    },
  });
  const run = {
    controller: new AbortController(),
    pauseWanted: false,
    interrupt: () => {
      interruption.abort();
    },
    hold,
    done: over.promise,
  };
  run.controller.signal.addEventListener('abort', () => {
    hold.wake();
  });
  live.run = run;
  const { maxSteps, parseRetries, seed } = live.settings;
  const text = createTextSender(live, output);
  let loop: AsyncGenerator<AgentEvent, void, AgentState | undefined> | null = null;
  let stepLimit = 0;

  const end = (change: SessionChange): 'over' => {
    live.run = null;
    if (!isClosing()) changeStatus(live, output, change);
    return 'over';
  };

  const takeTurn = async (taken: number): Promise<'taken' | 'interrupted' | 'over'> => {
    if (run.pauseWanted || taken >= maxTurns) return end({ runState: 'paused' });
    if (!hold.isFree()) return 'interrupted'; // an act began while this turn waited for the lock
    stepLimit ||= computeStepLimit(live.state, maxSteps);
    if (loop === null) {
      interruption = new AbortController();
      loop = runAgentLoop({
        context: live.context,
        state: live.state,
        policy,
        maxSteps,
        parseRetries,
        seed,
        signal: AbortSignal.any([run.controller.signal, interruption.signal]),
        onText: text.send,
      });
    }
    const next = await loop.next(live.state);
    text.stop();
    if (interruption.signal.aborted && !run.controller.signal.aborted) {
      loop = null; // whatever it came to, it was about a mask that is about to change
      return 'interrupted';
    }
    if (next.done === true) return end({ runState: 'paused' });
    if (next.value.kind === 'end') return end(endedBy(next.value));
    const { record, state } = next.value;
    const found = findEnd(state, { stepLimit, parseRetries });
    if (isClosing()) return end({});
    // The end is stored with the step that brings it: no crash can leave one without the other.
    if (found !== null) live.run = null;
    commitStep(live, output, { record, state, change: found === null ? {} : endedBy(found) });
    return found === null ? 'taken' : 'over';
  };

  try {
    changeStatus(live, output, {
      runState: 'running',
      stopReason: null,
      answer: null,
      failure: null,
    });
    for (let taken = 0; ;) {
      await hold.whenFree();
      const outcome = await live.lock(() => takeTurn(taken));
      if (outcome === 'over') return;
      if (outcome === 'taken') taken++;
    }
  } catch (thrown) {
    // The store refused (disk full, taken over by another process): say so, even if it cannot be stored.
    logFault('run', thrown);
    live.run = null;
    const failure = thrown instanceof Error ? thrown.message : String(thrown);
    live.status = { ...live.status, runState: 'stopped', stopReason: 'failed', failure };
    announce(live, output);
  } finally {
    text.stop();
    live.run = null;
    hold.wake();
    over.resolve(undefined);
  }
}
