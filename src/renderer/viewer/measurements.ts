import { annotation as annotations, utilities } from '@cornerstonejs/tools';
import type { Types } from '@cornerstonejs/tools';

import { sliceWithin } from '../../domain/cutVolume.js';
import type { MeasurementId } from '../../domain/brand.js';
import { dot, subtract } from '../../domain/geometry.js';
import type { Vec3, WorldPoint } from '../../domain/geometry.js';
import { worldToImage } from '../../domain/measure.js';
import { measurementKinds } from '../../domain/measurement.js';
import type { Measurement, MeasurementKind } from '../../domain/measurement.js';
import { imageToWorld } from '../../domain/plane.js';
import type { Point3 } from './cornerstone.js';
import { frameOfReference, seriesKeyOf } from './ibisImages.js';
import type { PlacedSlice, SeriesSource } from './seriesSource.js';
import { parseSliceImageId, sliceImageId } from './sliceImageId.js';
import { normalOf, pixelToDisplayWorld } from './slicePlacement.js';
import type { DrawnMeasurement, SlicePosition } from './viewerApi.js';

/** Between measurements of ours and annotations of Cornerstone, which draws them and lets them be taken hold of. */

/** Cornerstone's names. */
export const MEASURING_TOOLS: Readonly<Record<MeasurementKind, string>> = {
  length: 'Length',
  angle: 'Angle',
  bidirectional: 'Bidirectional',
  ellipse: 'EllipticalROI',
  rectangle: 'RectangleROI',
  arrow: 'ArrowAnnotate',
};

/** Cornerstone has a rectangle's corners line by line; ours go all the way round. Both ways the same. */
const reorder = <T>(kind: MeasurementKind, points: readonly T[]): readonly T[] => {
  const [a, b, c, d] = points;
  return kind === 'rectangle' &&
    a !== undefined &&
    b !== undefined &&
    c !== undefined &&
    d !== undefined
    ? [a, b, d, c]
    : points;
};

/** Slice image that the annotation lies on; '' when it has none. */
export const imageIdOf = (annotation: Types.Annotation): string =>
  annotation.metadata?.referencedImageId ?? '';

export const positionOf = (annotation: Types.Annotation): SlicePosition | null =>
  parseSliceImageId(imageIdOf(annotation))?.position ?? null;

export const kindOf = (annotation: Types.Annotation): MeasurementKind | null =>
  measurementKinds.find((kind) => MEASURING_TOOLS[kind] === annotation.metadata?.toolName) ?? null;

/** Where Cornerstone has a point, which in a sheared grid is not where it lies in the patient. */
function toDisplay({ cut, placement }: PlacedSlice, point: WorldPoint): Point3 {
  const [x, y, z] = pixelToDisplayWorld(placement, worldToImage(cut, point).point);
  return [x, y, z];
}

function fromDisplay({ cut, placement, position }: PlacedSlice, point: Point3): WorldPoint {
  const offset: Vec3 = subtract(point, placement.origin);
  return imageToWorld(cut.geometry, cut.plane, sliceWithin(cut, position.sliceIndex), {
    column: dot(offset, placement.columnDirection) / placement.spacing[0],
    row: dot(offset, placement.rowDirection) / placement.spacing[1],
  });
}

/** World points of an annotation's handles, as displayed. */
export const handlesOf = (annotation: Types.Annotation): readonly Point3[] =>
  annotation.data.handles?.points ?? [];

/** An annotation with its points in the patient; null when it is none of ours. */
export function readAnnotation(
  source: SeriesSource,
  annotation: Types.Annotation,
): DrawnMeasurement | null {
  const kind = kindOf(annotation);
  const position = positionOf(annotation);
  const slice = position === null ? null : source.place(position);
  if (kind === null || position === null || slice === null) return null;
  return {
    measurementId: (annotation.annotationUID ?? '') as MeasurementId, // branding at the edge
    kind,
    position,
    points: reorder(
      kind,
      handlesOf(annotation).map((point) => fromDisplay(slice, point)),
    ),
  };
}

const displayPoints = (slice: PlacedSlice, { kind, points }: Measurement): Point3[] => [
  ...reorder(
    kind,
    points.map((point) => toDisplay(slice, point)),
  ),
];

/** Draws a stored measurement; does nothing where its slice is not there any more. */
export function addAnnotation(source: SeriesSource, measurement: Measurement): void {
  const { phaseIndex, axis, sliceIndex } = measurement;
  const position = { phaseIndex, axis, sliceIndex };
  const slice = source.place(position);
  if (slice === null) return;
  const { rowDirection } = slice.placement;
  const FrameOfReferenceUID = frameOfReference(source);
  annotations.state.addAnnotation(
    {
      annotationUID: measurement.measurementId,
      highlighted: false,
      invalidated: true,
      isLocked: false,
      isVisible: true,
      metadata: {
        toolName: MEASURING_TOOLS[measurement.kind],
        FrameOfReferenceUID,
        referencedImageId: sliceImageId(seriesKeyOf(source), position),
        viewPlaneNormal: [...normalOf(slice.placement)],
        viewUp: [-rowDirection[0], -rowDirection[1], -rowDirection[2]],
      },
      data: {
        label: '',
        cachedStats: {},
        initialRotation: 0, // of an ellipse, against the view that it was drawn in
        handles: { points: displayPoints(slice, measurement), activeHandleIndex: null },
      },
    },
    FrameOfReferenceUID,
  );
}

/** Puts an annotation where its measurement is stored. */
export function moveAnnotation(
  source: SeriesSource,
  annotation: Types.Annotation,
  measurement: Measurement,
): void {
  const position = positionOf(annotation);
  const slice = position === null ? null : source.place(position);
  if (slice === null || annotation.data.handles === undefined) return;
  annotation.data.handles.points = displayPoints(slice, measurement);
  annotation.data.label = ''; // our words stand beside it
  annotation.invalidated = true;
}

/** Annotations of one series, kind by kind, oldest first. */
export const listAnnotations = (seriesKey: string): readonly Types.Annotation[] =>
  annotations.state
    .getAllAnnotations()
    .filter((each) => parseSliceImageId(imageIdOf(each))?.seriesKey === seriesKey);

/** Cornerstone lights up the measurement that a press would take hold of. */
export const isAnnotationUnderPointer = (): boolean =>
  annotations.state.getAllAnnotations().some((each) => each.highlighted === true);

export const listSelected = (): readonly MeasurementId[] =>
  annotations.selection.getAnnotationsSelected().map((uid) => uid as MeasurementId); // branding at the edge

export const removeAnnotation = (uid: string): void => annotations.state.removeAnnotation(uid);

/** Of all series. */
export const removeAllAnnotations = (): void => annotations.state.removeAllAnnotations();

/** Draws the lines of the annotations again in these panes. */
export const renderMeasurements = (paneIds: readonly string[]): void => {
  utilities.triggerAnnotationRenderForViewportIds([...paneIds]);
};
