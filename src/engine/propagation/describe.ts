import type {
  DoubtShape,
  PropagatedSliceShape,
  PropagationEndShape,
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
}: Omit<PropagatedSlice, 'kind' | 'mask' | 'signs'>): PropagatedSliceShape => ({
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
}: Omit<PropagationEnd, 'kind'>): PropagationEndShape => ({
  sliceIndex,
  towards,
  stemsFrom,
  because: because === null || because === 'nothing-found' ? because : toShape(because),
});
