import { segmentPalette } from '../../domain/segmentColours.js';
import type { Segment } from '../../domain/segmentation.js';
import { TISSUE, toLabel } from './codes.js';

/** A segment of a file: what the file does not say is as for a new one. */
export function newSegment(known: Pick<Segment, 'segmentNumber'> & Partial<Segment>): Segment {
  const { segmentNumber } = known;
  return {
    category: TISSUE,
    type: TISSUE,
    modifier: null,
    colour: segmentPalette[(segmentNumber - 1) % segmentPalette.length] ?? segmentPalette[0],
    opacity: 0.5,
    visible: true,
    locked: false,
    source: 'manual',
    ...known,
    segmentLabel: toLabel(known.segmentLabel ?? '', `Segment ${String(segmentNumber)}`),
  };
}
