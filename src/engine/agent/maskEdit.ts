import { IbisError } from '../../contract/errors.js';
import {
  countMaskPixels,
  emptyMask,
  findMaskChanges,
  packMask,
  subtractMask,
  uniteMasks,
  unpackMask,
} from '../../domain/mask.js';
import type { PackedMask } from '../../domain/mask.js';
import { addsPixels } from '../../domain/session.js';
import type { EditTool } from '../../domain/session.js';
import { appendStep, getInForce, noWords } from './agentState.js';
import type { AgentContext, AgentState, Turn } from './agentState.js';

/**
 * The user paints over the mask in force, or erases from it: `region` is what the stroke covers. It is laid on
 * the mask as it is now, which may be newer than the one that the user saw. The prompts stay, and the logits are
 * made of the edited mask, so that the next prompt and the policy's next step go on from it. Null when the stroke
 * changes nothing; rejects with 'bad-message' when it is of another size than the slice.
 */
export function editMask(
  { slice, segmenter }: Pick<AgentContext, 'slice' | 'segmenter'>,
  state: AgentState,
  { tool, region }: { readonly tool: EditTool; readonly region: PackedMask },
): Turn | null {
  if (region.width !== slice.width || region.height !== slice.height)
    throw new IbisError(
      'bad-message',
      `The stroke was drawn on an image of ${region.width} x ${region.height} pixels, but this slice has ${slice.width} x ${slice.height}.`,
    );
  const { mask } = getInForce(state);
  const before = mask === null ? emptyMask(slice.width, slice.height) : unpackMask(mask);
  const stroke = unpackMask(region);
  const edited = addsPixels(tool) ? uniteMasks(before, stroke) : subtractMask(before, stroke);
  if (countMaskPixels(findMaskChanges(before, edited)) === 0) return null;
  const isEmpty = countMaskPixels(edited) === 0;
  return appendStep(state, { kind: 'edit', tool, placedBy: 'user' }, noWords, {
    mask: packMask(edited),
    score: null, // the segmenter's estimate was of another mask
    lowResLogits: isEmpty ? null : segmenter.toLogits(edited),
  });
}
