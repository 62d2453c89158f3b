import { createSliceImage } from '../../../src/engine/agent/sliceImage.js';
import { computeSlicePlane, normalisedToImage } from '../../../src/domain/plane.js';
import { countMaskPixels, emptyMask } from '../../../src/domain/mask.js';
import type { PolicyManifest, SegmenterManifest } from '../../../src/contract/manifest.js';
import type { VolumeGeometry } from '../../../src/domain/geometry.js';
import type { AgentContext } from '../../../src/engine/agent/agentState.js';
import type {
  Observation,
  Policy,
  Segmenter,
  SegmenterPrompts,
} from '../../../src/engine/agent/types.js';

/** Doubles for tests of the loop alone, which is pure: the real models have tests of their own. */

// The loop never reads a manifest; the models that carry one are not under test here.
const unread = {} as unknown;

export interface ScriptedPolicy extends Policy {
  readonly seen: Observation[];
}

/** Says the given texts in order, and the last one ever after. */
export function createScriptedPolicy(texts: readonly string[]): ScriptedPolicy {
  const seen: Observation[] = [];
  return {
    manifest: unread as PolicyManifest,
    seen,
    nextAction(observation, { onText, signal }) {
      const text = texts[Math.min(seen.length, texts.length - 1)] ?? '';
      seen.push(observation);
      if (signal.aborted) return Promise.reject(new DOMException('cancelled', 'AbortError'));
      onText?.(text);
      return Promise.resolve({ text, tokenCount: text.length, elapsedMs: 3 });
    },
  };
}

export interface SegmenterCall extends SegmenterPrompts {
  readonly previousLogits: number | null;
}
export interface PointSegmenter extends Segmenter {
  readonly calls: SegmenterCall[];
}

/**
 * Marks the pixel of every include click; its logits are the number of the call, to tell them apart, and those of an
 * edited mask the number of its pixels, negative.
 */
export function createPointSegmenter(): PointSegmenter {
  const calls: SegmenterCall[] = [];
  return {
    manifest: unread as SegmenterManifest,
    calls,
    segment(slice, prompts, previous) {
      const { clicks } = prompts;
      calls.push({ ...prompts, previousLogits: previous?.[0] ?? null });
      const mask = emptyMask(slice.width, slice.height);
      for (const click of clicks) {
        const { column, row } = normalisedToImage(slice, click.normalised);
        mask.data[row * slice.width + column] = click.label === 'include' ? 1 : 0;
      }
      return Promise.resolve({
        mask,
        score: 0.5,
        lowResLogits: Float32Array.of(calls.length),
        elapsedMs: 2,
      });
    },
    toLogits: (mask) => Float32Array.of(-countMaskPixels(mask)),
    encode: () => Promise.resolve(),
  };
}

export function createTestContext(segmenter: Segmenter): AgentContext {
  const geometry: VolumeGeometry = {
    dimensions: [10, 8, 3],
    spacingMm: [1, 2, 3],
    origin: [100, 0, 0],
    direction: [
      [-1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    orientationKnown: true,
  };
  const plane = computeSlicePlane(geometry, 'axial');
  return {
    slice: createSliceImage(10, 8, new Uint8Array(240).fill(9)),
    geometry,
    plane,
    sliceIndex: 2,
    request: 'Segment the left ventricle.',
    segmenter,
  };
}
