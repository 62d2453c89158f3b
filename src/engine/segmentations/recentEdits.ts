import type { SegmentationId } from '../../domain/brand.js';
import type { KnownVoxels, StateChange } from './state.js';

// A dozen edits of whole organs, or a thousand strokes.
const BUDGET_BYTES = 64 * 2 ** 20;

/** What an edit changed, with the voxels before and after it. */
export interface RecentEdit {
  readonly change: StateChange;
  readonly known: KnownVoxels;
}

/** What nothing else may still hold: the flipped bits, and the slices as they were before. */
function countBytes({ change, known }: RecentEdit): number {
  let bytes = 0;
  for (const [segmentNumber, slices] of change.flips)
    for (const [k, { bits }] of slices)
      bytes += bits.length + (known.before.get(segmentNumber)?.get(k)?.bits.length ?? 0);
  return bytes;
}

/**
 * The newest edits in memory, so that going back and forth among them asks neither the store nor the bits: an act never
 * changes once it is stored, so what is remembered of it stays true.
 */
export function createRecentEdits() {
  const edits = new Map<string, RecentEdit & { readonly bytes: number }>(); // oldest first
  let usedBytes = 0;
  const keyOf = (segmentationId: SegmentationId, actNumber: number): string =>
    `${segmentationId} ${String(actNumber)}`;
  const drop = (key: string): void => {
    usedBytes -= edits.get(key)?.bytes ?? 0;
    edits.delete(key);
  };
  return {
    find: (segmentationId: SegmentationId, actNumber: number): RecentEdit | null =>
      edits.get(keyOf(segmentationId, actNumber)) ?? null,
    remember(segmentationId: SegmentationId, actNumber: number, edit: RecentEdit): void {
      const bytes = countBytes(edit);
      edits.set(keyOf(segmentationId, actNumber), { ...edit, bytes });
      usedBytes += bytes;
      for (const oldest of edits.keys()) {
        if (usedBytes <= BUDGET_BYTES) break;
        drop(oldest);
      }
    },
    forget(segmentationId: SegmentationId): void {
      for (const key of [...edits.keys()]) if (key.startsWith(`${segmentationId} `)) drop(key);
    },
  };
}
