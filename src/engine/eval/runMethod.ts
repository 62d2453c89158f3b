import {
  computeOracleClick,
  ORACLE_MAX_STEPS,
  ORACLE_STOP_IOU,
} from '../../domain/clickSimulator.js';
import { emptyMask, unpackMask } from '../../domain/mask.js';
import { computeDice, computeIou } from '../../domain/metrics.js';
import { imageToNormalised } from '../../domain/plane.js';
import { countWords } from './countWords.js';
import { emptyAgentState, getInForce } from '../agent/agentState.js';
import { placeUserClick } from '../agent/prompting.js';
import { runAgentLoop } from '../agent/runAgentLoop.js';
import type { EvalMethod } from '../../contract/evalMethods.js';
import type { EvalRow, WordCounts } from '../../contract/evalReport.js';
import type { Mask } from '../../domain/mask.js';
import type { NormalisedPoint } from '../../domain/plane.js';
import type { AgentContext, AgentState } from '../agent/agentState.js';
import type { Policy, Segmenter, SliceImage } from '../agent/types.js';
import type { EvalCase } from './loadCases.js';

export interface MethodTools {
  readonly segmenter: Segmenter;
  /** Null: the methods that need one are not run. */
  readonly policy: Policy | null;
  readonly seed: number;
  readonly maxSteps: number;
  /** Taken to encode the case's slice, which is no method's merit and was done before. */
  readonly encodeMs: number;
  readonly signal: AbortSignal;
}

/** Retries are the app's: training and evaluation take the policy as it is. */
export const EVAL_PARSE_RETRIES = 0;

interface Outcome {
  readonly state: AgentState;
  readonly steps: number;
  readonly stopReason: string;
  readonly request?: string; // where it is not the target's first
  readonly words?: WordCounts; // where a policy wrote any
}

/** What the policy is shown or asked instead, by the methods that mislead it; null where there is nothing. */
export interface Others {
  readonly image: SliceImage | null;
  readonly request: string | null;
  readonly absentRequest: string | null;
}

/** One row, or null where the method has nothing to work with. */
export async function runMethod(
  method: EvalMethod,
  evalCase: EvalCase,
  others: Others,
  tools: MethodTools,
): Promise<EvalRow | null> {
  const { slice, geometry, plane, sliceIndex, target } = evalCase;
  const context: AgentContext = {
    slice,
    geometry,
    plane,
    sliceIndex,
    request: target.requests[0] ?? target.name,
    segmenter: tools.segmenter,
  };
  const begun = performance.now();
  const outcome = await runOutcome(method, evalCase, others, context, tools);
  if (outcome === null) return null;
  const elapsedMs = performance.now() - begun;
  tools.signal.throwIfAborted();
  const masks = outcome.state.records.flatMap(({ step }) =>
    step.action.kind === 'click' && step.mask !== null ? [unpackMask(step.mask)] : [],
  );
  const { mask: packed } = getInForce(outcome.state);
  const nothing = emptyMask(slice.width, slice.height);
  const mask = packed === null ? nothing : unpackMask(packed);
  const truth = method === 'absent-request' ? nothing : evalCase.truth;
  const { request, words } = outcome;
  return {
    caseId: evalCase.caseId,
    targetId: target.id,
    sliceIndex,
    method,
    dice: computeDice(mask, truth),
    iou: computeIou(mask, truth),
    steps: outcome.steps,
    stopReason: outcome.stopReason,
    elapsedMs,
    diceByStep: masks.map((after) => computeDice(after, truth)),
    iouByStep: masks.map((after) => computeIou(after, truth)),
    encodeMs: tools.encodeMs,
    ...(request === undefined ? {} : { request }),
    ...(words === undefined ? {} : { words }),
  };
}

