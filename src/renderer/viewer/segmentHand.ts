import type { VoxelIndex } from '../../domain/geometry.js';
import type { PackedMask } from '../../domain/mask.js';
import type { ImagePoint, NormalisedPoint } from '../../domain/plane.js';
import type { ValueRange } from '../../domain/rangeLimit.js';
import type { EditTool } from '../../domain/session.js';
import type { SlicePosition } from './viewerApi.js';

/** Tools that work on segments alone: an outline that keeps to edges, and a press that says which part is meant. */
const segmentTools = ['livewire', 'fill', 'grow-region', 'island'] as const;
export type SegmentTool = (typeof segmentTools)[number];

export const asSegmentTool = (tool: string): SegmentTool | null =>
  segmentTools.find((each) => each === tool) ?? null;

export const brushShapes = ['circle', 'sphere'] as const;
export type BrushShape = (typeof brushShapes)[number];

/** How the hand works on segments while they lie on top of the agent's panel. */
export interface SegmentHand {
  readonly brushShape: BrushShape;
  /** Modality values: brush and eraser pass over all others; null: over none. */
  readonly range: ValueRange | null;
  /** The next stroke measures the values under it instead of painting. */
  readonly samples: boolean;
}

/** Which pixels of the shown slices have values in a range: shown before anything is done with it. */
export interface RangePreview extends ValueRange {
  readonly colour: string; // '#rrggbb'
}

/** What was drawn on a slice image with a tool for segments. */
export type DrawnOnSegment = SlicePosition &
  (
    | {
        readonly kind: 'stroke';
        readonly tool: 'brush' | 'eraser';
        /** On images of the acquired axis for a ball, else on the drawn one. */
        readonly covered: Pick<SlicePosition, 'axis'> & {
          readonly slices: readonly { readonly sliceIndex: number; readonly region: PackedMask }[];
        };
      }
    | { readonly kind: 'sample'; readonly range: ValueRange }
    | {
        readonly kind: 'outline';
        readonly tool: 'livewire' | Exclude<EditTool, 'brush' | 'eraser'>;
        readonly outline: readonly NormalisedPoint[];
        readonly region: PackedMask;
      }
    | {
        readonly kind: 'place';
        readonly tool: 'fill' | 'grow-region' | 'island';
        readonly pixel: ImagePoint;
        readonly voxel: VoxelIndex;
        /** Modality value; null where it is not loaded, or in colour. */
        readonly value: number | null;
      }
  );

/** The draft stays on the image until `clearDraft`. */
export type PlacedOnSegment = DrawnOnSegment & { readonly draftId: number | null };
