import { z } from 'zod';

import { segmentSchema } from '../../contract/segmentationChannels.js';
import { overlapPolicies } from '../../domain/segmentation.js';
import type { OverlapPolicy, Segment } from '../../domain/segmentation.js';

/** All of a segmentation that an act may change, besides its voxels. */
export interface SegmentationHeader {
  readonly segmentationLabel: string;
  readonly overlap: OverlapPolicy;
  /** In the order of the list. */
  readonly segments: readonly Segment[];
}

const segmentPatch = z.union([segmentSchema.partial(), z.null()]);

/** What leads from one header to another: only what differs, as it is stored with an act. */
export const headerPatchSchema = z.object({
  segmentationLabel: z.string().optional(),
  overlap: z.enum(overlapPolicies).optional(),
  /** By number: fields that change, all of them for a segment that appears, null for one that goes. */
  segments: z.record(z.string().regex(/^\d+$/), segmentPatch).optional(),
  /** Segment numbers, where the list or its order changes. */
  order: z.array(z.number().int()).optional(),
});
export type HeaderPatch = z.infer<typeof headerPatchSchema>;

export const isEmptyPatch = (patch: HeaderPatch): boolean => Object.keys(patch).length === 0;

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function computeSegmentPatch(from: Segment | undefined, to: Segment): Partial<Segment> | undefined {
  if (from === undefined) return to;
  const fields = Object.entries(to).filter(
    ([field, value]) => !isSame(value, from[field as keyof Segment]), // a field of `to`, which is of the same type
  );
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}

export function computeHeaderPatch(from: SegmentationHeader, to: SegmentationHeader): HeaderPatch {
  const segments: Record<string, Partial<Segment> | null> = {};
  for (const { segmentNumber } of from.segments)
    if (!to.segments.some((segment) => segment.segmentNumber === segmentNumber))
      segments[segmentNumber] = null;
  for (const segment of to.segments) {
    const { segmentNumber } = segment;
    const before = from.segments.find((other) => other.segmentNumber === segmentNumber);
    const patch = computeSegmentPatch(before, segment);
    if (patch !== undefined) segments[segmentNumber] = patch;
  }
  const orderOf = ({ segments: list }: SegmentationHeader): number[] =>
    list.map(({ segmentNumber }) => segmentNumber);
  return {
    ...(from.segmentationLabel === to.segmentationLabel
      ? {}
      : { segmentationLabel: to.segmentationLabel }),
    ...(from.overlap === to.overlap ? {} : { overlap: to.overlap }),
    ...(Object.keys(segments).length === 0 ? {} : { segments }),
    ...(isSame(orderOf(from), orderOf(to)) ? {} : { order: orderOf(to) }),
  };
}

/** Throws when the patch does not belong to the header. */
export function applyHeaderPatch(
  header: SegmentationHeader,
  patch: HeaderPatch,
): SegmentationHeader {
  const byNumber = new Map(header.segments.map((segment) => [segment.segmentNumber, segment]));
  for (const [number, change] of Object.entries(patch.segments ?? {})) {
    const segmentNumber = Number(number);
    if (change === null) byNumber.delete(segmentNumber);
    else
      byNumber.set(
        segmentNumber,
        segmentSchema.parse({ ...byNumber.get(segmentNumber), ...change }),
      );
  }
  const order = patch.order ?? header.segments.map(({ segmentNumber }) => segmentNumber);
  if (order.length !== byNumber.size)
    throw new Error('a change of the list of segments is not whole');
  return {
    segmentationLabel: patch.segmentationLabel ?? header.segmentationLabel,
    overlap: patch.overlap ?? header.overlap,
    segments: order.map((segmentNumber) => {
      const segment = byNumber.get(segmentNumber);
      if (segment === undefined) throw new Error('a change of the list of segments is not whole');
      return segment;
    }),
  };
}
