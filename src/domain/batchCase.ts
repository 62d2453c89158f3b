import type { SliceAxis } from './plane.js';

/** One series and what is asked of it. */
export interface BatchCase {
  readonly line: number; // where its row ends in the list, counted from 1
  readonly path: string; // absolute
  readonly prompt: string;
  readonly seriesUID: string | null; // null: the only series there is
  readonly axis: SliceAxis;
  readonly sliceIndex: BatchSlice;
  readonly phaseIndex: number;
}

/** Counted from 0; 'middle': the one halfway, of an even number the later of the two; null: the only slice there is. */
export type BatchSlice = number | 'middle' | null;

/** What all cases of a batch are run with. */
export interface BatchModels {
  readonly policyId: string;
  readonly segmenterId: string;
  readonly maxSteps: number;
}
