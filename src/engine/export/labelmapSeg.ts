import type { LabelSlices } from './labelSlices.js';
import { describeSeg } from './segDataset.js';
import type { SegHeaderInput } from './segDataset.js';
import { encodeDicomImage } from './writeDicom.js';

const LABEL_MAP_SEGMENTATION_STORAGE = '1.2.840.10008.5.1.4.1.1.66.7';

/**
 * A LABELMAP segmentation (Supplement 243): a frame for each slice that has any segment, whose pixels are segment
 * numbers. The background is 0, which is Pixel Padding Value and no segment. In parts, as `encodeBinarySeg` gives them.
 */
export function encodeLabelmapSeg(
  input: SegHeaderInput,
  labels: LabelSlices,
): readonly Uint8Array[] {
  const { bytesPerLabel, slices } = labels;
  const frames = [...slices].sort(([a], [b]) => a - b);
  const frameBytes = frames[0]?.[1].byteLength ?? 0;
  const bytes = new Uint8Array(Math.ceil((frameBytes * frames.length) / 2) * 2);
  frames.forEach(([, frame], n) => {
    bytes.set(new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength), n * frameBytes);
  });
  const bits = bytesPerLabel * 8;
  return encodeDicomImage(
    {
      ...describeSeg(
        input,
        frames.map(([k]) => ({ k, segmentNumber: null })),
      ),
      SOPClassUID: LABEL_MAP_SEGMENTATION_STORAGE,
      SegmentationType: 'LABELMAP',
      SegmentsOverlap: 'NO',
      BitsAllocated: bits,
      BitsStored: bits,
      HighBit: bits - 1,
      PixelPaddingValue: 0,
      _vrMap: { PixelPaddingValue: 'US' },
    },
    { vr: bytesPerLabel === 1 ? 'OB' : 'OW', bytes },
  );
}
