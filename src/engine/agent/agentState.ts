import { IbisError } from '../../contract/errors.js';
import { packMask } from '../../domain/mask.js';
import { imageToVoxel, normalisedToImage } from '../../domain/plane.js';
import { voxelToWorld } from '../../domain/geometry.js';
import type { VolumeGeometry } from '../../domain/geometry.js';
import type { PackedMask } from '../../domain/mask.js';
import type { NormalisedPoint, SlicePlane } from '../../domain/plane.js';
import type { Action, Click, Step } from '../../domain/session.js';
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
  /** Clicks in force after the step, renumbered. */
  readonly clicks: readonly Click[];
  /** Of the mask after the step: float32 [lowRes, lowRes]; null before any click, or when not kept. */
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
  readonly clicks: readonly Click[];
  readonly mask: PackedMask | null;
  readonly score: number | null;
  readonly lowResLogits: Float32Array | null;
}

/** Clicks, mask, score and logits as they stand now. */
export function getInForce(state: AgentState): InForce {
  const last = recordsInForce(state).at(-1);
  if (last === undefined) return { clicks: [], mask: null, score: null, lowResLogits: null };
  const { step, clicks, lowResLogits } = last;
  return { clicks, mask: step.mask, score: step.score, lowResLogits };
}

/** A click in all three spaces; the voxel is the one whose pixel holds the point. */
export function createClick(
  context: Pick<AgentContext, 'geometry' | 'plane' | 'sliceIndex'>,
  given: Pick<Click, 'index' | 'label' | 'placedBy' | 'normalised'>,
): Click {
  const point = normalisedToImage(context.plane, given.normalised);
  const voxel = imageToVoxel(context.plane, context.sliceIndex, point);
  const { index, label, placedBy, normalised } = given;
  return {
    index,
    label,
    placedBy,
    normalised,
    voxel,
    world: voxelToWorld(context.geometry, voxel),
  };
}

const isSameClick = (a: Click, b: Click): boolean =>
  a.label === b.label &&
  a.placedBy === b.placedBy &&
  a.normalised.x === b.normalised.x &&
  a.normalised.y === b.normalised.y;

interface PolicyWords {
  readonly policyText: string;
  readonly reasoning: string;
  readonly policyMs: number;
}
const noWords: PolicyWords = { policyText: '', reasoning: '', policyMs: 0 };

/** Appends a step that leaves the segmenter alone; its mask is the one in force unless `mask` says otherwise. */
export function appendStep(
  state: AgentState,
  action: Action,
  words: PolicyWords,
  changes: Partial<InForce> & { readonly segmenterMs?: number } = {},
): Turn {
  const { segmenterMs = 0, ...changed } = changes;
  const next = { ...getInForce(state), ...changed };
  const record: StepRecord = {
    step: {
      ...words,
      stepIndex: state.records.length,
      action,
      mask: next.mask,
      score: next.score,
      segmenterMs,
      elapsedMs: words.policyMs + segmenterMs,
      undone: false,
    },
    clicks: next.clicks,
    lowResLogits: next.lowResLogits,
  };
  return { record, state: { records: [...state.records, record] } };
}

/** Runs the segmenter on `clicks` and appends the step. Rejects as the segmenter does; `state` is then as before. */
async function appendSegmentedStep(
  { segmenter, slice }: AgentContext,
  state: AgentState,
  action: Action,
  words: PolicyWords,
  prompt: { readonly clicks: readonly Click[]; readonly previousLogits: Float32Array | null },
  signal: AbortSignal,
): Promise<Turn> {
  const { clicks, previousLogits } = prompt;
  if (clicks.length === 0)
    return appendStep(state, action, words, {
      clicks,
      mask: null,
      score: null,
      lowResLogits: null,
    });
  const reply = await segmenter.segment(
    slice,
    { clicks, box: null, scribbles: [] },
    previousLogits,
    signal,
  );
  return appendStep(state, action, words, {
    clicks,
    mask: packMask(reply.mask),
    score: reply.score,
    lowResLogits: reply.lowResLogits,
    segmenterMs: reply.elapsedMs,
  });
}

/** Adds a click of the policy or of the user: the same click, the same segmenter call. */
export async function placeClick(
  context: AgentContext,
  state: AgentState,
  given: Pick<Click, 'label' | 'placedBy' | 'normalised'>,
  signal: AbortSignal,
  words: PolicyWords = noWords,
): Promise<Turn> {
  const { clicks, lowResLogits } = getInForce(state);
  const click = createClick(context, { ...given, index: clicks.length });
  return appendSegmentedStep(
    context,
    state,
    { kind: 'click', click },
    words,
    { clicks: [...clicks, click], previousLogits: lowResLogits },
    signal,
  );
}

export const placeUserClick = (
  context: AgentContext,
  state: AgentState,
  given: { readonly label: 'include' | 'exclude'; readonly normalised: NormalisedPoint },
  signal: AbortSignal,
): Promise<Turn> => placeClick(context, state, { ...given, placedBy: 'user' }, signal);

/**
 * Takes one click back and segments anew with those that remain, from the newest logits that owe nothing to
 * the removed click. Rejects with 'session-state' when there is no such click.
 */
export async function removeClick(
  context: AgentContext,
  state: AgentState,
  clickIndex: number,
  signal: AbortSignal,
): Promise<Turn> {
  const { clicks } = getInForce(state);
  if (clicks[clickIndex] === undefined)
    throw new IbisError('session-state', `There is no click ${String(clickIndex + 1)} to remove.`);
  const remaining = clicks
    .filter((_, index) => index !== clickIndex)
    .map((click, index) => ({ ...click, index }));
  const isUntouched = (record: StepRecord): boolean =>
    record.clicks.every((click) => remaining.some((kept) => isSameClick(kept, click)));
  const previousLogits = recordsInForce(state).findLast(isUntouched)?.lowResLogits ?? null;
  return appendSegmentedStep(
    context,
    state,
    { kind: 'remove-click', clickIndex, placedBy: 'user' },
    noWords,
    { clicks: remaining, previousLogits },
    signal,
  );
}

/**
 * Marks the last step in force as undone: clicks, mask and logits are then those of the step before, which
 * are kept and need no model. Null when there is nothing to undo.
 */
export function undoStep(
  state: AgentState,
): { readonly undoneStepIndex: number; readonly state: AgentState } | null {
  const last = recordsInForce(state).at(-1);
  if (last === undefined) return null;
  const records = state.records.map((record) =>
    record === last ? { ...record, step: { ...record.step, undone: true } } : record,
  );
  return { undoneStepIndex: last.step.stepIndex, state: { records } };
}
