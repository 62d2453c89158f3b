import {
  computeOracleClick,
  ORACLE_MAX_STEPS,
  ORACLE_STOP_IOU,
} from '../../domain/clickSimulator.js';
import { emptyMask, unpackMask } from '../../domain/mask.js';
import { computeDice, computeIou } from '../../domain/metrics.js';
import { imageToNormalised } from '../../domain/plane.js';
import { emptyAgentState, getInForce } from '../agent/agentState.js';
import { placeUserClick } from '../agent/prompting.js';
import { runAgentLoop } from '../agent/runAgentLoop.js';
import type { EvalMethod } from '../../contract/evalMethods.js';
import type { EvalRow } from '../../contract/evalReport.js';
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
  readonly signal: AbortSignal;
}

/** Retries are the app's: training and evaluation take the policy as it is. */
export const EVAL_PARSE_RETRIES = 0;

interface Outcome {
  readonly state: AgentState;
  readonly steps: number;
  readonly stopReason: string;
}

/** What the policy is shown or asked instead, by the methods that mislead it; null where there is nothing. */
export interface Others {
  readonly image: SliceImage | null;
  readonly request: string | null;
}

/** One row, or null where the method has nothing to work with. */
export async function runMethod(
  method: EvalMethod,
  evalCase: EvalCase,
  others: Others,
  tools: MethodTools,
): Promise<EvalRow | null> {
  const { slice, geometry, plane, sliceIndex, target, truth } = evalCase;
  const context: AgentContext = {
    slice,
    geometry,
    plane,
    sliceIndex,
    request: target.requests[0] ?? target.name,
    segmenter: tools.segmenter,
  };
  // Encoding is no method's merit: it is done before the clock starts.
  await tools.segmenter.encode(slice, tools.signal);
  const begun = performance.now();
  const outcome = await runOutcome(method, evalCase, others, context, tools);
  if (outcome === null) return null;
  const elapsedMs = performance.now() - begun;
  tools.signal.throwIfAborted();
  const masks = outcome.state.records.flatMap(({ step }) =>
    step.action.kind === 'click' && step.mask !== null ? [unpackMask(step.mask)] : [],
  );
  const { mask: packed } = getInForce(outcome.state);
  const mask = packed === null ? emptyMask(slice.width, slice.height) : unpackMask(packed);
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
  };
}

function runOutcome(
  method: EvalMethod,
  { target, truth }: EvalCase,
  others: Others,
  context: AgentContext,
  tools: MethodTools,
): Promise<Outcome | null> {
  const { policy } = tools;
  switch (method) {
    case 'agent':
      return policy === null ? nothing : runAgent(context, policy, tools);
    case 'other-image':
      return policy === null || others.image === null
        ? nothing
        : runAgent(context, showOther(policy, others.image), tools);
    case 'other-request':
      return policy === null || others.request === null
        ? nothing
        : runAgent({ ...context, request: others.request }, policy, tools);
    case 'centre-click':
      return runOneClick(context, { x: 0.5, y: 0.5 }, tools.signal);
    case 'mean-position-click': {
      if (target.trainMeanPosition == null) return nothing;
      const [x, y] = target.trainMeanPosition;
      return runOneClick(context, { x, y }, tools.signal);
    }
    case 'oracle':
      return runOracle(context, truth, tools.signal);
    case 'oracle-five':
      return runOracle(context, truth, tools.signal, { stopIou: 1, maxSteps: 5 });
  }
}
const nothing = Promise.resolve(null);

async function runAgent(
  context: AgentContext,
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
    return { state, steps: state.records.length, stopReason: event.stopReason };
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
  { stopIou, maxSteps } = { stopIou: ORACLE_STOP_IOU, maxSteps: ORACLE_MAX_STEPS },
): Promise<Outcome> {
  let state = emptyAgentState;
  let mask = emptyMask(truth.width, truth.height);
  for (let steps = 0; ; steps++) {
    if (computeIou(mask, truth) >= stopIou) return { state, steps, stopReason: 'iou-reached' };
    if (steps === maxSteps) return { state, steps, stopReason: 'step-limit' };
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
