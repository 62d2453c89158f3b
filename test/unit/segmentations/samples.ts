import fc from 'fast-check';

import type { Vec3 } from '../../../src/domain/geometry.js';
import { packBlock } from '../../../src/domain/segmentSlices.js';
import type { Segment, SegmentSlices } from '../../../src/domain/segmentation.js';

export const dimensions: Vec3 = [6, 5, 3];

export const sampleSegment = (segmentNumber: number, facts: Partial<Segment> = {}): Segment => ({
  segmentNumber,
  segmentLabel: `Segment ${segmentNumber}`,
  category: { value: '85756007', scheme: 'SCT', meaning: 'Tissue' },
  type: { value: '10200004', scheme: 'SCT', meaning: 'Liver' },
  modifier: null,
  colour: '#e69f00',
  opacity: 0.5,
  visible: true,
  locked: false,
  source: 'manual',
  ...facts,
});

const bit = fc.constantFrom(0, 0, 1);
export const voxelSets: fc.Arbitrary<SegmentSlices> = fc
  .array(bit, { minLength: 90, maxLength: 90 })
  .map((bits) =>
    packBlock({ offset: [0, 0, 0], dimensions, data: Uint8Array.from(bits) }, dimensions),
  );

/** Voxels of the volume by their numbers i + 6 (j + 5 k). */
export function voxelsAt(...numbers: readonly number[]): SegmentSlices {
  const data = new Uint8Array(90);
  for (const number of numbers) data[number] = 1;
  return packBlock({ offset: [0, 0, 0], dimensions, data }, dimensions);
}
