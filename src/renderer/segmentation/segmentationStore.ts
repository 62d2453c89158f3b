import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';

import type { ExportResult } from '../../contract/channels.js';
import type { SegmentationId, SeriesId } from '../../domain/brand.js';
import type { Segmentation } from '../../domain/segmentation.js';
import { parseNumberWithin, parseOneOf, usePersisted } from '../ui/persisted.js';
import { segmentLooks } from '../viewer/viewerApi.js';

/** The volume on screen: what a segmentation lies over. */
export interface ShownVolume {
  readonly seriesId: SeriesId;
  readonly phaseIndex: number;
}

/** A tool at work on a segment. */
export interface ToolJob {
  readonly jobId: string;
  readonly label: string;
  readonly done: number;
  readonly total: number | null;
  readonly cancelling: boolean;
}

/** The segmentations of the volume on screen, without their voxels, and which segment is worked on. */
export const useSegmentationStore = defineStore('segmentation', () => {
  const volume = shallowRef<ShownVolume | null>(null);
  /** Of the series, whichever phase they lie over. */
  const ofSeries = shallowRef<readonly Segmentation[]>([]);
  const list = computed(() =>
    ofSeries.value.filter(({ phaseIndex }) => phaseIndex === volume.value?.phaseIndex),
  );
  const chosenId = ref<SegmentationId | null>(null);
  const chosenSegment = ref<number | null>(null);
  /** The chosen one, else the newest. */
  const shown = computed(
    () =>
      list.value.find(({ segmentationId }) => segmentationId === chosenId.value) ??
      list.value.at(-1) ??
      null,
  );
  /** What brush, eraser and tools change: the chosen segment, else the first. */
  const active = computed(() => {
    const segments = shown.value?.segments ?? [];
    return (
      segments.find(({ segmentNumber }) => segmentNumber === chosenSegment.value) ??
      segments[0] ??
      null
    );
  });
  return {
    volume,
    ofSeries,
    list,
    chosenId,
    chosenSegment,
    shown,
    active,
    /** The segment whose name is being written. */
    renaming: ref<number | null>(null),
    look: usePersisted('segmentLook', parseOneOf(segmentLooks, 'both')),
    /** Of the outlines, CSS px. */
    lineWidthPx: usePersisted('segmentLineWidth', parseNumberWithin(1, 5, 1.5)),
    /** Grows when masks of a slice have come or are no longer true. */
    maskVersion: ref(0),
    /** Why the last act was not done; '' when it was. */
    problem: ref(''),
    /** What an act came to that is no problem; '' mostly. */
    note: ref(''),
    job: shallowRef<ToolJob | null>(null),
    /** A file is being read or written. */
    filing: ref(false),
    exported: shallowRef<ExportResult | null>(null),
    importNotes: shallowRef<readonly string[]>([]),
  };
});
