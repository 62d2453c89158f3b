import { Tensor } from 'onnxruntime-node';
import type { InferenceSession } from 'onnxruntime-node';

import { IbisError } from '../../contract/errors.js';
import { computeLuma } from '../../domain/overlay.js';
import type { ClickNetManifest } from '../../contract/manifest.js';
import type { SegmenterReply } from '../agent/types.js';
import {
  CHANNEL_COUNT,
  boundsOfLowRes,
  createFrame,
  readFrameMask,
  toLowResLogits,
} from './clickFrame.js';
import {
  boundsOfMask,
  boundsOfPrompts,
  focusWindow,
  isWorthRefocusing,
  joinBounds,
  wholeWindow,
} from './clickWindow.js';
import type { Window } from './clickWindow.js';
import { openSession } from './onnx.js';
import type { LoadRequest, SegmenterPrompt, SegmenterSession } from './segmenterSession.js';

/**
 * A net that takes image and prompts together (docs/models/ibis-click.md): nothing is encoded ahead and nothing
 * kept. It looks once at the image, or at the part where the target is known to be, and once more where what it
 * found is small there. Lives in a worker thread. The twin of training/ibis_training/click_segmenter.py.
 */
export async function openClickSession(
  manifest: ClickNetManifest,
  { filesDir, execution }: Pick<LoadRequest, 'filesDir' | 'execution'>,
): Promise<SegmenterSession> {
  const net = await openSession(filesDir, manifest.sessions.net, execution);
  const framePx = manifest.segmenter.inputSizePx;

  return {
    encode: () => Promise.resolve(),
    segment: (prompt) => segment(net, framePx, prompt),
    release: () => net.release(),
  };
}

async function segment(
  net: InferenceSession,
  framePx: number,
  { slice, prompts, previousLowResLogits }: SegmenterPrompt,
): Promise<SegmenterReply> {
  const begun = performance.now();
  const gray = { width: slice.width, height: slice.height, data: computeLuma(slice.rgb) };
  const spot = boundsOfPrompts(prompts, slice);

  const look = async (window: Window, previous: Float32Array | null): Promise<SegmenterReply> => {
    const frame = createFrame(gray, window, prompts, previous, framePx);
    const outputs = await net.run({
      frames: new Tensor('float32', frame, [1, CHANNEL_COUNT, framePx, framePx]),
    });
    const { logits, score } = readBest(outputs, framePx);
    return {
      mask: readFrameMask(logits, window, slice, framePx),
      score,
      lowResLogits: toLowResLogits(logits, window, slice, framePx),
      elapsedMs: performance.now() - begun,
    };
  };

  const known =
    previousLowResLogits === null ? null : boundsOfLowRes(previousLowResLogits, slice, framePx);
  const window =
    known === null && prompts.box === null
      ? wholeWindow(slice)
      : focusWindow(joinBounds([known, spot]), slice);
  const first = await look(window, previousLowResLogits);
  const found = boundsOfMask(first.mask);
  if (found === null) return first;
  const wanted = focusWindow(joinBounds([found, spot]), slice);
  return isWorthRefocusing(window, wanted, found, slice) ? look(wanted, first.lowResLogits) : first;
}

/** The candidate with the best predicted IoU: logits float32 [frame, frame]. */
function readBest(
  outputs: Readonly<Record<string, Tensor>>,
  framePx: number,
): { readonly logits: Float32Array; readonly score: number } {
  const [logits, scores] = [outputs['logits']?.data, outputs['iou']?.data];
  if (!(logits instanceof Float32Array) || !(scores instanceof Float32Array))
    throw new IbisError('model-failed', 'The segmenter gave no float32 output.');
  let best = 0;
  for (let c = 1; c < scores.length; c++) if ((scores[c] ?? 0) > (scores[best] ?? 0)) best = c;
  const length = framePx * framePx;
  return { logits: logits.slice(best * length, (best + 1) * length), score: scores[best] ?? 0 };
}
