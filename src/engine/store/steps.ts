import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import type { SessionId } from '../../domain/brand.js';
import { assertNever } from '../../domain/result.js';
import { makesMask } from '../../domain/session.js';
import type { Step } from '../../domain/session.js';
import { saveDrawnPrompts } from './drawnPrompts.js';
import { inTransaction } from './failure.js';
import { LOGITS_ENCODING, encodeLogits } from './logitsBlob.js';
import type { Store } from './openStore.js';
import { parseRow } from './rows.js';
import { requireOwnSession, writeSessionChange } from './sessions.js';
import type { SessionChange } from './sessions.js';

export interface NewStep {
  readonly sessionId: SessionId;
  readonly step: Step;
  /** The segmenter's low-resolution logits after a step that made a mask; not looked at for others. */
  readonly lowResLogits: Float32Array | null; // float32 [lowRes, lowRes]
  /** Stored together with the step, as when it ends the run. */
  readonly change?: SessionChange;
}

interface ActionColumns {
  readonly clickIndex: number | null;
  readonly scribbleStep: number | null;
  readonly text: string | null;
}
const noColumns: ActionColumns = { clickIndex: null, scribbleStep: null, text: null };

/** A click is told by its number among the clicks in force after it; what is drawn, by the step that drew it. */
function describeAction({ action, prompts }: Step): ActionColumns {
  switch (action.kind) {
    case 'click': {
      const { index, normalised } = action.click;
      const inForce = prompts.clicks.find((click) => click.index === index);
      if (inForce?.normalised.x !== normalised.x || inForce.normalised.y !== normalised.y)
        throw new Error('the click of a step must be among the clicks in force after it');
      return { ...noColumns, clickIndex: index };
    }
    case 'remove-click':
      return { ...noColumns, clickIndex: action.clickIndex };
    case 'remove-scribble':
      return { ...noColumns, scribbleStep: action.scribbleStepIndex };
    case 'edit':
      return { ...noColumns, text: action.tool };
    case 'terminate':
      return { ...noColumns, text: action.answer };
    case 'unparsed':
      return { ...noColumns, text: action.problem };
    case 'box':
    case 'remove-box':
    case 'scribble':
      return noColumns;
    default:
      return assertNever(action);
  }
}

const countRow = z.object({ count: z.number().int() });

/**
 * Stores a step with its prompts, mask and logits in one transaction; it is on the disk when this returns,
 * and only then may it be shown. Steps are numbered without gaps, undone ones included.
 */
export function saveStep(store: Store, newStep: NewStep): void {
  const { sessionId, step, lowResLogits, change } = newStep;
  const { database } = store;
  const columns = describeAction(step);
  // Compressed before the write lock is taken.
  const logits =
    makesMask(step.action) && lowResLogits !== null ? encodeLogits(lowResLogits) : null;
  inTransaction(database, () => {
    requireOwnSession(store, sessionId);
    const { count } = parseRow(
      countRow,
      database.prepare('SELECT count(*) AS count FROM steps WHERE session_id = ?').get(sessionId),
    );
    if (step.stepIndex !== count)
      throw new Error(`step ${String(step.stepIndex)} was saved where ${String(count)} is next`);
    database
      .prepare(
        `INSERT INTO steps VALUES (@sessionId, @stepIndex, @policyText, @reasoning, @kind, @clickIndex,
           @scribbleStep, @text, @score, @elapsedMs, @policyMs, @segmenterMs, @savedAt, @undone,
           (SELECT max(step_index) FROM steps WHERE session_id = @sessionId AND undone = 0))`,
      )
      .run({
        sessionId,
        stepIndex: step.stepIndex,
        policyText: step.policyText,
        reasoning: step.reasoning,
        kind: step.action.kind,
        ...columns,
        score: step.score,
        elapsedMs: step.elapsedMs,
        policyMs: step.policyMs,
        segmenterMs: step.segmenterMs,
        savedAt: store.now().toISOString(),
        undone: step.undone ? 1 : 0,
      });
    const insertClick = database.prepare(
      'INSERT INTO clicks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    for (const { index, label, placedBy, normalised, voxel, world } of step.prompts.clicks)
      insertClick.run(
        ...[sessionId, step.stepIndex, index, label, placedBy, normalised.x, normalised.y],
        ...[voxel.i, voxel.j, voxel.k, world.x, world.y, world.z],
      );
    saveDrawnPrompts(database, sessionId, step);
    if (step.mask !== null) {
      const { width, height, bounds, bits } = step.mask;
      const box = [bounds?.left, bounds?.top, bounds?.right, bounds?.bottom];
      database
        .prepare('INSERT INTO masks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
        .run(sessionId, step.stepIndex, width, height, ...box.map((side) => side ?? null), bits);
    }
    if (logits !== null && lowResLogits !== null)
      database
        .prepare('INSERT INTO low_res_logits VALUES (?, ?, ?, ?, ?)')
        .run(sessionId, step.stepIndex, lowResLogits.length, LOGITS_ENCODING, logits);
    writeSessionChange(store, sessionId, change ?? {});
  });
}

/**
 * Puts the way from the beginning to a step in force (null: the beginning), and no other step. Those that are not on it
 * stay in the trace, marked; only the mark ever changes.
 */
export function moveToStep(
  store: Store,
  sessionId: SessionId,
  stepIndex: number | null,
  change: SessionChange = {},
): void {
  inTransaction(store.database, () => {
    requireOwnSession(store, sessionId);
    const exists = store.database
      .prepare('SELECT 1 FROM steps WHERE session_id = ? AND step_index = ?')
      .get(sessionId, stepIndex);
    if (stepIndex !== null && exists === undefined)
      throw new IbisError('not-found', 'There is no such step to go to.');
    store.database
      .prepare(
        `WITH RECURSIVE way (at) AS (
           SELECT @stepIndex
           UNION
           SELECT follows_step_index FROM steps JOIN way ON step_index = at WHERE session_id = @sessionId
         )
         UPDATE steps SET undone = NOT EXISTS (SELECT 1 FROM way WHERE at = step_index)
         WHERE session_id = @sessionId AND undone = EXISTS (SELECT 1 FROM way WHERE at = step_index)`,
      )
      .run({ sessionId, stepIndex });
    writeSessionChange(store, sessionId, change);
  });
}
