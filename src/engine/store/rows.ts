import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import type { ModelId, SeriesId, SessionId } from '../../domain/brand.js';
import type { PackedMask } from '../../domain/mask.js';
import type { Click, PlacedPoint, Prompts } from '../../domain/prompts.js';
import { actionKinds, editTools } from '../../domain/session.js';
import type { Action, SessionSummary, Step } from '../../domain/session.js';
import type { DrawnPrompts } from './drawnPrompts.js';

/** Shapes of the rows as SQLite gives them back: what was stored is parsed again, not trusted. */
export const sessionIdColumn = z.string().transform((id) => id as SessionId); // branding at the edge
const seriesIdColumn = z.string().transform((id) => id as SeriesId); // branding at the edge
const modelIdColumn = z.string().transform((id) => id as ModelId); // branding at the edge
export const axisColumn = z.enum(['acquired', 'axial', 'coronal', 'sagittal']);
const runStateColumn = z.enum(['idle', 'running', 'paused', 'stopped']);
export const stopReasonColumn = z
  .enum(['policy-stop', 'target-absent', 'repeated-action', 'step-limit', 'user-stop', 'failed'])
  .nullable();
export const decisionColumn = z.enum(['accepted', 'rejected', 'edited']).nullable();
export const verdictColumn = z.enum(['approved', 'rejected', 'flagged']).nullable();

/** Throws 'database-damaged' with the sentence where a row has not the shape. */
export const createRowParser =
  (sentence: string) =>
  <T>(schema: z.ZodType<T>, row: unknown): T => {
    const parsed = schema.safeParse(row);
    if (parsed.success) return parsed.data;
    throw new IbisError('database-damaged', sentence, { cause: parsed.error });
  };

export const parseRow = createRowParser(
  'A stored session could not be read: its record is not what Ibis writes. The other sessions are not concerned.',
);

export const sessionRow = z.object({
  session_id: sessionIdColumn,
  series_id: seriesIdColumn,
  series_instance_uid: z.string(),
  phase_index: z.number().int(),
  axis: axisColumn,
  slice_index: z.number().int(),
  window_centre: z.number(),
  window_width: z.number(),
  prompt: z.string(),
  policy_id: modelIdColumn,
  segmenter_id: modelIdColumn,
  max_steps: z.number().int(),
  parse_retries: z.number().int(),
  seed: z.number().int(),
  created_at: z.string(),
  updated_at: z.string(),
  run_state: runStateColumn,
  stop_reason: stopReasonColumn,
  answer: z.string().nullable(),
  failure: z.string().nullable(),
  decision: decisionColumn,
});

export const summaryRow = z
  .object({
    session_id: sessionIdColumn,
    series_id: seriesIdColumn,
    prompt: z.string(),
    patient_name: z.string(),
    study_date: z.string(),
    modality: z.string(),
    description: z.string(),
    axis: axisColumn,
    slice_index: z.number().int(),
    created_at: z.string(),
    updated_at: z.string(),
    step_count: z.number().int(),
    stop_reason: stopReasonColumn,
    decision: decisionColumn,
    verdict: verdictColumn,
    run_state: runStateColumn,
  })
  .transform((row): SessionSummary => ({
    sessionId: row.session_id,
    seriesId: row.series_id,
    prompt: row.prompt,
    patientName: row.patient_name,
    studyDate: row.study_date,
    modality: row.modality,
    seriesDescription: row.description,
    axis: row.axis,
    sliceIndex: row.slice_index,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    stepCount: row.step_count,
    stopReason: row.stop_reason,
    decision: row.decision,
    verdict: row.verdict,
    runState: row.run_state,
  }));

/** A point in its three spaces, as clicks, boxes and scribbles are stored. */
export const pointColumns = {
  normalised_x: z.number(),
  normalised_y: z.number(),
  voxel_i: z.number(),
  voxel_j: z.number(),
  voxel_k: z.number(),
  world_x: z.number(),
  world_y: z.number(),
  world_z: z.number(),
};

export const toPlacedPoint = (row: Record<keyof typeof pointColumns, number>): PlacedPoint => ({
  normalised: { x: row.normalised_x, y: row.normalised_y },
  voxel: { i: row.voxel_i, j: row.voxel_j, k: row.voxel_k },
  world: { x: row.world_x, y: row.world_y, z: row.world_z },
});

