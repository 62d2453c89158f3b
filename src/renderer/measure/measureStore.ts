import { defineStore } from 'pinia';
import { ref, shallowRef } from 'vue';

import type { ExportResult } from '../../contract/channels.js';
import type { MeasurementId, SeriesId } from '../../domain/brand.js';
import type { Measurement } from '../../domain/measurement.js';

/** The measurements of the series on screen, as they are stored. */
export const useMeasureStore = defineStore('measure', () => ({
  seriesId: ref<SeriesId | null>(null),
  /** Of all phases, in the order in which they were made. */
  list: shallowRef<readonly Measurement[]>([]),
  /** What was deleted since the series was opened, the latest last: each can be had back. */
  deleted: shallowRef<readonly Measurement[]>([]),
  /** The one whose name is being written. */
  renaming: ref<MeasurementId | null>(null),
  /** The one that was last gone to or drawn. */
  chosen: ref<MeasurementId | null>(null),
  /** Why the last act was not done; '' when it was. */
  problem: ref(''),
  /** A file is being read or written. */
  filing: ref(false),
  exported: shallowRef<ExportResult | null>(null),
  importNotes: shallowRef<readonly string[]>([]),
}));
