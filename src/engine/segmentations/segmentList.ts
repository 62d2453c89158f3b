import type { ParsedParams } from '../../contract/channels.js';
import { IbisError } from '../../contract/errors.js';
import { segmentPalette } from '../../domain/segmentColours.js';
import type { Segment } from '../../domain/segmentation.js';
import { describeSegment } from '../export/segmentCodes.js';
import { findSegment, requireUnlocked } from './editVoxels.js';
import type { SegmentationHeader } from './headerPatch.js';
import type { SegmentationState } from './state.js';

/** A segment to be added; its number is given by the segmentation. */
export type NewSegment = Omit<Segment, 'segmentNumber'>;

const DEFAULT_OPACITY = 0.5;
const MAX_SEGMENTS = 65_535; // DICOM's US

/** A segment by hand, visible and unlocked, with codes for its label and the next colour unless they are given. */
export function makeNewSegment(
  { segments }: { readonly segments: readonly Pick<Segment, 'colour'>[] },
  wanted: Pick<ParsedParams<'addSegment'>, 'segmentLabel' | 'codes' | 'colour'>,
): NewSegment {
  const { category, type, modifier } = wanted.codes ?? describeSegment(wanted.segmentLabel);
  const unused = segmentPalette.find(
    (colour) => !segments.some((segment) => segment.colour === colour),
  );
  const next = segmentPalette[segments.length % segmentPalette.length] ?? segmentPalette[0];
  return {
    segmentLabel: wanted.segmentLabel,
    category,
    type,
    modifier,
    colour: wanted.colour ?? unused ?? next,
    opacity: DEFAULT_OPACITY,
    visible: true,
    locked: false,
    source: 'manual',
  };
}

/** The list with one more at its end. */
export function addToList(
  header: SegmentationHeader,
  segment: NewSegment,
  segmentNumber: number,
): SegmentationHeader {
  if (segmentNumber > MAX_SEGMENTS)
    throw new IbisError('session-state', 'This segmentation has no room for another segment.');
  return { ...header, segments: [...header.segments, { ...segment, segmentNumber }] };
}

export function changeInList(
  header: SegmentationHeader,
  segmentNumber: number,
  change: Partial<NewSegment>,
): SegmentationHeader {
  const segment = findSegment(header, segmentNumber);
  const changed = { ...segment, ...change };
  const segments = header.segments.map((other) => (other === segment ? changed : other));
  return { ...header, segments };
}

/** To a place from 0; one beyond the end is the end. */
export function moveInList(
  header: SegmentationHeader,
  segmentNumber: number,
  toIndex: number,
): SegmentationHeader {
  const segment = findSegment(header, segmentNumber);
  const segments = header.segments.filter((other) => other !== segment);
  segments.splice(toIndex, 0, segment);
  return { ...header, segments };
}

/** Takes a segment away with its voxels. Throws where it is locked. */
export function removeFromList(state: SegmentationState, segmentNumber: number): SegmentationState {
  const segment = findSegment(state.header, segmentNumber);
  requireUnlocked(segment);
  const voxels = new Map(state.voxels);
  voxels.delete(segmentNumber);
  const segments = state.header.segments.filter((other) => other !== segment);
  return { header: { ...state.header, segments }, voxels };
}
