import { onBeforeUnmount, ref, watch } from 'vue';
import type { Ref } from 'vue';

import type { SegmentationId } from '../../domain/brand.js';
import { useSegmentationStore } from '../segmentation/segmentationStore.js';
import { call } from '../ui/client.js';
import { useViewerStore } from '../ui/viewerStore.js';
import type { SurfaceScene } from './surfaceScene.js';

const REST_MS = 400; // of quick strokes only the last is shown

/** Keeps the surfaces up with the segments that are seen; one is computed at a time, the engine's other work goes on. */
export function useSurfaces(scene: SurfaceScene): {
  readonly updating: Readonly<Ref<boolean>>;
  /** Whether any segment has a surface. */
  readonly isEmpty: Readonly<Ref<boolean>>;
} {
  const store = useSegmentationStore();
  const viewer = useViewerStore();
  const updating = ref(false);
  const isEmpty = ref(true);
  const known = new Map<number, string>(); // surfaceId, by segment
  const filled = new Set<number>();
  let of: SegmentationId | null = null;
  let wanted = 0; // grows with each change
  let isOver = false;

  const look = (): void => {
    const segments = store.shown?.segments ?? [];
    const seen = viewer.masksHidden ? [] : segments.filter(({ visible }) => visible);
    scene.setLook(
      seen,
      segments.map(({ segmentNumber }) => segmentNumber),
    );
  };

  const forget = (): void => {
    known.clear();
    filled.clear();
    isEmpty.value = true;
    scene.clear();
  };

  const load = async (segmentationId: SegmentationId, segmentNumber: number): Promise<void> => {
    const knownId = known.get(segmentNumber) ?? null;
    const reply = await call('computeSegmentSurface', { segmentationId, segmentNumber, knownId });
    if (isOver || of !== segmentationId) return;
    if (!reply.ok) {
      store.problem = reply.error.message;
      return;
    }
    if (reply.value === null) return;
    known.set(segmentNumber, reply.value.surfaceId);
    if (reply.value.triangles.length > 0) filled.add(segmentNumber);
    else filled.delete(segmentNumber);
    isEmpty.value = filled.size === 0;
    scene.setSurface(segmentNumber, reply.value);
    look();
  };

  const update = async (): Promise<void> => {
    wanted++;
    if (updating.value) return;
    updating.value = true;
    for (let made = 0; made !== wanted && !isOver;) {
      made = wanted;
      const { shown } = store;
      if (shown?.segmentationId !== of) forget();
      of = shown?.segmentationId ?? null;
      for (const { segmentNumber, visible } of shown?.segments ?? []) {
        if (made !== wanted) break; // begin again with what is true now
        if (visible && of !== null) await load(of, segmentNumber);
      }
    }
    updating.value = false;
  };

  watch(
    [() => store.shown?.segmentationId, () => store.shown?.revision],
    (_now, _before, onCleanup) => {
      const timer = setTimeout(() => void update(), REST_MS);
      onCleanup(() => clearTimeout(timer));
    },
  );
  watch([() => store.shown, () => viewer.masksHidden], look);
  onBeforeUnmount(() => {
    isOver = true;
  });
  void update();
  return { updating, isEmpty };
}
