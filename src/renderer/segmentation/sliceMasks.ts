import { isSamePacked } from '../../domain/packedBits.js';
import type { SliceAxis } from '../../domain/plane.js';
import type { SegmentMask } from '../viewer/viewerApi.js';

// As many slice images as a reader passes on the way there and back.
const KEPT_SLICES = 400;

interface KeptSlice {
  readonly axis: SliceAxis;
  readonly sliceIndex: number;
  masks: readonly SegmentMask[];
  /** The segments whose masks may be others by now; 'all' before the first have come. */
  stale: 'all' | ReadonlySet<number>;
  loading: Promise<void> | null;
}

const none: ReadonlySet<number> = new Set();
const isStale = ({ stale }: KeptSlice): boolean => stale === 'all' || stale.size > 0;

/** Masks of slice images of one segmentation: fetched when a pane first shows the slice, and again after a change. */
export interface SliceMasks {
  /** What is known now, in no order. */
  on(axis: SliceAxis, sliceIndex: number): readonly SegmentMask[];
  /** Those of the segments that `findStale` names may differ; the old ones are shown until the new ones are there. */
  expire(findStale: (axis: SliceAxis, sliceIndex: number) => 'all' | readonly number[]): void;
  /** Waits until what is shown of a slice is true. */
  refresh(axis: SliceAxis, sliceIndex: number): Promise<void>;
  clear(): void;
}

/** A mask that came again as it was is the same object: what was made of it, to draw it, need not be made anew. */
function keepSame(mask: SegmentMask, among: readonly SegmentMask[]): SegmentMask {
  const before = among.find(({ segmentNumber }) => segmentNumber === mask.segmentNumber);
  const fits = before?.mask.width === mask.mask.width && before.mask.height === mask.mask.height;
  return before !== undefined && fits && isSamePacked(before.mask, mask.mask) ? before : mask;
}

export function createSliceMasks(options: {
  /** Of some segments, or of all (null); resolves to null where they cannot be had. */
  readonly load: (
    axis: SliceAxis,
    sliceIndex: number,
    segmentNumbers: readonly number[] | null,
  ) => Promise<readonly SegmentMask[] | null>;
  readonly onChanged: () => void;
}): SliceMasks {
  let slices = new Map<string, KeptSlice>(); // newest use last

  const find = (axis: SliceAxis, sliceIndex: number): KeptSlice => {
    const key = `${axis} ${String(sliceIndex)}`;
    const slice = slices.get(key) ?? {
      axis,
      sliceIndex,
      masks: [],
      stale: 'all' as const,
      loading: null,
    };
    slices.delete(key);
    slices.set(key, slice);
    for (const oldest of slices.keys()) if (slices.size > KEPT_SLICES) slices.delete(oldest);
    return slice;
  };

  /** Until nothing has changed meanwhile. */
  const fetchInto = async (slice: KeptSlice, among: typeof slices): Promise<void> => {
    while (isStale(slice) && slices === among) {
      const { stale, masks: before } = slice;
      slice.stale = none;
      const asked = stale === 'all' ? null : [...stale];
      const masks = await options.load(slice.axis, slice.sliceIndex, asked);
      if (masks === null || slices !== among) continue;
      const others = stale === 'all' ? [] : before.filter((mask) => !stale.has(mask.segmentNumber));
      slice.masks = [...others, ...masks.map((mask) => keepSame(mask, before))];
      const isNew = slice.masks.some((mask) => !before.includes(mask));
      if (isNew || slice.masks.length !== before.length) options.onChanged();
    }
    slice.loading = null;
  };

  const update = (slice: KeptSlice): Promise<void> =>
    (slice.loading ??= isStale(slice) ? fetchInto(slice, slices) : null) ?? Promise.resolve();

  return {
    on(axis, sliceIndex) {
      const slice = find(axis, sliceIndex);
      void update(slice);
      return slice.masks;
    },
    expire(findStale) {
      for (const slice of slices.values()) {
        const found = findStale(slice.axis, slice.sliceIndex);
        if (found === 'all' || slice.stale === 'all') slice.stale = 'all';
        else if (found.length > 0) slice.stale = new Set([...slice.stale, ...found]);
      }
    },
    refresh: (axis, sliceIndex) => update(find(axis, sliceIndex)),
    clear() {
      slices = new Map();
    },
  };
}
