import type { PackedMask } from '../../domain/mask.js';
import { makeDrawableMask } from './maskDrawing.js';
import type { DrawableMask } from './maskDrawing.js';
import type { PlacedSlice } from './seriesSource.js';
import type { SegmentLayer } from './viewerApi.js';

/** What one shown slice has of the segments, the last on top. */
export interface SegmentMarks {
  /** Another text whenever anything of it looks different. */
  readonly key: string;
  readonly segments: readonly {
    readonly drawable: DrawableMask;
    readonly colour: string;
    /** Of the fill, 0 to 1. */
    readonly opacity: number;
    readonly lineWidthPx: number; // 0: no outline
  }[];
}

interface Prepared {
  readonly colour: string;
  readonly drawable: DrawableMask;
  readonly count: number; // no other has it
}

/** The segments of the shown volume; a slice's masks are made drawable when they are first drawn. */
export function createSegmentMarks() {
  let layer: SegmentLayer | null = null;
  let preparedCount = 0;
  const prepared = new WeakMap<PackedMask, Prepared>();

  const prepare = (packed: PackedMask, colour: string): Prepared => {
    const known = prepared.get(packed);
    if (known?.colour === colour) return known;
    const made = { colour, drawable: makeDrawableMask(packed, colour), count: preparedCount++ };
    prepared.set(packed, made);
    return made;
  };

  return {
    set(next: SegmentLayer | null): void {
      layer = next;
    },
    /** Null when the slice has none. */
    on({ position, cut }: PlacedSlice): SegmentMarks | null {
      if (layer === null || layer.phaseIndex !== position.phaseIndex) return null;
      const { look, lineWidthPx, segments } = layer;
      const masks = layer.masksOn(position.axis, position.sliceIndex);
      const drawn = segments.flatMap(({ segmentNumber, colour, opacity }) => {
        const mask = masks.find((each) => each.segmentNumber === segmentNumber)?.mask;
        const fits = mask?.width === cut.plane.width && mask.height === cut.plane.height;
        if (mask === undefined || !fits) return [];
        return [
          {
            ...prepare(mask, colour),
            opacity: look === 'outline' ? 0 : opacity,
            lineWidthPx: look === 'fill' ? 0 : lineWidthPx,
          },
        ];
      });
      const key = drawn.map((each) => [each.count, each.opacity, each.lineWidthPx].join(' '));
      return drawn.length === 0 ? null : { key: key.join(), segments: drawn };
    },
  };
}
