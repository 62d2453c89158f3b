import { ref } from 'vue';

import type { Segment } from '../../domain/segmentation.js';
import { moveSegment } from './segmentActs.js';
import { useSegmentationStore } from './segmentationStore.js';

const MOVED = 'application/x-ibis-segment'; // a file that is dragged over the list is not one

/** Moves a segment in the list: by a place, or to where its row is dropped. */
export function useRowDrag(segment: () => Segment) {
  const store = useSegmentationStore();
  const isTarget = ref(false);
  const placeOf = (segmentNumber: number): number =>
    (store.shown?.segments ?? []).findIndex((each) => each.segmentNumber === segmentNumber);
  return {
    /** Whether a dragged row would take this one's place. */
    isTarget,
    move: (by: 1 | -1): void => {
      const { segmentNumber } = segment();
      const to = placeOf(segmentNumber) + by;
      if (to >= 0 && to < (store.shown?.segments.length ?? 0)) void moveSegment(segmentNumber, to);
    },
    onStart(event: DragEvent): void {
      event.dataTransfer?.setData(MOVED, String(segment().segmentNumber));
    },
    onOver(event: DragEvent): void {
      if (event.dataTransfer?.types.includes(MOVED) !== true) return;
      event.preventDefault();
      isTarget.value = true;
    },
    onDrop(event: DragEvent): void {
      isTarget.value = false;
      const dragged = Number(event.dataTransfer?.getData(MOVED));
      const to = placeOf(segment().segmentNumber);
      if (placeOf(dragged) < 0 || placeOf(dragged) === to) return;
      event.preventDefault();
      event.stopPropagation();
      void moveSegment(dragged, to);
    },
  };
}
