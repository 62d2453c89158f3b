import type { Segment } from '../../domain/segmentation.js';
import { TISSUE, toLabel } from './codes.js';

/** Colours of segments whose file names none, in turn: 3D Slicer's own for its first segments. */
const COLOURS = [
  '#80ae80',
  '#f1d691',
  '#b17a65',
  '#6fb8d2',
  '#d8654f',
  '#dd8265',
  '#90ee90',
  '#c06858',
  '#dcf514',
  '#4e3f00',
] as const;

/** A segment of a file: what the file does not say is as for a new one. */
export function newSegment(known: Pick<Segment, 'segmentNumber'> & Partial<Segment>): Segment {
  const { segmentNumber } = known;
  return {
    category: TISSUE,
    type: TISSUE,
    modifier: null,
    colour: COLOURS[(segmentNumber - 1) % COLOURS.length] ?? COLOURS[0],
    opacity: 0.5,
    visible: true,
    locked: false,
    source: 'manual',
    ...known,
    segmentLabel: toLabel(known.segmentLabel ?? '', `Segment ${String(segmentNumber)}`),
  };
}
