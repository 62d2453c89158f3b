import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import type { SessionId } from '../../domain/brand.js';
import type { Click, Step } from '../../domain/session.js';
import { inTransaction } from './failure.js';
import { LOGITS_ENCODING, encodeLogits } from './logitsBlob.js';
import type { Store } from './openStore.js';
import { parseRow } from './rows.js';
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
