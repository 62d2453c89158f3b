import type { Vec3 } from '../../../src/domain/geometry.js';
import { normalise, scale } from '../../../src/domain/geometry.js';
import { emptyMask, packMask } from '../../../src/domain/mask.js';
import type { PackedMask } from '../../../src/domain/mask.js';
import { computeSlicePlane } from '../../../src/domain/plane.js';
import { forEachPixel } from '../../../src/domain/packedBits.js';
import type { Segment, SegmentationData } from '../../../src/domain/segmentation.js';
import type { SlicePicture } from '../../../src/engine/export/overlayPicture.js';
import type { VolumeSource } from '../../../src/engine/export/types.js';
import type { SeriesGrid } from '../../../src/engine/import/types.js';
import { axialShape as axial, obliqueShape as oblique } from '../export/makeSource.js';
import type { SourceShape } from '../export/makeSource.js';

/** The series that each format is held against. */
export const seriesShapes: readonly { readonly name: string; readonly shape: SourceShape }[] = [
  { name: 'an axial series', shape: axial },
  { name: 'an oblique, anisotropic series', shape: oblique },
  { name: 'a series stored in reverse order', shape: { ...oblique, reversed: true } },
  {
    name: 'an oblique series with columns and rows flipped',
    shape: {
      ...oblique,
      columnDirection: scale(oblique.columnDirection, -1),
      rowDirection: scale(oblique.rowDirection, -1),
    },
  },
  {
    name: 'a sagittal series stored with columns down',
    shape: {
      ...axial,
      columnDirection: [0, 0, -1],
      rowDirection: [0, 1, 0],
      spacingMm: [0.5, 2, 1.25],
    },
  },
  {
    name: 'a series with a tilted gantry',
    shape: { ...axial, sliceDirection: normalise([0, 0.3, 1]) },
  },
  { name: 'a multi-frame file with shuffled frames', shape: { ...oblique, multiFrame: true } },
  { name: 'a single slice', shape: { ...oblique, slices: 1 } },
];

const segment = (segmentNumber: number, facts: Partial<Segment>): Segment => ({
  segmentNumber,
  segmentLabel: `Segment ${String(segmentNumber)}`,
  category: { value: '91723000', scheme: 'SCT', meaning: 'Anatomical Structure' },
  type: { value: '10200004', scheme: 'SCT', meaning: 'Liver' },
  modifier: null,
  colour: '#dd8265',
  opacity: 0.5,
  visible: true,
  locked: false,
  source: 'manual',
  ...facts,
});

export const segments = {
  ring: segment(1, {
    segmentLabel: 'left kidney, "ring"',
    type: { value: '64033007', scheme: 'SCT', meaning: 'Kidney' },
    modifier: { value: '7771000', scheme: 'SCT', meaning: 'Left' },
    colour: '#12ab90',
    source: 'automatic',
  }),
  scatter: segment(2, { segmentLabel: 'Läsion', colour: '#ff0001', source: 'semiautomatic' }),
  block: segment(3, { segmentLabel: 'block', colour: '#80ae80' }),
} as const;

/** The masks of a figure, told voxel by voxel. */
export function drawSlices(
  [columns, rows, count]: Vec3,
  isInside: (i: number, j: number, k: number) => boolean,
): Map<number, PackedMask> {
  const slices = new Map<number, PackedMask>();
  for (let k = 0; k < count; k++) {
    const mask = emptyMask(columns, rows);
    for (let j = 0; j < rows; j++)
      for (let i = 0; i < columns; i++) if (isInside(i, j, k)) mask.data[j * columns + i] = 1;
    const packed = packMask(mask);
    if (packed.bounds !== null) slices.set(k, packed);
  }
  return slices;
}

/** A number that looks random, the same in each run. */
const noise = (i: number, j: number, k: number): number => {
  let mixed =
    Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(j + 1, 0x85ebca6b) ^ Math.imul(k + 1, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return ((mixed ^ (mixed >>> 12)) >>> 0) / 2 ** 32;
};

/**
 * Three segments that no flip, swap or shift leaves as they are: a ring with an island in its hole that touches the
 * image's edge, single voxels strewn about (diagonal neighbours among them), a block in some slices only. They overlap
 * where that is asked for.
 */
export function makeSegmentation(
  source: Pick<VolumeSource, 'geometry'>,
  overlapping = false,
): SegmentationData {
  const { geometry } = source;
  const { dimensions } = geometry;
  const isRing = (i: number, j: number, k: number): boolean => {
    const distance = Math.hypot(i - 5, j - 6 - 0.3 * k);
    return (distance >= 2.5 && distance <= 6.2) || distance < 1.2;
  };
  const isBlock = (i: number, j: number, k: number): boolean =>
    i >= 12 && i < 17 + (k % 3) && j >= 9 && j < 14 && (k === 0 || k > 3);
  const isScatter = (i: number, j: number, k: number): boolean =>
    noise(i, j, k) < 0.3 && (overlapping || (!isRing(i, j, k) && !isBlock(i, j, k)));
  return {
    segmentationLabel: 'Made for a test',
    geometry,
    segments: [
      { segment: segments.ring, slices: drawSlices(dimensions, isRing) },
      { segment: segments.scatter, slices: drawSlices(dimensions, isScatter) },
      { segment: segments.block, slices: drawSlices(dimensions, isBlock) },
    ],
  };
}

/** A slice as it was acquired, black: what is drawn on it is all that is there. */
export function drawBlack({ geometry }: Pick<VolumeSource, 'geometry'>): SlicePicture {
  const { width, height, pixelSpacingMm } = computeSlicePlane(geometry, 'acquired');
  return { width, height, rgb: new Uint8Array(width * height * 3), pixelSpacingMm };
}

/** As the importer sees the series that `writeSource` made. */
export const gridOf = (source: VolumeSource): SeriesGrid => ({
  geometry: source.geometry,
  seriesInstanceUID: '1.2.826.0.1.3680043.2.1125.1.1',
  frameOfReferenceUID: '1.2.826.0.1.3680043.2.1125.1.2',
  images: source.images.map(({ info }) => info),
});

/** Segment number -> its voxels as 'i,j,k', in order. */
export function listVoxels({ segments: parts }: SegmentationData): Record<number, string[]> {
  return Object.fromEntries(
    parts.map(({ segment: { segmentNumber }, slices }) => {
      const voxels: string[] = [];
      for (const [k, mask] of [...slices].sort(([a], [b]) => a - b))
        forEachPixel(mask, (i, j) => voxels.push([i, j, k].join()));
      return [segmentNumber, voxels];
    }),
  );
}
