import { IbisError } from '../../contract/errors.js';
import type { VolumeGeometry } from '../../domain/geometry.js';
import type { PackedMask } from '../../domain/mask.js';
import type { Segment, SegmentSlices } from '../../domain/segmentation.js';
import type { PixelArray } from '../../domain/study.js';
import { fitToSeries } from './fitToSeries.js';
import { layOnGrid } from './laySegments.js';
import { newSegment } from './newSegment.js';
import { packLabels } from './packLabels.js';
import type { ImportedSegmentation, SeriesGrid } from './types.js';

/** More different values than this are an image, not names of segments. */
const MOST_LABELS = 1000;
const MOST_LABEL = 65_535; // as DICOM's segment numbers

/** Labels as a file has them (perhaps as floats) -> whole numbers from 0. Throws IbisError where they are not. */
export function toLabels(values: PixelArray, slope = 1, intercept = 0): Uint16Array {
  const labels = new Uint16Array(values.length);
  for (let n = 0; n < labels.length; n++) {
    const value = (values[n] ?? 0) * slope + intercept;
    if (!Number.isInteger(value) || value < 0 || value > MOST_LABEL)
      throw new IbisError(
        'unsupported-format',
        'The file is no segmentation: its voxels are not whole numbers from 0 to 65535 that name segments. Images and probability maps cannot be taken for one.',
      );
    labels[n] = value;
  }
  return labels;
}

/** Adds the masks of slice k to those of each label. Throws IbisError for too many labels. */
export function addLabelSlice(
  masks: Map<number, Map<number, PackedMask>>,
  labels: PixelArray,
  size: { readonly width: number; readonly height: number },
  k: number,
): void {
  for (const [label, mask] of packLabels(labels, size, new Set([0]))) {
    const slices = masks.get(label) ?? new Map<number, PackedMask>();
    masks.set(label, slices);
    slices.set(k, mask);
    if (masks.size > MOST_LABELS)
      throw new IbisError(
        'unsupported-format',
        `The file is no segmentation: it has more than ${String(MOST_LABELS)} different values, as an image has.`,
      );
  }
}

/** Segments of a file on its own grid, laid on that of the series. Throws IbisError: 'does-not-fit' with a reason. */
export function laySegmentsOnSeries(
  file: {
    readonly label: string;
    readonly geometry: VolumeGeometry;
    readonly segments: readonly { readonly segment: Segment; readonly slices: SegmentSlices }[];
  },
  series: SeriesGrid,
): ImportedSegmentation {
  const fit = fitToSeries(file.geometry, series.geometry);
  if (!fit.ok) throw new IbisError(fit.error.code, fit.error.message);
  const segments = file.segments.map(({ segment, slices }) => {
    const laid = layOnGrid(slices, fit.value, series.geometry.dimensions);
    if (!laid.ok) throw new IbisError(laid.error.code, laid.error.message);
    return { segment, slices: laid.value };
  });
  return {
    data: { segmentationLabel: file.label, geometry: series.geometry, segments },
    notes: [],
  };
}

/** The labels that have voxels, with what a table says of them; in the table's order, those it lacks at the end. */
export function describeLabels(
  masks: ReadonlyMap<number, SegmentSlices>,
  table: ReadonlyMap<number, Partial<Segment>>,
): readonly { readonly segment: Segment; readonly slices: SegmentSlices }[] {
  const unnamed = [...masks.keys()].filter((label) => !table.has(label)).sort((a, b) => a - b);
  return [...table.keys(), ...unnamed].flatMap((segmentNumber) => {
    const slices = masks.get(segmentNumber);
    return slices === undefined
      ? []
      : [{ segment: newSegment({ ...table.get(segmentNumber), segmentNumber }), slices }];
  });
}
