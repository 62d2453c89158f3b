import type { Types } from '@cornerstonejs/tools';

import { isSpacingKnown, sliceWithin } from '../../domain/cutVolume.js';
import { computeQuantities } from '../../domain/measure.js';
import type { Measurement } from '../../domain/measurement.js';
import { seriesKeyOf } from './ibisImages.js';
import {
  addAnnotation,
  listAnnotations,
  listSelected,
  moveAnnotation,
  readAnnotation,
  removeAllAnnotations,
  removeAnnotation,
} from './measurements.js';
import { describeQuantities } from './measurementWords.js';
import type { Pane } from './pane.js';
import type { SeriesSource } from './seriesSource.js';
import type { DrawnMeasurement } from './viewerApi.js';
import { watchMeasurements } from './watchMeasurements.js';

/** The measurements on the images: those that are stored, and the one under the user's hand. */
export interface Measuring {
  /** What is stored of the open series; replaces what is on the images. */
  setStored(stored: readonly Measurement[]): void;
  /** What was drawn is stored now, or could not be: the images show what is stored. */
  settle(measurementId: string): void;
  /** The words beside an annotation, live while it is drawn. */
  describe(annotation: Types.Annotation, pane: Pane): readonly string[];
  /** The words of all that are to be seen, for those who do not see them. */
  tell(): readonly string[];
  /** Asks for the chosen ones to be deleted. */
  deleteSelected(): void;
  /** Another series: nothing of the one before stays. */
  clear(): void;
  stop(): void;
}

const NEAR_MM = 1e-3;

const isMoved = (drawn: DrawnMeasurement, stored: Measurement): boolean =>
  drawn.points.some((point, n) => {
    const at = stored.points[n];
    return at === undefined || Math.hypot(point.x - at.x, point.y - at.y, point.z - at.z) > NEAR_MM;
  });

const describeStored = ({ kind, label, quantities }: Measurement): readonly string[] => [
  ...(label === '' ? [] : [label]),
  ...describeQuantities(kind, quantities),
];

export function createMeasuring(view: {
  readonly source: () => SeriesSource | null;
  /** Shows the annotations as they are now. */
  readonly redraw: () => void;
  /** What is to be seen has changed. */
  readonly onChanged: () => void;
  readonly onDrawn: (drawn: DrawnMeasurement) => void;
  readonly onUnwanted: (measurementIds: DrawnMeasurement['measurementId'][]) => void;
}): Measuring {
  let stored: ReadonlyMap<string, Measurement> = new Map();
  /** One that is not among them any more was deleted; one that never was is still being drawn. */
  const everStored = new Set<string>();
  /** How often each was handed on and not settled yet: until then the images show what was drawn. */
  const unsettled = new Map<string, number>();
  let isPressed = false;

  const ofSeries = (source: SeriesSource): readonly Types.Annotation[] =>
    listAnnotations(seriesKeyOf(source));

  const sync = (): void => {
    const source = view.source();
    if (source === null || isPressed) return;
    const seen = new Set<string>();
    for (const annotation of ofSeries(source)) {
      const uid = annotation.annotationUID ?? '';
      seen.add(uid);
      if (unsettled.has(uid)) continue;
      const measurement = stored.get(uid);
      const drawn = readAnnotation(source, annotation);
      if (measurement === undefined && !everStored.has(uid)) continue;
      if (measurement === undefined || !measurement.visible || drawn === null)
        removeAnnotation(uid);
      else if (isMoved(drawn, measurement)) moveAnnotation(source, annotation, measurement);
      else annotation.data.label = '';
    }
    for (const measurement of stored.values())
      if (measurement.visible && !seen.has(measurement.measurementId))
        addAnnotation(source, measurement);
    view.redraw();
    view.onChanged();
  };

  const handOn = (drawn: DrawnMeasurement): void => {
    unsettled.set(drawn.measurementId, (unsettled.get(drawn.measurementId) ?? 0) + 1);
    view.onDrawn(drawn);
  };

  const onCompleted = (annotation: Types.Annotation): void => {
    const source = view.source();
    const drawn = source === null ? null : readAnnotation(source, annotation);
    if (drawn !== null && !stored.has(drawn.measurementId)) handOn(drawn);
  };

  /** The button is up again: what was taken hold of may lie elsewhere. */
  const onReleased = (): void => {
    const source = view.source();
    if (source === null) return;
    for (const annotation of ofSeries(source)) {
      const measurement = stored.get(annotation.annotationUID ?? '');
      const drawn = readAnnotation(source, annotation);
      if (measurement !== undefined && drawn !== null && isMoved(drawn, measurement)) handOn(drawn);
    }
  };

  const watched = watchMeasurements({
    onChanged: () => {
      view.onChanged();
    },
    onCompleted,
    onPressed: () => {
      isPressed = true;
    },
    onReleased: () => {
      isPressed = false;
      onReleased();
      sync(); // what came while the hand was on the image
    },
  });

  return {
    setStored(next) {
      stored = new Map(next.map((each) => [each.measurementId, each]));
      for (const id of stored.keys()) everStored.add(id);
      sync();
    },
    settle(measurementId) {
      const left = (unsettled.get(measurementId) ?? 1) - 1;
      if (left > 0) {
        unsettled.set(measurementId, left); // drawn anew meanwhile
        return;
      }
      unsettled.delete(measurementId);
      if (!stored.has(measurementId)) removeAnnotation(measurementId);
      sync();
    },
    describe(annotation, pane) {
      const source = view.source();
      const drawn = source === null ? null : readAnnotation(source, annotation);
      if (source === null || drawn === null) return [];
      const measurement = stored.get(drawn.measurementId);
      if (measurement !== undefined && !isMoved(drawn, measurement))
        return describeStored(measurement);
      return describeLive(source, drawn, pane);
    },
    tell() {
      return [...stored.values()]
        .filter(({ visible }) => visible)
        .map((each) => `${each.kind} ${describeStored(each).join(', ')}`);
    },
    deleteSelected() {
      const chosen = listSelected().filter((id) => stored.has(id));
      if (chosen.length > 0) view.onUnwanted(chosen);
    },
    clear() {
      stored = new Map();
      unsettled.clear();
      everStored.clear();
      removeAllAnnotations();
    },
    stop: watched.stop,
  };
}

/** While it is drawn: as the engine will compute it, from the pixels on screen. */
function describeLive(
  source: SeriesSource,
  { kind, position, points }: DrawnMeasurement,
  pane: Pane,
): readonly string[] {
  const slice = source.place(position);
  const volume = source.volumeOf(position.phaseIndex);
  if (slice === null || volume === undefined) return [];
  const { cut, image } = slice;
  const quantities = computeQuantities(kind, points, {
    cut,
    sliceIndex: sliceWithin(cut, position.sliceIndex),
    isSpacingKnown: isSpacingKnown(volume, cut.plane, source.series.sourceKind),
    values: image.samplesPerPixel === 1 ? pane.getPixels() : null,
    valueUnit: image.rescaleUnit,
  });
  return describeQuantities(kind, quantities);
}
