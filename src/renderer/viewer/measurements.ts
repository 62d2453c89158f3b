import {
  AngleTool,
  EllipticalROITool,
  LengthTool,
  RectangleROITool,
  annotation as annotations,
} from '@cornerstonejs/tools';
import type { Types } from '@cornerstonejs/tools';

import { parseSliceImageId } from './sliceImageId.js';
import type { Measurement } from './viewerApi.js';

const KINDS: Readonly<Record<string, Measurement['kind']>> = {
  [LengthTool.toolName]: 'length',
  [AngleTool.toolName]: 'angle',
  [RectangleROITool.toolName]: 'rectangle',
  [EllipticalROITool.toolName]: 'ellipse',
};

/** What Cornerstone computed of an annotation; all loosely typed there, so each number is checked here. */
type Stats = Readonly<Record<string, unknown>>;

const numberIn = (stats: Stats, key: string): number | null => {
  const value = stats[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
};

const textIn = (stats: Stats, key: string): string => {
  const value = stats[key];
  return typeof value === 'string' ? value : '';
};

function statsOf(annotation: Types.Annotation): Stats {
  const cached: unknown = annotation.data.cachedStats;
  const first: unknown =
    typeof cached === 'object' && cached !== null ? Object.values(cached)[0] : undefined;
  return typeof first === 'object' && first !== null ? { ...first } : {};
}

/** Slice that the annotation lies on; '' when it has none. */
export const imageIdOf = (annotation: Types.Annotation): string =>
  annotation.metadata?.referencedImageId ?? '';

/** Annotation -> measurement; null when it is none of ours. */
export function toMeasurement(annotation: Types.Annotation): Measurement | null {
  const kind = KINDS[annotation.metadata?.toolName ?? ''];
  const parsed = parseSliceImageId(imageIdOf(annotation));
  if (kind === undefined || parsed === null || annotation.annotationUID === undefined) return null;
  const stats = statsOf(annotation);
  const isArea = kind === 'rectangle' || kind === 'ellipse';
  const value = numberIn(stats, kind === 'length' ? 'length' : kind === 'angle' ? 'angle' : 'area');
  return {
    measurementId: annotation.annotationUID,
    kind,
    position: parsed.position,
    value,
    // Cornerstone computes an area wholly within the image or not at all; before that it has no statistics.
    reachesBeyondImage: isArea && value === null && Object.keys(stats).length > 0,
    unit: kind === 'angle' ? '°' : textIn(stats, isArea ? 'areaUnit' : 'unit'),
    mean: numberIn(stats, 'mean'),
    standardDeviation: numberIn(stats, 'stdDev'),
    minimum: numberIn(stats, 'min'),
    maximum: numberIn(stats, 'max'),
    valueUnit: textIn(stats, 'modalityUnit'),
  };
}

/** Annotations of one series, kind by kind, oldest first. */
export const listAnnotations = (seriesKey: string): readonly Types.Annotation[] =>
  annotations.state
    .getAllAnnotations()
    .filter((each) => parseSliceImageId(imageIdOf(each))?.seriesKey === seriesKey);

const show = (value: number): string =>
  Number.isInteger(value)
    ? String(value)
    : Math.abs(value) >= 100
      ? value.toFixed(0)
      : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);

/** Lines beside the measurement on the image. */
export function describeMeasurement(measurement: Measurement): readonly string[] {
  const { kind, value, unit, mean, standardDeviation, minimum, maximum, valueUnit } = measurement;
  if (measurement.reachesBeyondImage) return ['reaches beyond the image'];
  if (value === null) return [];
  const first = kind === 'angle' ? `${value.toFixed(1)}°` : `${show(value)} ${unit}`;
  const withUnit = (text: string): string => (valueUnit === '' ? text : `${text} ${valueUnit}`);
  return [
    first,
    ...(mean === null ? [] : [withUnit(`mean ${show(mean)} ± ${show(standardDeviation ?? 0)}`)]),
    ...(minimum === null || maximum === null
      ? []
      : [withUnit(`${show(minimum)} to ${show(maximum)}`)]),
  ];
}

/** World points of an annotation's handles (LPS mm as displayed). */
export const handlesOf = (annotation: Types.Annotation) => annotation.data.handles?.points ?? [];

/** Cornerstone lights up the measurement that a press would take hold of. */
export const isAnnotationUnderPointer = (): boolean =>
  annotations.state.getAllAnnotations().some((each) => each.highlighted === true);

export function removeSelectedAnnotations(): boolean {
  const selected = annotations.selection.getAnnotationsSelected();
  for (const uid of selected) annotations.state.removeAnnotation(uid);
  return selected.length > 0;
}

export const removeAnnotation = (uid: string): void => annotations.state.removeAnnotation(uid);
