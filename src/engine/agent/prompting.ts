import { IbisError } from '../../contract/errors.js';
import { voxelToWorld } from '../../domain/geometry.js';
import { packMask } from '../../domain/mask.js';
import { imageToVoxel, normalisedToImage } from '../../domain/plane.js';
import type { NormalisedPoint } from '../../domain/plane.js';
import { hasPrompts } from '../../domain/prompts.js';
import type { Box, Click, PlacedPoint, Prompts, Scribble } from '../../domain/prompts.js';
import type { Action } from '../../domain/session.js';
import { appendStep, getInForce, noWords, recordsInForce } from './agentState.js';
import type { AgentContext, AgentState, PolicyWords, StepRecord, Turn } from './agentState.js';
import type { PromptBox, PromptScribble, SegmenterPrompts } from './types.js';

/** Placing prompts and taking them away, by the policy or the user: the same prompt, the same segmenter call. */

/** A point in all three spaces; the voxel is the one whose pixel holds it. */
function placePoint(
  { plane, geometry, sliceIndex }: Pick<AgentContext, 'geometry' | 'plane' | 'sliceIndex'>,
  normalised: NormalisedPoint,
): PlacedPoint {
  const voxel = imageToVoxel(plane, sliceIndex, normalisedToImage(plane, normalised));
  return { normalised, voxel, world: voxelToWorld(geometry, voxel) };
}

const isSameClick = (a: Click, b: Click): boolean =>
  a.label === b.label &&
  a.placedBy === b.placedBy &&
  a.normalised.x === b.normalised.x &&
  a.normalised.y === b.normalised.y;

/** Whether `prompts` are all among `kept`. */
const areKept = (prompts: Prompts, kept: Prompts): boolean =>
  prompts.clicks.every((click) => kept.clicks.some((other) => isSameClick(other, click))) &&
  (prompts.box === null || prompts.box.stepIndex === kept.box?.stepIndex) &&
  prompts.scribbles.every(({ stepIndex }) =>
    kept.scribbles.some((other) => other.stepIndex === stepIndex),
  );

/** What the segmenter starts from, and the mask where there is nothing for it to do. */
type Start = Pick<ReturnType<typeof getInForce>, 'mask' | 'lowResLogits'>;

/** The newest step in force that fits; an edit by hand always does: what a hand has drawn is never lost unasked. */
function findStart(state: AgentState, fits: (record: StepRecord) => boolean): Start {
  const found = recordsInForce(state).findLast(
    (record) => record.step.action.kind === 'edit' || fits(record),
  );
  return { mask: found?.step.mask ?? null, lowResLogits: found?.lowResLogits ?? null };
}

const toSegmenterPrompts = ({ clicks, box, scribbles }: Prompts): SegmenterPrompts => ({
  clicks: clicks.map(({ label, normalised }) => ({ label, normalised })),
  box:
    box === null
      ? null
      : { topLeft: box.topLeft.normalised, bottomRight: box.bottomRight.normalised },
  scribbles: scribbles.map(({ label, points }) => ({
    label,
    points: points.map(({ normalised }) => normalised),
  })),
});

/** Runs the segmenter on `prompts` and appends the step. Rejects as the segmenter does; `state` is then as before. */
async function appendSegmentedStep(
  { segmenter, slice }: AgentContext,
  state: AgentState,
  action: Action,
  given: { readonly prompts: Prompts; readonly start: Start },
  signal: AbortSignal,
  words: PolicyWords = noWords,
): Promise<Turn> {
  const { prompts, start } = given;
  if (!hasPrompts(prompts))
    return appendStep(state, action, words, {
      prompts,
      mask: start.mask,
      score: null,
      lowResLogits: start.lowResLogits,
    });
  const reply = await segmenter.segment(
    slice,
    toSegmenterPrompts(prompts),
    start.lowResLogits,
    signal,
  );
  return appendStep(state, action, words, {
    prompts,
    mask: packMask(reply.mask),
    score: reply.score,
    lowResLogits: reply.lowResLogits,
    segmenterMs: reply.elapsedMs,
  });
}