function runOutcome(
  method: EvalMethod,
  evalCase: EvalCase,
  others: Others,
  context: AgentContext,
  tools: MethodTools,
): Promise<Outcome | null> {
  const { policy } = tools;
  const { target, truth } = evalCase;
  const askInstead = async (request: string | null): Promise<Outcome | null> => {
    if (policy === null || request === null) return null;
    return { ...(await runAgent({ ...context, request }, evalCase, policy, tools)), request };
  };
  switch (method) {
    case 'agent':
      return policy === null ? nothing : runAgent(context, evalCase, policy, tools);
    case 'other-image':
      return policy === null || others.image === null
        ? nothing
        : runAgent(context, evalCase, showOther(policy, others.image), tools);
    case 'other-request':
      return askInstead(others.request);
    case 'absent-request':
      return askInstead(others.absentRequest);
    case 'centre-click':
      return runOneClick(context, { x: 0.5, y: 0.5 }, tools.signal);
    case 'mean-position-click': {
      if (target.trainMeanPosition == null) return nothing;
      const [x, y] = target.trainMeanPosition;
      return runOneClick(context, { x, y }, tools.signal);
    }
    case 'oracle':
      return runOracle(context, truth, tools.signal);
    case 'oracle-twenty':
      return runOracle(context, truth, tools.signal, { stopIou: 0.9, leastClicks: 5 });
  }
}
const nothing = Promise.resolve(null);

async function runAgent(
  context: AgentContext,
  evalCase: EvalCase,
  policy: Policy,
  tools: MethodTools,
): Promise<Outcome> {
  const { seed, maxSteps, signal } = tools;
  let state = emptyAgentState;
  const run = { context, state, policy, seed, maxSteps, signal, parseRetries: EVAL_PARSE_RETRIES };
  for await (const event of runAgentLoop(run)) {
    if (event.kind === 'step') {
      state = event.state;
      continue;
    }
    // A policy that writes nonsense has failed its case; a model that breaks has failed the evaluation.
    const isUnparsed = state.records.at(-1)?.step.action.kind === 'unparsed';
    if (event.stopReason === 'failed' && !isUnparsed)
      throw new Error(event.failure?.message ?? 'the agent failed');
    const words = countWords(state, evalCase);
    return { state, steps: state.records.length, stopReason: event.stopReason, words };
  }
  throw new Error('the agent loop ended without saying why');
}

async function runOneClick(
  context: AgentContext,
  normalised: NormalisedPoint,
  signal: AbortSignal,
): Promise<Outcome> {
  const click = { label: 'include' as const, normalised };
  const { state } = await placeUserClick(context, emptyAgentState, click, signal);
  return { state, steps: 1, stopReason: 'one-click' };
}

async function runOracle(
  context: AgentContext,
  truth: Mask,
  signal: AbortSignal,
  { stopIou, leastClicks } = { stopIou: ORACLE_STOP_IOU, leastClicks: 0 },
): Promise<Outcome> {
  let state = emptyAgentState;
  let mask = emptyMask(truth.width, truth.height);
  for (let steps = 0; ; steps++) {
    if (steps >= leastClicks && computeIou(mask, truth) >= stopIou)
      return { state, steps, stopReason: 'iou-reached' };
    if (steps === ORACLE_MAX_STEPS) return { state, steps, stopReason: 'step-limit' };
    const click = computeOracleClick(mask, truth);
    if (click === null) return { state, steps, stopReason: 'iou-reached' };
    const normalised = imageToNormalised(truth, click.point);
    const turn = await placeUserClick(context, state, { label: click.label, normalised }, signal);
    state = turn.state;
    const { mask: packed } = getInForce(state);
    mask = packed === null ? mask : unpackMask(packed);
  }
}

/** The same policy, shown another picture; the mask of the right one is drawn on it, stretched to its size. */
function showOther(policy: Policy, slice: SliceImage): Policy {
  return {
    manifest: policy.manifest,
    nextAction: (observation, options) => {
      const { mask } = observation;
      const shown = mask === null ? null : stretchMask(mask, slice.width, slice.height);
      return policy.nextAction({ ...observation, slice, mask: shown }, options);
    },
  };
}

/** Nearest pixel, as training/ibis_training/rollout.py does it. */
function stretchMask(mask: Mask, width: number, height: number): Mask {
  const data = Uint8Array.from({ length: width * height }, (_, p) => {
    const column = Math.floor(((p % width) * mask.width) / width);
    const row = Math.floor((Math.floor(p / width) * mask.height) / height);
    return mask.data[row * mask.width + column] ?? 0;
  });
  return { width, height, data };
}
