import { randomUUID } from 'node:crypto';

import type { MeasurementId } from '../../../src/domain/brand.js';
import type { Measurement } from '../../../src/domain/measurement.js';
import { addMeasurements } from '../../../src/engine/store/index.js';
import type { MeasurementContent, Store } from '../../../src/engine/store/index.js';
import { newSession } from './sampleSession.js';

export const sampleMeasurement = (key = 'a'): MeasurementContent => ({
  measurementId: randomUUID() as string as MeasurementId, // branding at the edge
  seriesId: newSession({ key }).series.seriesId,
  phaseIndex: 1,
  kind: 'ellipse',
  label: 'cyst, "left"',
  axis: 'acquired',
  sliceIndex: 4,
  points: [
    { x: 1 / 3, y: -2, z: 1e-9 },
    { x: 20.5, y: -2, z: 1e-9 },
    { x: 10, y: -8, z: 1e-9 },
    { x: 10, y: 4, z: 1e-9 },
  ],
  image: { sopInstanceUID: '1.2.3.4', frameNumber: 2 },
  visible: true,
  quantities: [
    { name: 'area', value: 190.2, unit: 'mm2' },
    { name: 'mean', value: -12.25, unit: 'HU' },
  ],
});

/** Stores `sampleMeasurement` over the series of `newSession`. */
export function measurementOf(store: Store, key = 'a'): Measurement {
  const [added] = addMeasurements(store, newSession({ key }), [sampleMeasurement(key)]);
  if (added === undefined) throw new Error('nothing was stored');
  return added;
}
