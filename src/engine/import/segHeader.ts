import type { DataSet } from 'dicom-parser';

import { IbisError } from '../../contract/errors.js';
import type { Segment } from '../../domain/segmentation.js';
import {
  getFirstItem,
  getItems,
  getString,
  getText,
  getUint16,
  makeTextDecoder,
} from '../dicom/attributes.js';
import { getReferencedSeries } from '../dicom/derivedObject.js';
import { readAlgorithmType } from '../export/algorithmType.js';
import { cieLabToColour } from '../export/displayColour.js';
import { readCode, TISSUE } from './codes.js';
import { newSegment } from './newSegment.js';

/** What a DICOM SEG says of its segments and of where its frames come from. */
export interface SegHeader {
  readonly kind: 'BINARY' | 'FRACTIONAL' | 'LABELMAP';
  readonly label: string;
  readonly segments: readonly Segment[];
  readonly frameOfReferenceUID: string;
  readonly referencedSeriesUIDs: readonly string[];
  /** FRACTIONAL: the value of a voxel that lies wholly, or surely, in the segment. */
  readonly maximumFraction: number;
  /** LABELMAP: values that stand for no segment. */
  readonly background: ReadonlySet<number>;
  /** The source image of each frame, where it names exactly one. */
  readonly sources: readonly (FrameReference | null)[];
}

export interface FrameReference {
  readonly sopInstanceUID: string;
  readonly frameNumber: number;
}

function readSegment(item: DataSet, dataSet: DataSet): Segment | null {
  const decode = makeTextDecoder(dataSet);
  const segmentNumber = getUint16(item, 'x00620004') ?? 0;
  if (segmentNumber === 0) return null; // the background of a LABELMAP
  const lab = [0, 1, 2].map((n) => item.uint16('x0062000d', n));
  const known = lab.flatMap((value) => value ?? []);
  return newSegment({
    segmentNumber,
    segmentLabel: getText(item, 'x00620005', decode),
    category: readCode(item, 'x00620003', decode) ?? TISSUE,
    type: readCode(item, 'x0062000f', decode) ?? TISSUE,
    modifier: readCode(getFirstItem(item, 'x0062000f'), 'x00620011', decode),
    ...(known.length === 3 ? { colour: cieLabToColour(known) } : {}),
    source: readAlgorithmType(getString(item, 'x00620008')) ?? 'manual',
  });
}

function readSource(frame: DataSet | undefined): FrameReference | null {
  if (frame === undefined) return null;
  const images = getItems(frame, 'x00089124').flatMap((item) => getItems(item, 'x00082112'));
  const [image] = images;
  if (image === undefined || images.length > 1) return null;
  return {
    sopInstanceUID: getString(image, 'x00081155'),
    frameNumber: Number.parseInt(getString(image, 'x00081160'), 10) || 1,
  };
}

/** Throws IbisError where it is no segmentation that Ibis reads. */
export function readSegHeader(dataSet: DataSet): SegHeader {
  const kind = getString(dataSet, 'x00620001');
  if (kind !== 'BINARY' && kind !== 'FRACTIONAL' && kind !== 'LABELMAP')
    throw new IbisError(
      'unsupported-format',
      'The segmentation is of a kind that Ibis does not read: it is neither BINARY, FRACTIONAL nor LABELMAP.',
    );
  const segments = getItems(dataSet, 'x00620002').flatMap(
    (item) => readSegment(item, dataSet) ?? [],
  );
  const numbers = new Set(segments.map(({ segmentNumber }) => segmentNumber));
  if (segments.length === 0 || numbers.size < segments.length)
    throw new IbisError(
      'broken-file',
      'The segmentation is damaged: its segments are missing or have the same number.',
    );
  const label = getText(dataSet, 'x0008103e', makeTextDecoder(dataSet));
  return {
    kind,
    label,
    segments,
    frameOfReferenceUID: getString(dataSet, 'x00200052'),
    referencedSeriesUIDs: getReferencedSeries(dataSet),
    maximumFraction: getUint16(dataSet, 'x0062000e') ?? 255,
    background: new Set([0, getUint16(dataSet, 'x00280120') ?? 0]),
    sources: getItems(dataSet, 'x52009230').map(readSource),
  };
}