export async function placeClick(
  context: AgentContext,
  state: AgentState,
  given: Pick<Click, 'label' | 'placedBy' | 'normalised'>,
  signal: AbortSignal,
  words?: PolicyWords,
): Promise<Turn> {
  const start = getInForce(state);
  const { prompts } = start;
  const click: Click = {
    index: prompts.clicks.length,
    label: given.label,
    placedBy: given.placedBy,
    ...placePoint(context, given.normalised),
  };
  return appendSegmentedStep(
    context,
    state,
    { kind: 'click', click },
    { prompts: { ...prompts, clicks: [...prompts.clicks, click] }, start },
    signal,
    words,
  );
}

export const placeUserClick = (
  context: AgentContext,
  state: AgentState,
  given: { readonly label: 'include' | 'exclude'; readonly normalised: NormalisedPoint },
  signal: AbortSignal,
): Promise<Turn> => placeClick(context, state, { ...given, placedBy: 'user' }, signal);

/**
 * Takes one click back and segments anew with the prompts that remain, from the newest logits that owe nothing to
 * the removed one. Rejects with 'session-state' when there is no such click; so do the other removals.
 */
export async function removeClick(
  context: AgentContext,
  state: AgentState,
  clickIndex: number,
  signal: AbortSignal,
): Promise<Turn> {
  const { prompts } = getInForce(state);
  if (prompts.clicks[clickIndex] === undefined)
    throw new IbisError('session-state', `There is no click ${String(clickIndex + 1)} to remove.`);
  const clicks = prompts.clicks
    .filter((_, index) => index !== clickIndex)
    .map((click, index) => ({ ...click, index }));
  const action = { kind: 'remove-click', clickIndex, placedBy: 'user' } as const;
  return segmentRemaining(context, state, action, { ...prompts, clicks }, signal);
}

function segmentRemaining(
  context: AgentContext,
  state: AgentState,
  action: Action,
  prompts: Prompts,
  signal: AbortSignal,
): Promise<Turn> {
  const start = findStart(state, ({ step }) => areKept(step.prompts, prompts));
  return appendSegmentedStep(context, state, action, { prompts, start }, signal);
}

/**
 * Puts the user's box around the target, in place of the one before. The segmenter starts anew: on 38 slices of the
 * training data it came to a Dice of 0.85 from a good click and a box, and to 0.75 where the click's logits went
 * with them (0.76 and 0.63 from a bad click). Only an edit by hand is started from.
 */
export async function placeUserBox(
  context: AgentContext,
  state: AgentState,
  given: PromptBox,
  signal: AbortSignal,
): Promise<Turn> {
  const box: Box = {
    stepIndex: state.records.length,
    placedBy: 'user',
    topLeft: placePoint(context, given.topLeft),
    bottomRight: placePoint(context, given.bottomRight),
  };
  const prompts = { ...getInForce(state).prompts, box };
  const start = findStart(state, () => false);
  return appendSegmentedStep(context, state, { kind: 'box', box }, { prompts, start }, signal);
}

export async function removeBox(
  context: AgentContext,
  state: AgentState,
  signal: AbortSignal,
): Promise<Turn> {
  const { prompts } = getInForce(state);
  if (prompts.box === null) throw new IbisError('session-state', 'There is no box to remove.');
  const action = { kind: 'remove-box', placedBy: 'user' } as const;
  return segmentRemaining(context, state, action, { ...prompts, box: null }, signal);
}

export async function drawUserScribble(
  context: AgentContext,
  state: AgentState,
  given: PromptScribble,
  signal: AbortSignal,
): Promise<Turn> {
  const start = getInForce(state);
  const scribble: Scribble = {
    stepIndex: state.records.length,
    label: given.label,
    placedBy: 'user',
    points: given.points.map((point) => placePoint(context, point)),
  };
  const prompts = { ...start.prompts, scribbles: [...start.prompts.scribbles, scribble] };
  const action = { kind: 'scribble', scribble } as const;
  return appendSegmentedStep(context, state, action, { prompts, start }, signal);
}

export async function removeScribble(
  context: AgentContext,
  state: AgentState,
  scribbleStepIndex: number,
  signal: AbortSignal,
): Promise<Turn> {
  const { prompts } = getInForce(state);
  const scribbles = prompts.scribbles.filter(({ stepIndex }) => stepIndex !== scribbleStepIndex);
  if (scribbles.length === prompts.scribbles.length)
    throw new IbisError('session-state', 'This scribble is not there any more.');
  const action = { kind: 'remove-scribble', scribbleStepIndex, placedBy: 'user' } as const;
  return segmentRemaining(context, state, action, { ...prompts, scribbles }, signal);
}
