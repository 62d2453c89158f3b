import type { Measurement, MeasurementKind } from '../../domain/measurement.js';

const KIND_NAMES: Readonly<Record<MeasurementKind, string>> = {
  length: 'Length',
  angle: 'Angle',
  bidirectional: 'Two axes',
  ellipse: 'Ellipse',
  rectangle: 'Rectangle',
  arrow: 'Arrow',
};

/** What a measurement is called: its label, else its kind. */
export const nameMeasurement = ({ label, kind }: Measurement): string =>
  label === '' ? KIND_NAMES[kind] : label;
