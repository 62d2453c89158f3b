import type { MeasurementId } from '../../domain/brand.js';
import type { Measurement, MeasurementKind } from '../../domain/measurement.js';

const KIND_NAMES: Readonly<Record<MeasurementKind, string>> = {
  length: 'length',
  angle: 'angle',
  bidirectional: 'two axes',
  ellipse: 'ellipse',
  rectangle: 'rectangle',
  arrow: 'arrow',
};

type Numbers = ReadonlyMap<MeasurementId, number>;

/** Gives each of a series that has none the next number of its kind; one that is given stays. */
export function numberMeasurements(list: readonly Measurement[], given: Numbers): Numbers {
  const numbers = new Map(given);
  const last = new Map<MeasurementKind, number>();
  for (const { measurementId, kind } of list)
    last.set(kind, Math.max(last.get(kind) ?? 0, given.get(measurementId) ?? 0));
  for (const { measurementId, kind } of list) {
    if (numbers.has(measurementId)) continue;
    const number = (last.get(kind) ?? 0) + 1;
    last.set(kind, number);
    numbers.set(measurementId, number);
  }
  return numbers;
}

/** What a measurement is called: its label, else its kind and number, as 'length 2'. */
export const nameMeasurement = (
  { measurementId, label, kind }: Measurement,
  numbers: Numbers,
): string =>
  label === '' ? `${KIND_NAMES[kind]} ${String(numbers.get(measurementId) ?? 1)}` : label;
