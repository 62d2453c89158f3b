import type {
  DoubtShape,
  PropagatedSliceShape,
  PropagationResult,
} from '../../contract/propagationChannels.js';
import { describeDoubt } from './signs.js';
import type { Doubt, PropagatedSlice, PropagationEnd } from './types.js';

const toShape = (doubt: Doubt): DoubtShape => ({ ...doubt, sentence: describeDoubt(doubt) });

/** A slice as it is told and written: without its mask. */
export const describeSlice = ({
  sliceIndex,
  score,
  stemsFrom,
  doubts,
}: PropagatedSlice): PropagatedSliceShape => ({
  sliceIndex,
  score,
  stemsFrom,
  doubts: doubts.map(toShape),
});

export const describeEnd = ({
  sliceIndex,
  towards,
  stemsFrom,
  because,
}: PropagationEnd): PropagationResult['ends'][number] => ({
  sliceIndex,
  towards,
  stemsFrom,
  because: because === null || because === 'nothing-found' ? because : toShape(because),
});
