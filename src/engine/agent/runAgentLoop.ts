import { toErrorShape } from '../../contract/errors.js';
import { formatClick, parsePolicyText } from '../../domain/grammar.js';
import { unpackMask } from '../../domain/mask.js';
import { describeOrientation } from '../../domain/plane.js';
import { appendStep, getInForce, recordsInForce } from './agentState.js';
import { describeHistory } from './history.js';
import { placeClick } from './prompting.js';
import type { IbisErrorShape } from '../../contract/errors.js';
import type { StopReason } from '../../domain/session.js';
import type { AgentContext, AgentState, StepRecord, Turn } from './agentState.js';
import type { Observation, Policy, PolicyReply } from './types.js';

/** Why a run ended. */
export interface AgentEnd {
  readonly stopReason: StopReason;
  /** The policy's closing words, where it had any. */
  readonly answer: string | null;
  /** Set when `stopReason` is 'failed'. */
  readonly failure: IbisErrorShape | null;
}

/** A step is yielded as soon as it is computed and before anyone has seen it: save it, then show it. */
export type AgentEvent = ({ readonly kind: 'step' } & Turn) | ({ readonly kind: 'end' } & AgentEnd);

export interface AgentLimits {
  /** Policy steps of a run; a run that goes on after this stop gets as many again. */
  readonly maxSteps: number;
  /** How often a text that does not parse is told to the policy before the run fails. */
  readonly parseRetries: number;
}

export interface AgentRun extends AgentLimits {
  readonly context: AgentContext;
  readonly state: AgentState;
  readonly policy: Policy;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** The policy's text so far, while it is written. */
  readonly onText?: (stepIndex: number, text: string) => void;
}

const isByPolicy = ({ step }: StepRecord): boolean => step.policyText !== '' || step.policyMs > 0;

/** The policy's turns in force, unparsed ones included. */
export const countPolicySteps = (state: AgentState): number =>
  recordsInForce(state).filter(isByPolicy).length;

/** What the policy is shown now: the same for the loop, for a trace's pictures and for training. */
export function buildObservation(context: AgentContext, state: AgentState): Observation {
  const { mask } = getInForce(state);
  const records = recordsInForce(state);
  const last = records.at(-1)?.step.action;
  return {
    slice: context.slice,
    mask: mask === null ? null : unpackMask(mask),
    request: context.request,
    orientation: describeOrientation(context.plane),
    history: describeHistory(records, context.slice),
    error: last?.kind === 'unparsed' ? last.problem : '',
  };
}

/** Turns the policy's text into a step: a click runs the segmenter, a refusal to see the target drops the mask. */
async function applyPolicyReply(
  context: AgentContext,
  state: AgentState,
  reply: PolicyReply,
  signal: AbortSignal,
): Promise<Turn> {
  const words = { policyText: reply.text, reasoning: '', policyMs: reply.elapsedMs };
  const parsed = parsePolicyText(reply.text);
  if (!parsed.ok) return appendStep(state, { kind: 'unparsed', problem: parsed.error }, words);
  const { action, reasoning } = parsed.value;
  if (action.kind === 'click') {
    const { label, normalised } = action;
    const click = { label, normalised, placedBy: 'policy' as const };
    return placeClick(context, state, click, signal, { ...words, reasoning });
  }
  return appendStep(
    state,
    { kind: 'terminate', answer: action.answer },
    { ...words, reasoning },
    action.targetAbsent ? { mask: null, score: null } : {},
  );
}

/** One turn of the policy. Rejects with AbortError when cancelled; `state` is then as before. */
async function takePolicyTurn({
  context,
  state,
  policy,
  seed,
  signal,
  onText,
}: Omit<AgentRun, keyof AgentLimits>): Promise<Turn> {
  const stepIndex = state.records.length;
  const reply = await policy.nextAction(buildObservation(context, state), {
    signal,
    seed,
    ...(onText === undefined
      ? {}
      : {
          onText: (text: string) => {
            onText(stepIndex, text);
          },
        }),
  });
  return applyPolicyReply(context, state, reply, signal);
}

const ended = (stopReason: StopReason, answer: string | null = null): AgentEnd => ({
  stopReason,
  answer,
  failure: null,
});

/** The policy's last three steps are one and the same click, with nobody's act between them. */
function isRepeating(records: readonly StepRecord[]): boolean {
  const texts = records
    .slice(-3)
    .map(({ step: { action } }) =>
      action.kind === 'click' && action.click.placedBy === 'policy'
        ? formatClick(action.click)
        : null,
    );
  return texts.length === 3 && texts[0] !== null && texts.every((text) => text === texts[0]);
}

/** Whether a run ends with the step just taken, and why. `stepLimit` counts all policy steps in force. */
export function findEnd(
  state: AgentState,
  { stepLimit, parseRetries }: { readonly stepLimit: number; readonly parseRetries: number },
): AgentEnd | null {
  const records = recordsInForce(state);
  const last = records.at(-1);
  if (last === undefined) return null;
  const { action, mask } = last.step;
  if (action.kind === 'terminate')
    return ended(mask === null ? 'target-absent' : 'policy-stop', action.answer);
  if (action.kind === 'unparsed') {
    const lastParsed = records.findLastIndex(({ step }) => step.action.kind !== 'unparsed');
    if (records.length - 1 - lastParsed > parseRetries)
      return {
        stopReason: 'failed',
        answer: null,
        failure: {
          code: 'model-failed',
          // What was wrong with it stands in the step itself.
          message:
            "The policy's reply could not be read. Ask in other words, or place the clicks by hand.",
        },
      };
  }
  if (isRepeating(records)) return ended('repeated-action');
  return countPolicySteps(state) >= stepLimit ? ended('step-limit') : null;
}

/** All policy steps in force that a run from `state` may reach: a whole `maxSteps` more after a stop at the limit. */
export const computeStepLimit = (state: AgentState, maxSteps: number): number =>
  maxSteps * (Math.floor(countPolicySteps(state) / maxSteps) + 1);

/**
 * The main job: the policy looks, writes, clicks; the segmenter draws; until the policy stops, repeats itself,
 * cannot be read, reaches the limit, or `signal` aborts. Every step is an event; the last event is the end.
 *
 * The user may act between two steps: pass the state after those acts to `next(state)`. To pause, pull no
 * further; to go on, run again from the state.
 */
export async function* runAgentLoop(
  run: AgentRun,
): AsyncGenerator<AgentEvent, void, AgentState | undefined> {
  const stepLimit = computeStepLimit(run.state, run.maxSteps);
  let state = run.state;
  let end: AgentEnd | null = null;
  while (end === null) {
    const turn = await attempt(() => takePolicyTurn({ ...run, state }), run.signal);
    if ('stopReason' in turn) end = turn;
    else {
      state = (yield { kind: 'step', ...turn }) ?? turn.state;
      end = findEnd(state, { stepLimit, parseRetries: run.parseRetries });
    }
  }
  yield { kind: 'end', ...end };
}

/** A turn, or the end that cancelling or a failing model makes of it. */
async function attempt(take: () => Promise<Turn>, signal: AbortSignal): Promise<Turn | AgentEnd> {
  const isCancelled = (): boolean => signal.aborted;
  if (isCancelled()) return ended('user-stop');
  try {
    return await take();
  } catch (thrown) {
    if (isCancelled()) return ended('user-stop');
    return { stopReason: 'failed', answer: null, failure: toErrorShape(thrown) };
  }
}
