import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';

import type { ExportResult } from '../../contract/channels.js';
import type { MeasurementId, SeriesId } from '../../domain/brand.js';
import type { Measurement } from '../../domain/measurement.js';
import type { MeasurementHistory } from './measureHistory.js';

/** The measurements of the series on screen, as they are stored. */
export const useMeasureStore = defineStore('measure', () => {
  const seriesId = ref<SeriesId | null>(null);
  const histories = shallowRef<ReadonlyMap<SeriesId, MeasurementHistory>>(new Map());
  return {
    seriesId,
    /** Of all phases, in the order in which they were made. */
    list: shallowRef<readonly Measurement[]>([]),
    /** Of each that was listed since the window was opened, among those of its kind. */
    numbers: shallowRef<ReadonlyMap<MeasurementId, number>>(new Map()),
    /** What was done to those of each series since the window was opened. */
    histories,
    history: computed(
      (): MeasurementHistory =>
        (seriesId.value === null ? undefined : histories.value.get(seriesId.value)) ?? {
          done: [],
          undone: [],
        },
    ),
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
  };
});
