import { makeDrawableMask } from './maskDrawing.js';
import { unpackMask } from '../../domain/mask.js';
import type { PackedMask } from '../../domain/mask.js';
import { noPrompts } from '../../domain/prompts.js';
import { segmentColours } from './overlayColours.js';
import type { SessionMarks, SessionMask } from './sessionDrawing.js';
import type { SeriesSource } from './seriesSource.js';
import type { SessionOverlay } from './viewerApi.js';

export interface MarksLook {
  readonly hidden: boolean;
  readonly opacity: number;
}

/** The session's mask and prompts, made drawable when first drawn: of masks that come faster, only the newest is. */
export function createSessionMarks() {
  let overlay: SessionOverlay | null = null;
  let look: MarksLook = { hidden: false, opacity: 0.35 };
  let version = 0;
  let prepared: { packed: PackedMask; colour: string; drawable: SessionMask } | null = null;

  const prepare = (packed: PackedMask, colour: string): SessionMask => {
    if (prepared?.packed !== packed || prepared.colour !== colour) {
      const drawable = { ...makeDrawableMask(packed, colour), mask: unpackMask(packed) };
      prepared = { packed, colour, drawable };
    }
    return prepared.drawable;
  };

  return {
    set(newOverlay: SessionOverlay | null, newLook: MarksLook): void {
      overlay = newOverlay;
      look = newLook;
      version++;
    },
    getOpacity: (): number => look.opacity,
    /** Null when there is nothing to draw on this series. */
    current(source: SeriesSource): SessionMarks | null {
      if (overlay === null) return null;
      const plane = source.place(overlay)?.cut.plane;
      if (plane === undefined) return null;
      const colour = overlay.colour ?? segmentColours[0];
      const { mask } = overlay;
      const fits = mask !== null && mask.width === plane.width && mask.height === plane.height;
      return {
        version,
        phaseIndex: overlay.phaseIndex,
        sliceIndex: overlay.sliceIndex,
        plane,
        prompts: look.hidden ? noPrompts : overlay.prompts,
        mask: fits && !look.hidden ? prepare(mask, colour) : null,
        colour,
        opacity: look.opacity,
      };
    },
  };
}
