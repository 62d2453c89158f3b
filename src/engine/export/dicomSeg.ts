import type { PackedMask } from '../../domain/mask.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import { addBits } from '../dicom/addBits.js';
import { describeSeg } from './segDataset.js';
import type { SegHeaderInput, SegSegment } from './segDataset.js';
import { encodeDicomImage } from './writeDicom.js';

const SEGMENTATION_STORAGE = '1.2.840.10008.5.1.4.1.1.66.4';

export interface SegInput extends SegHeaderInput {
  /** Numbered 1, 2, 3, ... in this order, as a BINARY segmentation must be. */
  readonly segments: readonly (SegSegment & {
    /** Keys of the source's slices; what is empty becomes no frame. Not empty in all segments. */
    readonly slices: SegmentSlices;
  })[];
}

/** One bit a pixel, first pixel in the lowest bit, frames one after the other without padding (PS3.5 8.1.1). */
export function packFrames(masks: readonly PackedMask[], pixelsPerFrame: number): Uint8Array {
  const bytes = Math.ceil((masks.length * pixelsPerFrame) / 8);
  const packed = new Uint8Array(bytes + (bytes % 2)); // values have an even length
  masks.forEach(({ width, bounds, bits }, frame) => {
    if (bounds === null) return;
    const { left, right, top, bottom } = bounds;
    const count = right - left + 1;
    for (let row = top; row <= bottom; row++)
      addBits(
        { bits, at: (row - top) * count },
        { bits: packed, at: frame * pixelsPerFrame + row * width + left },
        count,
      );
  });
  return packed;
}

/**
 * A BINARY segmentation (Part 10, in parts to be written one after the other): a new instance of a new series in the
 * source's study, with a frame for each segment and slice that has any pixel of it.
 */
export function encodeBinarySeg(input: SegInput): readonly Uint8Array[] {
  const [columns, rows] = input.source.geometry.dimensions;
  const frames = input.segments.flatMap(({ segmentNumber, slices }) =>
    [...slices]
      .filter(([, mask]) => mask.bounds !== null)
      .sort(([a], [b]) => a - b)
      .map(([k, mask]) => ({ k, segmentNumber, mask })),
  );
  const bytes = packFrames(
    frames.map(({ mask }) => mask),
    columns * rows,
  );
  return encodeDicomImage(
    {
      ...describeSeg(input, frames),
      SOPClassUID: SEGMENTATION_STORAGE,
      SegmentationType: 'BINARY',
      BitsAllocated: 1,
      BitsStored: 1,
      HighBit: 0,
    },
    { vr: 'OB', bytes },
  );
}
