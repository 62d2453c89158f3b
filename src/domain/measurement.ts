import type { MeasurementId, SeriesId } from './brand.js';
import type { WorldPoint } from './geometry.js';
import type { SliceAxis } from './plane.js';

export const measurementKinds = [
  'length',
  'angle',
  'bidirectional',
  'ellipse',
  'rectangle',
  'arrow',
] as const;
export type MeasurementKind = (typeof measurementKinds)[number];

/**
 * How many points each has, and in which order: the ends of a line; an angle's end, apex, end; both ends of the one axis,
 * then of the other (bidirectional, ellipse); a rectangle's corners all the way round; an arrow's tip, then its tail.
 */
export const pointCounts: Readonly<Record<MeasurementKind, number>> = {
  length: 2,
  angle: 3,
  bidirectional: 4,
  ellipse: 4,
  rectangle: 4,
  arrow: 2,
};

export const quantityNames = [
  'length',
  'long-axis',
  'short-axis',
  'angle',
  'area',
  'mean',
  'deviation',
  'minimum',
  'maximum',
] as const;

/** One number that the engine computed from the stored points and the voxels of the series. */
export interface Quantity {
  readonly name: (typeof quantityNames)[number];
  readonly value: number;
  /** 'mm', 'mm2' ('px', 'px2' where the images do not say how large their pixels are), 'deg', the unit of the voxels or ''. */
  readonly unit: string;
}

export interface Measurement {
  readonly measurementId: MeasurementId;
  readonly seriesId: SeriesId;
  readonly phaseIndex: number;
  readonly kind: MeasurementKind;
  /** What the user calls it; '' for none. Beside an arrow on the image. */
  readonly label: string;
  /** The slice image that it was drawn on. */
  readonly axis: SliceAxis;
  readonly sliceIndex: number;
  readonly points: readonly WorldPoint[]; // LPS mm, in the order of `pointCounts`
  /** The image that it lies on, where it was drawn on an acquired one of DICOM. */
  readonly image: { readonly sopInstanceUID: string; readonly frameNumber: number } | null;
  readonly visible: boolean;
  /** [] for an arrow, and where an ellipse or a rectangle reaches beyond the image. */
  readonly quantities: readonly Quantity[];
  readonly createdAt: string; // ISO 8601, UTC
  readonly updatedAt: string;
}
