import type { VoxelIndex, WorldPoint } from './geometry.js';
import type { NormalisedPoint } from './plane.js';

/** A point in all three spaces, so that a trace reads the same without the volume at hand. */
export interface PlacedPoint {
  readonly normalised: NormalisedPoint;
  readonly voxel: VoxelIndex;
  readonly world: WorldPoint;
}

export interface Click extends PlacedPoint {
  readonly index: number; // zero-based among the clicks in force
  readonly label: 'include' | 'exclude';
  readonly placedBy: 'policy' | 'user';
}

/** A box around the target. */
export interface Box {
  readonly stepIndex: number; // of the step that placed it
  readonly placedBy: 'policy' | 'user';
  readonly topLeft: PlacedPoint;
  readonly bottomRight: PlacedPoint;
}

/** A line drawn over the target, or over what is not the target. */
export interface Scribble {
  readonly stepIndex: number; // of the step that drew it, which also tells scribbles apart
  readonly label: 'include' | 'exclude';
  readonly placedBy: 'policy' | 'user';
  readonly points: readonly PlacedPoint[]; // corners of the line, at least one
}

/** A line of more corners than a screen is wide tells nothing more. */
export const MAX_SCRIBBLE_POINTS = 512;

/** Everything that says where the target is, besides the mask itself. */
export interface Prompts {
  readonly clicks: readonly Click[];
  readonly box: Box | null;
  readonly scribbles: readonly Scribble[];
}

export const noPrompts: Prompts = { clicks: [], box: null, scribbles: [] };

export const hasPrompts = ({ clicks, box, scribbles }: Prompts): boolean =>
  clicks.length > 0 || box !== null || scribbles.length > 0;
