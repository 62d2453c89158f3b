import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import type { SessionId } from '../../domain/brand.js';
import type { PackedMask } from '../../domain/mask.js';
import type { Click, Step } from '../../domain/session.js';
import { inTransaction } from './failure.js';
import { LOGITS_ENCODING, decodeLogits, encodeLogits } from './logitsBlob.js';
import type { Store } from './openStore.js';
import { clickRow, maskRow, parseRow } from './rows.js';
import { requireOwnSession, writeSessionChange } from './sessions.js';
import type { SessionChange } from './sessions.js';

export interface NewStep {
  readonly sessionId: SessionId;
  readonly step: Step;
  /** Clicks in force after the step, renumbered from 0. */
  readonly clicks: readonly Click[];
  /** The segmenter's low-resolution logits after a click or a removal; not looked at for other actions. */
  readonly lowResLogits: Float32Array | null; // float32 [lowRes, lowRes]
  /** Stored together with the step, as when it ends the run. */
  readonly change?: SessionChange;
}

/** What the action columns hold; a click is told by its number among the clicks in force after it. */
function describeAction(
  step: Step,
  clicks: readonly Click[],
): { readonly clickIndex: number | null; readonly text: string | null } {
  const { action } = step;
  switch (action.kind) {
    case 'click': {
      const { index, normalised } = action.click;
      const inForce = clicks.find((click) => click.index === index);
      if (inForce?.normalised.x !== normalised.x || inForce.normalised.y !== normalised.y)
        throw new Error('the click of a step must be among the clicks in force after it');
      return { clickIndex: index, text: null };
    }
    case 'remove-click':
      return { clickIndex: action.clickIndex, text: null };
    case 'terminate':
      return { clickIndex: null, text: action.answer };
    case 'unparsed':
      return { clickIndex: null, text: action.problem };
  }
}

const countRow = z.object({ count: z.number().int() });

/**
 * Stores a step with its clicks, mask and logits in one transaction; it is on the disk when this returns,
 * and only then may it be shown. Steps are numbered without gaps, undone ones included.
 */
export function saveStep(store: Store, newStep: NewStep): void {
  const { sessionId, step, clicks, lowResLogits, change } = newStep;
  const { database } = store;
  const action = describeAction(step, clicks);
  const changesMask = step.action.kind === 'click' || step.action.kind === 'remove-click';
  // Compressed before the write lock is taken.
  const logits = changesMask && lowResLogits !== null ? encodeLogits(lowResLogits) : null;
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
           @text, @score, @elapsedMs, @policyMs, @segmenterMs, @savedAt, @undone,
           (SELECT max(step_index) FROM steps WHERE session_id = @sessionId AND undone = 0))`,
      )
      .run({
        sessionId,
        stepIndex: step.stepIndex,
        policyText: step.policyText,
        reasoning: step.reasoning,
        kind: step.action.kind,
        clickIndex: action.clickIndex,
        text: action.text,
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
    for (const { index, label, placedBy, normalised, voxel, world } of clicks)
      insertClick.run(
        ...[sessionId, step.stepIndex, index, label, placedBy, normalised.x, normalised.y],
        ...[voxel.i, voxel.j, voxel.k, world.x, world.y, world.z],
      );
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

/** Takes a step back: it stays in the trace, marked. */
export function markStepUndone(
  store: Store,
  sessionId: SessionId,
  stepIndex: number,
  change: SessionChange = {},
): void {
  inTransaction(store.database, () => {
    requireOwnSession(store, sessionId);
    const { changes } = store.database
      .prepare('UPDATE steps SET undone = 1 WHERE session_id = ? AND step_index = ?')
      .run(sessionId, stepIndex);
    if (changes === 0) throw new IbisError('not-found', 'There is no such step to take back.');
    writeSessionChange(store, sessionId, change);
  });
}

/** All that the loop needs to go on from the last step in force. */
export interface ResumeState {
  readonly nextStepIndex: number;
  readonly clicks: readonly Click[];
  readonly mask: PackedMask | null;
  readonly score: number | null;
  /** Null before any click, and after a decision for steps before the decided one: the clicks then replay. */
  readonly lowResLogits: Float32Array | null;
}

const lastStepRow = z.object({ step_index: z.number().int(), score: z.number().nullable() });
const logitsRow = z.object({
  value_count: z.number().int().positive(),
  data: z.instanceof(Uint8Array),
});

export function getResumeState(store: Store, sessionId: SessionId): ResumeState {
  const { database } = store;
  const { count } = parseRow(
    countRow,
    database.prepare('SELECT count(*) AS count FROM steps WHERE session_id = ?').get(sessionId),
  );
  const lastInForce = database
    .prepare(
      `SELECT step_index, score FROM steps WHERE session_id = ? AND undone = 0
       ORDER BY step_index DESC LIMIT 1`,
    )
    .get(sessionId);
  if (lastInForce === undefined)
    return { nextStepIndex: count, clicks: [], mask: null, score: null, lowResLogits: null };
  const last = parseRow(lastStepRow, lastInForce);
  const clicks = database
    .prepare('SELECT * FROM clicks WHERE session_id = ? AND step_index = ? ORDER BY click_index')
    .all(sessionId, last.step_index)
    .map((row) => parseRow(clickRow, row).click);
  const mask = database
    .prepare('SELECT * FROM masks WHERE session_id = ? AND step_index = ?')
    .get(sessionId, last.step_index);
  const logits = database
    .prepare(
      `SELECT value_count, data FROM low_res_logits WHERE session_id = @sessionId AND step_index =
         (SELECT max(step_index) FROM steps WHERE session_id = @sessionId AND undone = 0
           AND action_kind IN ('click', 'remove-click'))`,
    )
    .get({ sessionId });
  const packed = logits === undefined ? null : parseRow(logitsRow, logits);
  return {
    nextStepIndex: count,
    clicks,
    mask: mask === undefined ? null : parseRow(maskRow, mask).mask,
    score: last.score,
    lowResLogits: packed === null ? null : decodeLogits(packed.data, packed.value_count),
  };
}

const followedRow = z.object({
  step_index: z.number().int(),
  follows_step_index: z.number().int().nullable(),
});

/**
 * For each step, the step it stood on (null: the session as it began): the mask after that one is what the
 * policy saw. Keyed by stepIndex.
 */
export function getFollowedSteps(
  store: Store,
  sessionId: SessionId,
): ReadonlyMap<number, number | null> {
  return new Map(
    store.database
      .prepare('SELECT step_index, follows_step_index FROM steps WHERE session_id = ?')
      .all(sessionId)
      .map((row) => parseRow(followedRow, row))
      .map((row) => [row.step_index, row.follows_step_index]),
  );
}
