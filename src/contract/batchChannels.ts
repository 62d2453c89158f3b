import { z } from 'zod';

import type { BatchId, SeriesId, SessionId } from '../domain/brand.js';
import type { BatchModels, BatchSlice } from '../domain/batchCase.js';
import type { SliceAxis } from '../domain/plane.js';
import type { VerdictInForce } from '../domain/review.js';
import type { Decision, StopReason } from '../domain/session.js';
import type { Refusal } from '../domain/study.js';
import type { IbisErrorShape } from './errors.js';

/** The part of the channel table that deals with batches: the same requests of many series, worked through in the background. */
const batchId = z.string().transform((id) => id as BatchId); // branding at the edge
const seriesId = z.string().transform((id) => id as SeriesId); // branding at the edge
const axis = z.enum(['acquired', 'axial', 'coronal', 'sagittal']);
const position = z.number().int().nonnegative();

/** What is asked of each series: each of the requests, on one slice. */
const asked = {
  prompts: z.array(z.string().trim().min(1).max(2000)).min(1).max(100),
  axis,
  /** Null: the series must have one slice. */
  slice: z.union([z.number().int().nonnegative(), z.literal('middle'), z.null()]),
};

export const batchCasesFromSchema = z.discriminatedUnion('kind', [
  /** Open ones. */
  z.object({ kind: z.literal('series'), seriesIds: z.array(seriesId).min(1), ...asked }),
  /** All that can be read below it. */
  z.object({ kind: z.literal('folder'), path: z.string(), ...asked }),
  /** A CSV file as `ibis batch` takes it; it says itself what is asked. */
  z.object({ kind: z.literal('list'), path: z.string() }),
]);

export const batchMethods = {
  /** Stores the cases; nothing runs yet. Reading a folder goes on as the job `jobId`. */
  createBatch: z.object({
    from: batchCasesFromSchema,
    policyId: z.string(),
    segmenterId: z.string(),
    maxSteps: z.number().int().min(1).max(100).default(20),
    jobId: z.string(),
  }),
  /** Newest first. */
  listBatches: z.object({}),
  listBatchCases: z.object({
    batchId,
    offset: z.number().int().nonnegative(),
    limit: z.number().int().min(1).max(1000).default(100),
  }),
  /** Runs what is not finished; resolves at once, the rest comes as events. One batch runs at a time. */
  runBatch: z.object({ batchId, retryFailed: z.boolean().default(false) }),
  /** Ends after the turn in progress; the case goes on from there. */
  pauseBatch: z.object({ batchId }),
  /** Forgets the list; its sessions stay. */
  deleteBatch: z.object({ batchId }),
  /** As `ibis batch --out`. */
  saveBatchReport: z.object({ batchId, outDir: z.string() }),
  /** Opens the images of a case that has no session yet. */
  openBatchCase: z.object({ batchId, position }),
} as const;

export interface BatchCounts {
  readonly done: number;
  readonly failed: number;
  readonly pending: number;
}

export interface BatchSummary extends BatchModels {
  readonly batchId: BatchId;
  readonly label: string;
  readonly createdAt: string;
  readonly counts: BatchCounts;
  /** Waiting for what the user does counts as running. */
  readonly isRunning: boolean;
  /** Position of the case under way; null: none. */
  readonly runsPosition: number | null;
  /** Files that could not be read when the batch was made. */
  readonly refused: readonly Refusal[];
  /** Why it ended before its time, such as a full disk; null: it did not. */
  readonly problem: IbisErrorShape | null;
}

/** A case with what is stored of it. */
export interface BatchCaseSummary {
  readonly position: number; // from 0
  readonly fileName: string;
  readonly prompt: string;
  readonly axis: SliceAxis;
  readonly slice: BatchSlice;
  readonly state: 'done' | 'failed' | 'pending';
  /** Null: it was not begun, or could not be. */
  readonly sessionId: SessionId | null;
  readonly patientName: string;
  readonly stopReason: StopReason | null;
  readonly decision: Decision | null;
  readonly verdict: VerdictInForce;
  readonly stepCount: number;
  /** Why it failed. */
  readonly error: IbisErrorShape | null;
}

export interface BatchMethodResults {
  createBatch: BatchSummary;
  listBatches: readonly BatchSummary[];
  listBatchCases: readonly BatchCaseSummary[];
  runBatch: null;
  pauseBatch: null;
  deleteBatch: null;
  saveBatchReport: { readonly file: string };
  openBatchCase: {
    readonly seriesId: SeriesId;
    readonly phaseIndex: number;
    readonly axis: SliceAxis;
    readonly sliceIndex: number;
  };
}

export type BatchEvent =
  | { readonly kind: 'batchChanged'; readonly batch: BatchSummary }
  | {
      readonly kind: 'batchCaseChanged';
      readonly batchId: BatchId;
      readonly batchCase: BatchCaseSummary;
    };
