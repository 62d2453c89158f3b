import type Database from 'better-sqlite3';
import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import type { SessionId } from '../../domain/brand.js';
import type { Box, PlacedPoint, Scribble } from '../../domain/prompts.js';
import type { Step } from '../../domain/session.js';
import { groupBy } from './groupBy.js';
import { parseRow, pointColumns, toPlacedPoint } from './rows.js';

/** Boxes and scribbles: kept once, with the step that drew them; every step says which of them are in force. */

const drawnRow = z.object({
  step_index: z.number().int(),
  kind: z.enum(['box', 'scribble']),
  label: z.enum(['include', 'exclude']).nullable(),
  placed_by: z.enum(['policy', 'user']),
});

const pointRow = z
  .object({ step_index: z.number().int(), ...pointColumns })
  .transform((row): { readonly stepIndex: number; readonly point: PlacedPoint } => ({
    stepIndex: row.step_index,
    point: toPlacedPoint(row),
  }));

const inForceRow = z.object({ step_index: z.number().int(), drawn_step_index: z.number().int() });

type Drawn =
  | { readonly kind: 'box'; readonly box: Box }
  | { readonly kind: 'scribble'; readonly scribble: Scribble };

const damaged = (): never => {
  throw new IbisError('database-damaged', 'A stored box or scribble could not be read.');
};

function toDrawn(row: z.infer<typeof drawnRow>, points: readonly PlacedPoint[]): Drawn {
  const { step_index: stepIndex, placed_by: placedBy } = row;
  const [topLeft = damaged(), bottomRight] = points;
  return row.kind === 'box'
    ? { kind: 'box', box: { stepIndex, placedBy, topLeft, bottomRight: bottomRight ?? damaged() } }
    : {
        kind: 'scribble',
        scribble: { stepIndex, placedBy, label: row.label ?? damaged(), points },
      };
}

/** Looks up what a step drew, and what of it was in force after a step. */
export interface DrawnPrompts {
  readonly drawnBy: (stepIndex: number) => Drawn | null;
  readonly inForceAfter: (stepIndex: number) => {
    readonly box: Box | null;
    readonly scribbles: readonly Scribble[];
  };
}

export function loadDrawnPrompts(database: Database.Database, sessionId: SessionId): DrawnPrompts {
  const all = (sql: string): unknown[] => database.prepare(sql).all(sessionId);
  const points = groupBy(
    all('SELECT * FROM drawn_points WHERE session_id = ? ORDER BY step_index, point_index').map(
      (row) => parseRow(pointRow, row),
    ),
    ({ stepIndex }) => stepIndex,
  );
  const drawn = new Map(
    all('SELECT * FROM drawn_prompts WHERE session_id = ?')
      .map((row) => parseRow(drawnRow, row))
      .map((row) => {
        const line = points.get(row.step_index) ?? [];
        return [
          row.step_index,
          toDrawn(
            row,
            line.map(({ point }) => point),
          ),
        ] as const;
      }),
  );
  const inForce = groupBy(
    all(
      'SELECT * FROM drawn_in_force WHERE session_id = ? ORDER BY step_index, drawn_step_index',
    ).map((row) => parseRow(inForceRow, row)),
    (row) => row.step_index,
  );
  return {
    drawnBy: (stepIndex) => drawn.get(stepIndex) ?? null,
    inForceAfter: (stepIndex) => {
      const prompts = (inForce.get(stepIndex) ?? []).map(
        (row) => drawn.get(row.drawn_step_index) ?? damaged(),
      );
      return {
        box: prompts.flatMap((each) => (each.kind === 'box' ? [each.box] : [])).at(-1) ?? null,
        scribbles: prompts.flatMap((each) => (each.kind === 'scribble' ? [each.scribble] : [])),
      };
    },
  };
}

/** Part of the transaction that saves the step. */
export function saveDrawnPrompts(
  database: Database.Database,
  sessionId: SessionId,
  { stepIndex, action, prompts }: Step,
): void {
  if (action.kind === 'box')
    insertDrawn({ kind: 'box', label: null, placedBy: action.box.placedBy }, [
      action.box.topLeft,
      action.box.bottomRight,
    ]);
  if (action.kind === 'scribble')
    insertDrawn({ kind: 'scribble', ...action.scribble }, action.scribble.points);
  const insertInForce = database.prepare('INSERT INTO drawn_in_force VALUES (?, ?, ?)');
  const { box, scribbles } = prompts;
  for (const drawn of box === null ? scribbles : [box, ...scribbles])
    insertInForce.run(sessionId, stepIndex, drawn.stepIndex);

  function insertDrawn(
    drawn: Pick<Scribble, 'placedBy'> & {
      readonly kind: 'box' | 'scribble';
      readonly label: Scribble['label'] | null;
    },
    points: readonly PlacedPoint[],
  ): void {
    database
      .prepare('INSERT INTO drawn_prompts VALUES (?, ?, ?, ?, ?)')
      .run(sessionId, stepIndex, drawn.kind, drawn.label, drawn.placedBy);
    const insertPoint = database.prepare(
      'INSERT INTO drawn_points VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    for (const [index, { normalised, voxel, world }] of points.entries())
      insertPoint.run(
        ...[sessionId, stepIndex, index, normalised.x, normalised.y],
        ...[voxel.i, voxel.j, voxel.k, world.x, world.y, world.z],
      );
  }
}