export const clickRow = z
  .object({
    step_index: z.number().int(),
    click_index: z.number().int(),
    label: z.enum(['include', 'exclude']),
    placed_by: z.enum(['policy', 'user']),
    ...pointColumns,
  })
  .transform((row): { readonly stepIndex: number; readonly click: Click } => ({
    stepIndex: row.step_index,
    click: {
      index: row.click_index,
      label: row.label,
      placedBy: row.placed_by,
      ...toPlacedPoint(row),
    },
  }));

export const maskRow = z
  .object({
    step_index: z.number().int(),
    width: z.number().int().positive(),
    height: z.number().int().positive(),
    bounds_left: z.number().int().nonnegative().nullable(),
    bounds_top: z.number().int().nonnegative().nullable(),
    bounds_right: z.number().int().nullable(),
    bounds_bottom: z.number().int().nullable(),
    bits: z.instanceof(Uint8Array),
  })
  .transform((row, context): { readonly stepIndex: number; readonly mask: PackedMask } => {
    const { width, height, bounds_left: left, bounds_top: top } = row;
    const { bounds_right: right, bounds_bottom: bottom } = row;
    const bits = new Uint8Array(row.bits); // a plain array of its own, not a view of a Buffer
    const stepIndex = row.step_index;
    if (left === null || top === null || right === null || bottom === null)
      return { stepIndex, mask: { width, height, bounds: null, bits } };
    const pixels = (right - left + 1) * (bottom - top + 1);
    if (left > right || top > bottom || right >= width || bottom >= height)
      context.addIssue('mask bounds lie outside the slice');
    else if (bits.length !== Math.ceil(pixels / 8)) context.addIssue('mask has the wrong length');
    return { stepIndex, mask: { width, height, bounds: { left, top, right, bottom }, bits } };
  });

export const stepRow = z.object({
  step_index: z.number().int(),
  policy_text: z.string(),
  reasoning: z.string(),
  action_kind: z.enum(actionKinds),
  action_click_index: z.number().int().nullable(),
  action_scribble_step: z.number().int().nullable(),
  action_text: z.string().nullable(),
  score: z.number().nullable(),
  elapsed_ms: z.number(),
  policy_ms: z.number(),
  segmenter_ms: z.number(),
  undone: z.number(),
  follows_step_index: z.number().int().nullable(),
});

const damaged = (): never => {
  throw new IbisError(
    'database-damaged',
    'A stored step lacks what it placed and could not be read.',
  );
};

function toAction(row: z.infer<typeof stepRow>, { clicks }: Prompts, drawn: DrawnPrompts): Action {
  const clickIndex = row.action_click_index ?? -1;
  switch (row.action_kind) {
    case 'click':
      return { kind: 'click', click: clicks.find((c) => c.index === clickIndex) ?? damaged() };
    case 'remove-click':
      return { kind: 'remove-click', clickIndex, placedBy: 'user' };
    case 'box':
    case 'scribble': {
      const own = drawn.drawnBy(row.step_index);
      return own?.kind === row.action_kind ? own : damaged();
    }
    case 'remove-box':
      return { kind: 'remove-box', placedBy: 'user' };
    case 'remove-scribble':
      return {
        kind: 'remove-scribble',
        scribbleStepIndex: row.action_scribble_step ?? damaged(),
        placedBy: 'user',
      };
    case 'edit':
      return {
        kind: 'edit',
        tool: editTools.find((tool) => tool === row.action_text) ?? damaged(),
        placedBy: 'user',
      };
    case 'terminate':
      return { kind: 'terminate', answer: row.action_text ?? '' };
    case 'unparsed':
      return { kind: 'unparsed', problem: row.action_text ?? '' };
  }
}

export const toStep = (
  row: z.infer<typeof stepRow>,
  prompts: Prompts,
  drawn: DrawnPrompts,
  mask: PackedMask | null,
): Step => ({
  stepIndex: row.step_index,
  followsStepIndex: row.follows_step_index,
  policyText: row.policy_text,
  reasoning: row.reasoning,
  action: toAction(row, prompts, drawn),
  prompts,
  mask,
  score: row.score,
  elapsedMs: row.elapsed_ms,
  policyMs: row.policy_ms,
  segmenterMs: row.segmenter_ms,
  undone: row.undone === 1,
});
