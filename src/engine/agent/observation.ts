import { formatUserPrompt } from '../../domain/grammar.js';
import { blendOverlay, withoutColour } from '../../domain/overlay.js';
import { resizeBilinear } from '../../domain/resize.js';
import type { PolicyManifest } from '../../contract/manifest.js';
import type { ByteImage } from '../../domain/resize.js';
import type { Observation } from './types.js';

/** The pixels that the policy is given, and that a trace keeps: mask blended at the slice's size, then stretched. */
export function renderObservation(
  observation: Pick<Observation, 'slice' | 'mask'>,
  { image, overlay }: Pick<PolicyManifest['policy'], 'image' | 'overlay'>,
): ByteImage {
  const { slice, mask } = observation;
  const rgb = image.gray === true ? withoutColour(slice.rgb) : slice.rgb;
  const data = mask === null ? rgb : blendOverlay(rgb, mask, overlay);
  return resizeBilinear(
    { width: slice.width, height: slice.height, channels: 3, data },
    image.widthPx,
    image.heightPx,
  );
}

/** The user's turn of the prompt, in words. */
export const formatObservation = (
  observation: Observation,
  { userTemplate }: Pick<PolicyManifest['policy'], 'userTemplate'>,
): string => formatUserPrompt(userTemplate, observation);
