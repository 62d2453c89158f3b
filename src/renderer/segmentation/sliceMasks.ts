import type { SliceAxis } from '../../domain/plane.js';
import type { SegmentMask } from '../viewer/viewerApi.js';

// As many slice images as a reader passes on the way there and back.
const KEPT_SLICES = 400;

interface KeptSlice {
  readonly axis: SliceAxis;
  readonly sliceIndex: number;
  masks: readonly SegmentMask[];
  isStale: boolean;
  loading: Promise<void> | null;
}

/** Masks of slice images of one segmentation: fetched when a pane first shows the slice, and again after a change. */
export interface SliceMasks {
  /** What is known now. */
  on(axis: SliceAxis, sliceIndex: number): readonly SegmentMask[];
  /** They may differ on the slices that `isMet` says; the old ones are shown until the new ones are there. */
  expire(isMet: (axis: SliceAxis, sliceIndex: number) => boolean): void;
  /** Waits until what is shown of a slice is true. */
  refresh(axis: SliceAxis, sliceIndex: number): Promise<void>;
  clear(): void;
}

export function createSliceMasks(options: {
  /** Null: they cannot be had. */
  readonly load: (axis: SliceAxis, sliceIndex: number) => Promise<readonly SegmentMask[] | null>;
  readonly onChanged: () => void;
}): SliceMasks {
  let slices = new Map<string, KeptSlice>(); // newest use last

  const find = (axis: SliceAxis, sliceIndex: number): KeptSlice => {
    const key = `${axis} ${String(sliceIndex)}`;
    const slice = slices.get(key) ?? {
      axis,
      sliceIndex,
      masks: [],
      isStale: true,
      loading: null,
    };
    slices.delete(key);
    slices.set(key, slice);
    for (const oldest of slices.keys()) if (slices.size > KEPT_SLICES) slices.delete(oldest);
    return slice;
  };

  /** Until nothing has changed meanwhile. */
  const fetchInto = async (slice: KeptSlice, among: typeof slices): Promise<void> => {
    while (slice.isStale && slices === among) {
      slice.isStale = false;
      const masks = await options.load(slice.axis, slice.sliceIndex);
      if (masks === null || slices !== among) continue;
      const wasEmpty = slice.masks.length === 0;
      slice.masks = masks;
      if (!wasEmpty || masks.length > 0) options.onChanged();
    }
    slice.loading = null;
  };

  const update = (slice: KeptSlice): Promise<void> =>
    (slice.loading ??= slice.isStale ? fetchInto(slice, slices) : null) ?? Promise.resolve();

  return {
    on(axis, sliceIndex) {
      const slice = find(axis, sliceIndex);
      void update(slice);
      return slice.masks;
    },
    expire(isMet) {
      for (const slice of slices.values())
        if (isMet(slice.axis, slice.sliceIndex)) slice.isStale = true;
    },
    refresh: (axis, sliceIndex) => update(find(axis, sliceIndex)),
    clear() {
      slices = new Map();
    },
  };
}
