import { paintStroke } from '../../domain/brush.js';
import type { BrushRadii, PixelRect } from '../../domain/brush.js';
import { emptyMask } from '../../domain/mask.js';
import type { Mask } from '../../domain/mask.js';
import type { ImagePoint, NormalisedPoint, SlicePlane } from '../../domain/plane.js';
import type { EditTool } from '../../domain/session.js';
import { rgbOf } from './overlayColours.js';
import type { SlicePosition } from './viewerApi.js';

/** The pixels of a stroke so far, and the same as an image to draw. */
export interface Stroke {
  readonly mask: Mask;
  readonly image: OffscreenCanvas;
}

/** What the user draws, before the engine has made a step of it. */
export type DraftShape =
  | { readonly kind: 'box'; readonly from: NormalisedPoint; readonly to: NormalisedPoint }
  | {
      readonly kind: 'scribble';
      readonly label: 'include' | 'exclude';
      readonly points: readonly NormalisedPoint[];
    }
  | {
      readonly kind: 'lasso';
      readonly tool: EditTool;
      readonly points: readonly NormalisedPoint[];
    }
  /** An open outline, and the places where presses hold it. */
  | {
      readonly kind: 'wire';
      readonly points: readonly NormalisedPoint[];
      readonly holds: readonly NormalisedPoint[];
    }
  | { readonly kind: 'edit'; readonly tool: EditTool; readonly stroke: Stroke };

export interface Draft extends SlicePosition {
  readonly draftId: number;
  readonly plane: SlicePlane;
  readonly shape: DraftShape;
}

/** Drafts on the image: the one under the pointer, and those that wait for the engine's answer. */
export function createDrafts(onChanged: () => void) {
  let drafts: readonly Draft[] = [];
  let nextId = 1;
  let version = 0;
  const change = (changed: readonly Draft[]): void => {
    drafts = changed;
    version++;
    onChanged();
  };
  return {
    list: (): readonly Draft[] => drafts,
    /** Another number whenever anything of them changed. */
    version: (): number => version,
    hasStrokes: (): boolean => drafts.some(({ shape }) => shape.kind === 'edit'),
    add(draft: Omit<Draft, 'draftId'>): number {
      const draftId = nextId++;
      change([...drafts, { ...draft, draftId }]);
      return draftId;
    },
    update(draftId: number, shape: DraftShape): void {
      change(drafts.map((draft) => (draft.draftId === draftId ? { ...draft, shape } : draft)));
    },
    remove(draftId: number): void {
      const rest = drafts.filter((draft) => draft.draftId !== draftId);
      if (rest.length < drafts.length) change(rest);
    },
    clear(): void {
      if (drafts.length > 0) change([]);
    },
  };
}
export type Drafts = ReturnType<typeof createDrafts>;

export function createStroke({ width, height }: SlicePlane): Stroke {
  return { mask: emptyMask(width, height), image: new OffscreenCanvas(width, height) };
}

export interface StrokeLook {
  readonly colour: string; // '#rrggbb'
  /** Whether a pixel, by its number in the image, is shown: others will not be painted. */
  readonly accepts?: (at: number) => boolean;
}

/** Lets the brush pass from one point to the next; the image follows only where it has been. */
export function extendStroke(
  stroke: Stroke,
  from: ImagePoint,
  to: ImagePoint,
  brush: StrokeLook & { readonly radii: BrushRadii },
): void {
  const rect = paintStroke(stroke.mask, from, to, brush.radii);
  if (rect !== null) showStroke(stroke, rect, brush);
}

/** Makes the image of a stroke what its mask is, inside a rectangle. */
export function showStroke({ mask, image }: Stroke, rect: PixelRect, look: StrokeLook): void {
  const { left, top } = rect;
  const [width, height] = [rect.right - left + 1, rect.bottom - top + 1];
  const pixels = new ImageData(width, height);
  const [red, green, blue] = rgbOf(look.colour);
  for (let p = 0; p < width * height; p++) {
    const at = (top + Math.floor(p / width)) * mask.width + left + (p % width);
    if (mask.data[at] === 1 && look.accepts?.(at) !== false)
      pixels.data.set([red, green, blue, 255], p * 4);
  }
  image.getContext('2d')?.putImageData(pixels, left, top);
}
