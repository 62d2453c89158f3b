import type { VolumeGeometry } from '../../domain/geometry.js';
import type { PackedMask } from '../../domain/mask.js';
import type { SlicePlane } from '../../domain/plane.js';
import { noPrompts } from '../../domain/prompts.js';
import type { Prompts } from '../../domain/prompts.js';
import type { Action, Step } from '../../domain/session.js';
import { findWay } from '../../domain/stepTree.js';
import type { Segmenter, SliceImage } from './types.js';

/** What a session works on: fixed from its start to its end. */
export interface AgentContext {
  readonly slice: SliceImage;
  readonly geometry: VolumeGeometry;
  readonly plane: SlicePlane;
  readonly sliceIndex: number;
  readonly request: string;
  readonly segmenter: Segmenter;
}

/** A step with all that the next one needs; what the store keeps of it. */
export interface StepRecord {
  readonly step: Step;
  /** Of the mask after the step: float32 [lowRes, lowRes]; null before any prompt, or when not kept. */
  readonly lowResLogits: Float32Array | null;
}

/** Append-only; undone records stay, marked. Everything in force follows from the last record that is not undone. */
export interface AgentState {
  readonly records: readonly StepRecord[];
}

/** One step taken: save `record`, then show it, then go on from `state`. */
export interface Turn {
  readonly record: StepRecord;
  readonly state: AgentState;
}

export const emptyAgentState: AgentState = { records: [] };

export const recordsInForce = (state: AgentState): readonly StepRecord[] =>
  state.records.filter((record) => !record.step.undone);

interface InForce {
  readonly prompts: Prompts;
  readonly mask: PackedMask | null;
  readonly score: number | null;
  readonly lowResLogits: Float32Array | null;
}

/** Prompts, mask, score and logits as they stand now. */
export function getInForce(state: AgentState): InForce {
  const last = recordsInForce(state).at(-1);
  if (last === undefined)
    return { prompts: noPrompts, mask: null, score: null, lowResLogits: null };
  const { step, lowResLogits } = last;
  return { prompts: step.prompts, mask: step.mask, score: step.score, lowResLogits };
}

/** What the policy wrote; nothing where the user acts. */
export interface PolicyWords {
  readonly policyText: string;
  readonly reasoning: string;
  readonly policyMs: number;
}
export const noWords: PolicyWords = { policyText: '', reasoning: '', policyMs: 0 };

/** Appends a step; what `changes` leaves out stays as it is in force. */
export function appendStep(
  state: AgentState,
  action: Action,
  words: PolicyWords,
  changes: Partial<InForce> & { readonly segmenterMs?: number } = {},
): Turn {
  const { segmenterMs = 0, ...changed } = changes;
  const { lowResLogits, ...next } = { ...getInForce(state), ...changed };
  const step: Step = {
    ...words,
    ...next,
    stepIndex: state.records.length,
    followsStepIndex: recordsInForce(state).at(-1)?.step.stepIndex ?? null,
    action,
    segmenterMs,
    elapsedMs: words.policyMs + segmenterMs,
    undone: false,
  };
  const record = { step, lowResLogits };
  return { record, state: { records: [...state.records, record] } };
}

/**
 * The same steps with the way to `stepIndex` in force (null: the beginning), and no other: undo goes to the step before,
 * redo to the step after, and any step can be gone on from. Prompts, mask and logits are those of that step, which are
 * kept and need no model. Null where there is no such step.
 */
export function moveToStep(state: AgentState, stepIndex: number | null): AgentState | null {
  if (stepIndex !== null && state.records[stepIndex] === undefined) return null;
  const way = findWay(
    state.records.map(({ step }) => step),
    stepIndex,
  );
  const records = state.records.map((record) => {
    const undone = !way.includes(record.step);
    return undone === record.step.undone ? record : { ...record, step: { ...record.step, undone } };
  });
  return { records };
}

/** One step back; null when there is nothing to undo. */
export function undoStep(state: AgentState): AgentState | null {
  const head = recordsInForce(state).at(-1)?.step;
  return head === undefined ? null : moveToStep(state, head.followsStepIndex);
}
