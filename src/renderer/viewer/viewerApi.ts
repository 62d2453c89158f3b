import type { PackedMask } from '../../domain/mask.js';
import type { NormalisedPoint, SliceAxis } from '../../domain/plane.js';
import type { MeasurementId, SessionId } from '../../domain/brand.js';
import type { WorldPoint } from '../../domain/geometry.js';
import type { MeasurementKind } from '../../domain/measurement.js';
import type { Prompts } from '../../domain/prompts.js';
import type { Segment } from '../../domain/segmentation.js';
import { editTools } from '../../domain/session.js';
import type { EditTool } from '../../domain/session.js';
import type { IntensityWindow } from '../../domain/study.js';
import { asSegmentTool } from './segmentHand.js';
import type { PlacedOnSegment, SegmentTool } from './segmentHand.js';
import type { WindowPresetId } from './windowing.js';

/** Those that say where the target is; the others look at the image, measure it, or edit segments only. */
const promptTools = [
  'include',
  'exclude',
  'box',
  'include-scribble',
  'exclude-scribble',
  'brush',
  'eraser',
  'lasso',
  'cut-lasso',
] as const;
export type PromptTool = (typeof promptTools)[number];

/** What the left mouse button does on an image. Right drag zooms, middle drag pans, the wheel changes slice. */
export type ViewerTool =
  | 'select' // moves the cross in the three planes, takes hold of measurements
  | 'window'
  | 'pan'
  | 'zoom'
  | 'scroll'
  | 'length'
  | 'angle'
  | 'bidirectional'
  | 'rectangle'
  | 'ellipse'
  | 'arrow'
  | PromptTool
  | SegmentTool;

/** What changes pixels by hand: for the agent's mask or for a segment, whichever lies on top. */
export const asEditTool = (tool: ViewerTool): EditTool | null =>
  editTools.find((each) => each === tool) ?? null;

export const asPromptTool = (tool: ViewerTool): PromptTool | null =>
  promptTools.find((each) => each === tool) ?? null;

/** Whether a press of the left button draws on the image, for the agent or for a segment. */
export const drawsOnImage = (tool: ViewerTool): boolean =>
  asPromptTool(tool) !== null || asSegmentTool(tool) !== null;

/**
 * 'mpr' shows the plane of the stack large and the two others beside it; 'quad' the three planes and the acquired
 * stack, each in a quarter, or four images in a row where they form no volume.
 */
export type ViewerLayout = 'stack' | 'mpr' | 'quad';

/** One slice of the open series. `sliceIndex` is the voxel index along the plane's normal. */
export interface SlicePosition {
  readonly phaseIndex: number;
  readonly axis: SliceAxis;
  readonly sliceIndex: number;
}

/** What a session has to draw; null fields draw nothing. A new value replaces the one on screen at the next frame. */
export interface SessionOverlay extends SlicePosition {
  readonly sessionId: SessionId;
  readonly mask: PackedMask | null;
  readonly prompts: Prompts;
  /** CSS hex colour of the segment; the first of `segmentColours` when left out. */
  readonly colour?: string;
}

/** The segments drawn over one volume. Another object whenever anything of them changed. */
export interface SegmentLayer {
  readonly phaseIndex: number;
  readonly look: SegmentLook;
  /** Of the outlines, CSS px. */
  readonly lineWidthPx: number;
  /** The last lies on top. */
  readonly segments: readonly Pick<Segment, 'segmentNumber' | 'colour' | 'opacity'>[];
  /** What is known of a slice now. What is not is fetched, and another layer comes with it. */
  readonly masksOn: (axis: SliceAxis, sliceIndex: number) => readonly SegmentMask[];
}
export const segmentLooks = ['both', 'outline', 'fill'] as const;
export type SegmentLook = (typeof segmentLooks)[number];

/** What a slice image shows of one segment. */
export interface SegmentMask {
  readonly segmentNumber: number;
  readonly mask: PackedMask;
}

