import { z } from 'zod';

import { doubtReasons } from '../propagation/types.js';
import type { StackedEdit } from './actStacks.js';

const sliceIndex = z.number().int().nonnegative();
const actNumber = z.number().int().nonnegative();
/** Of a mask, '' of an empty one: tells whether the slice is still as it was. */
const print = z.string();

const doubt = z.object({ reason: z.enum(doubtReasons), value: z.number(), limit: z.number() });

const madeSlice = z.object({
  sliceIndex,
  print,
  score: z.number(), // predicted IoU
  stemsFrom: sliceIndex,
  doubts: z.array(doubt),
});

const end = z.object({
  sliceIndex,
  towards: z.enum(['up', 'down']),
  stemsFrom: sliceIndex,
  because: z.union([doubt, z.literal('nothing-found'), z.null()]),
});

/** What stands of a segment after a propagation: what it was given, and what it and those before it have made. */
const run = z.object({
  kind: z.literal('run'),
  segmentNumber: z.number().int().positive(),
  axis: z.enum(['acquired', 'axial', 'coronal', 'sagittal']),
  /** The edit that must be in force for this to be true; null: the act that carries it. */
  ofAct: actNumber.nullable(),
  given: z.array(z.object({ sliceIndex, print })),
  made: z.array(madeSlice),
  ends: z.array(end),
});

/** Somebody has looked at a slice of the run that an act carries. */
const review = z.object({
  kind: z.literal('review'),
  ofAct: actNumber,
  sliceIndex,
  confirmed: z.boolean(),
});

/**
 * Kept with acts of a segmentation (in `patch_after`, beside what changes its header), so that undo, a restart and a
 * merge of databases take it along.
 */
export const propagationRecordSchema = z.discriminatedUnion('kind', [run, review]);
export type PropagationRecord = z.infer<typeof propagationRecordSchema>;
export type RunRecord = z.infer<typeof run>;
export type MadeRecord = z.infer<typeof madeSlice>;
export type EndRecord = z.infer<typeof end>;

/** A record with the act that carries it. */
export interface StoredRecord {
  readonly actNumber: number;
  readonly record: PropagationRecord;
}

/** The run that a segment's slices stand by, and which of them were said to be right. */
export interface RunInForce {
  readonly actNumber: number;
  /** The edit that the run rests on. */
  readonly editNumber: number;
  readonly run: RunRecord;
  readonly confirmed: ReadonlySet<number>;
}

/** `records` in the order of their acts; `undo` as it stands: a run whose edit was taken back is not in force. */
export function findRunInForce(
  records: readonly StoredRecord[],
  undo: StackedEdit | null,
  segmentNumber: number,
): RunInForce | null {
  const inForce = new Set([0]); // what the segmentation began with is never taken back
  for (let edit = undo; edit !== null; edit = edit.below) inForce.add(edit.actNumber);
  const found = records.findLast(
    ({ actNumber: carrier, record }) =>
      record.kind === 'run' &&
      record.segmentNumber === segmentNumber &&
      inForce.has(record.ofAct ?? carrier),
  );
  if (found?.record.kind !== 'run') return null;
  const confirmed = new Set<number>();
  for (const { record } of records)
    if (record.kind === 'review' && record.ofAct === found.actNumber)
      if (record.confirmed) confirmed.add(record.sliceIndex);
      else confirmed.delete(record.sliceIndex);
  const editNumber = found.record.ofAct ?? found.actNumber;
  return { actNumber: found.actNumber, editNumber, run: found.record, confirmed };
}