/** What the user placed or drew, in the slice image of `axis` (a session's own axis where it lies in its plane). */
export type DrawnPrompt = SlicePosition &
  (
    | {
        readonly kind: 'click';
        readonly label: 'include' | 'exclude';
        readonly normalised: NormalisedPoint;
      }
    | {
        readonly kind: 'box';
        readonly topLeft: NormalisedPoint;
        readonly bottomRight: NormalisedPoint;
      }
    | {
        readonly kind: 'scribble';
        readonly label: 'include' | 'exclude';
        readonly points: readonly NormalisedPoint[];
      }
    | { readonly kind: 'edit'; readonly tool: EditTool; readonly region: PackedMask }
  );

/** Drawn to its end: the draft stays on the image until `clearDraft`. */
export type PlacedPrompt = DrawnPrompt & { readonly draftId: number | null };

export interface LoadProgress {
  readonly loaded: number; // frames of the shown volume
  readonly total: number;
}

/** A measurement as it was drawn by hand, or a stored one drawn anew. */
export interface DrawnMeasurement {
  readonly measurementId: MeasurementId;
  readonly kind: MeasurementKind;
  readonly position: SlicePosition;
  readonly points: readonly WorldPoint[]; // LPS mm, in the order of `pointCounts`
}

/** The pixel under the pointer. */
export interface CursorReading extends SlicePosition {
  readonly column: number;
  readonly row: number;
  /** Modality value, or three for colour; null while the frame is not loaded. */
  readonly values: readonly number[] | null;
  readonly unit: string;
}

export interface CineState {
  readonly playing: boolean;
  readonly framesPerSecond: number;
  /** What advances: the phases of one slice where there are several, else the slices. */
  readonly over: 'slices' | 'phases';
}

/** Commands to the mounted viewer. Those that need a series do nothing while none is open. */
export interface ViewerApi {
  readonly presets: readonly { readonly id: WindowPresetId; readonly label: string }[];
  showSlice(position: Partial<SlicePosition>): void;
  /** Moves the slice of the pane last used; stops at the ends. */
  stepSlice(delta: number): void;
  showPhase(phaseIndex: number): void;
  getPosition(): SlicePosition | null;
  setWindow(window: IntensityWindow): void;
  applyPreset(preset: WindowPresetId): void;
  getWindow(): IntensityWindow | null;
  toggleInvert(): void;
  /** Window, zoom, pan and inversion as at opening; the slice stays. */
  reset(): void;
  setCine(playing: boolean, framesPerSecond?: number): void;
  getCine(): CineState;
  /** What was drawn is stored by now, or could not be: the image shows what is stored. */
  settleMeasurement(measurementId: MeasurementId): void;
  /** Where the centre of a pixel of the shown slice lies in the pane, CSS px; null when that slice is not shown. */
  pixelToPane(column: number, row: number): { readonly x: number; readonly y: number } | null;
  /** Takes a draft off the image: the engine has made a step of it, or would not. */
  clearDraft(draftId: number | null): void;
  /** Forgets what is being drawn; false when nothing is. */
  cancelDrawing(): boolean;
  /** Closes an outline that is laid press by press; false when there is none. */
  finishDrawing(): boolean;
  /** The pixel under a point of the main pane. */
  readPane(x: number, y: number): CursorReading | null;
}

/** Emitted by ViewerArea.vue. */
export type ViewerAreaEmits = {
  ready: [api: ViewerApi];
  sliceChanged: [position: SlicePosition];
  phaseChanged: [phaseIndex: number];
  windowChanged: [window: IntensityWindow];
  /** A hand is on the image: from the press of a prompt tool until it is let go. */
  drawingChanged: [isDrawing: boolean];
  promptPlaced: [placed: PlacedPrompt];
  segmentDrawn: [placed: PlacedOnSegment];
  /** The wheel with Shift over the image asks for a larger (1) or smaller (-1) brush. */
  brushSizeWanted: [direction: 1 | -1];
  /** A double click on a pane asks for the other layout. */
  layoutWanted: [layout: ViewerLayout];
  loadProgressed: [progress: LoadProgress];
  measurementDrawn: [drawn: DrawnMeasurement];
  /** The Delete key, on chosen ones. */
  measurementsUnwanted: [measurementIds: readonly MeasurementId[]];
  cineChanged: [cine: CineState];
  /** A sentence for the user: no WebGL, context lost, a frame that could not be read. */
  problem: [sentence: string];
};
