import type { DataSet } from 'dicom-parser';

import { IbisError } from '../../contract/errors.js';
import type { Vec3 } from '../../domain/geometry.js';
import { packMask } from '../../domain/mask.js';
import type { PackedMask } from '../../domain/mask.js';
import type { ImagePoint } from '../../domain/plane.js';
import type { Segment } from '../../domain/segmentation.js';
import {
  getFirstItem,
  getItems,
  getNumbers,
  getString,
  getText,
  makeTextDecoder,
} from '../dicom/attributes.js';
import { getReferencedSeries } from '../dicom/derivedObject.js';
import { readAlgorithmType } from '../export/algorithmType.js';
import { formatColour } from '../export/displayColour.js';
import { readCode } from './codes.js';
import { newSegment } from './newSegment.js';
import { listCorners, placeContour } from './placeContour.js';
import { rasteriseOutlines } from './rasterise.js';
import { nameImage } from './types.js';
import type { ImportedSegmentation, SeriesGrid } from './types.js';

interface Roi {
  readonly segment: Segment;
  /** Closed contours in the patient. */
  readonly contours: readonly (readonly Vec3[])[];
  /** Points and open lines, which have no inside. */
  readonly otherCount: number;
}

function readPoints(contour: DataSet): readonly Vec3[] {
  const numbers = getNumbers(contour, 'x30060050') ?? [];
  if (numbers.length === 0 || numbers.length % 3 !== 0)
    throw new IbisError(
      'broken-file',
      'The structure set is damaged: the points of a contour cannot be read.',
    );
  return Array.from({ length: numbers.length / 3 }, (_, n) => [
    numbers[3 * n] ?? 0,
    numbers[3 * n + 1] ?? 0,
    numbers[3 * n + 2] ?? 0,
  ]);
}

const itemsByNumber = (
  dataSet: DataSet,
  sequence: string,
  tag: string,
): ReadonlyMap<string, DataSet> =>
  new Map(getItems(dataSet, sequence).map((item) => [getString(item, tag), item]));

function readRois(dataSet: DataSet): readonly Roi[] {
  const decode = makeTextDecoder(dataSet);
  const drawn = itemsByNumber(dataSet, 'x30060039', 'x30060084');
  const observed = itemsByNumber(dataSet, 'x30060080', 'x30060084');
  const items = getItems(dataSet, 'x30060020');
  const numbers = items.map((item) => Number(getString(item, 'x30060022')));
  // Numbers from 1 that differ are kept; else (0 is allowed there) they are given anew.
  const keepNumbers =
    new Set(numbers).size === items.length &&
    numbers.every((number) => number > 0 && number < 65_536);
  return items.map((item, n) => {
    const key = getString(item, 'x30060022');
    const contours = drawn.get(key);
    const observation = observed.get(key) ?? null;
    const colour = contours === undefined ? null : getNumbers(contours, 'x3006002a');
    const all = contours === undefined ? [] : getItems(contours, 'x30060040');
    const closed = all.filter((contour) => /^CLOSED_?PLANAR/.test(getString(contour, 'x30060042')));
    const category = readCode(observation, 'x00620003', decode);
    const type = readCode(observation, 'x30060086', decode);
    return {
      segment: newSegment({
        segmentNumber: keepNumbers ? (numbers[n] ?? n + 1) : n + 1,
        segmentLabel: getText(item, 'x30060026', decode),
        ...(category === null ? {} : { category }),
        ...(type === null ? {} : { type }),
        modifier: readCode(getFirstItem(observation, 'x30060086'), 'x00620011', decode),
        ...(colour?.length === 3 ? { colour: formatColour(colour) } : {}),
        source: readAlgorithmType(getString(item, 'x30060036')) ?? 'manual',
      }),
      contours: closed.map(readPoints),
      otherCount: all.length - closed.length,
    };
  });
}

function requireSamePlace(
  dataSet: DataSet,
  { frameOfReferenceUID, seriesInstanceUID }: SeriesGrid,
): void {
  const referenced = getItems(dataSet, 'x30060010');
  const frames = [
    ...referenced.map((item) => getString(item, 'x00200052')),
    ...getItems(dataSet, 'x30060020').map((item) => getString(item, 'x30060024')),
  ];
  if (getReferencedSeries(dataSet).includes(seriesInstanceUID)) return;
  if (frameOfReferenceUID !== '' && frames.includes(frameOfReferenceUID)) return;
  throw new IbisError(
    'does-not-fit',
    'The structure set belongs to another frame of reference: it was drawn on images that do not share their place with this series.',
  );
}

/** Contours drawn on another phase would fit in place, but not in time. */
function requireSamePhase(dataSet: DataSet, { imagesOfOtherPhases }: SeriesGrid): void {
  if (imagesOfOtherPhases === undefined || imagesOfOtherPhases.size === 0) return;
  const named = getItems(dataSet, 'x30060039')
    .flatMap((roi) => getItems(roi, 'x30060040'))
    .flatMap((contour) => getItems(contour, 'x30060016'))
    .map((image) =>
      nameImage({
        sopInstanceUID: getString(image, 'x00081155'),
        frameNumber: Number.parseInt(getString(image, 'x00081160'), 10) || 1,
      }),
    );
  if (named.some((name) => imagesOfOtherPhases.has(name)))
    throw new IbisError(
      'does-not-fit',
      'The structure set was drawn on another phase of this series. Choose that phase, then import it.',
    );
}

function drawRoi(
  { contours }: Roi,
  series: SeriesGrid,
  corners: readonly Vec3[],
): Map<number, PackedMask> {
  const [width, height] = series.geometry.dimensions;
  const outlines = new Map<number, (readonly ImagePoint[])[]>();
  for (const points of contours) {
    const placed = placeContour(points, series, corners);
    if (!placed.ok) throw new IbisError(placed.error.code, placed.error.message);
    const { k, outline } = placed.value;
    outlines.set(k, [...(outlines.get(k) ?? []), outline]);
  }
  const slices = new Map<number, PackedMask>();
  for (const [k, ofSlice] of outlines) {
    const mask = rasteriseOutlines(ofSlice, { width, height });
    if (mask === null)
      throw new IbisError(
        'does-not-fit',
        'Part of the contours lies outside the images of this series: they belong to another series, or were drawn beyond its edge.',
      );
    const packed = packMask(mask);
    if (packed.bounds !== null) slices.set(k, packed);
  }
  return slices;
}

/**
 * The regions of an RTSTRUCT on the voxels of a series: those whose centres lie inside an odd number of the region's
 * closed contours of that slice. Throws IbisError: 'does-not-fit' with a reason.
 */
export function readRtStruct(dataSet: DataSet, series: SeriesGrid): ImportedSegmentation {
  requireSamePlace(dataSet, series);
  requireSamePhase(dataSet, series);
  if (!series.geometry.orientationKnown)
    throw new IbisError(
      'does-not-fit',
      'This series does not say how it lies in the patient: contours cannot be laid on it.',
    );
  const rois = readRois(dataSet);
  const corners = listCorners(series);
  const decode = makeTextDecoder(dataSet);
  const left = rois.filter(({ otherCount }) => otherCount > 0);
  return {
    data: {
      segmentationLabel:
        getText(dataSet, 'x30060004', decode) || getText(dataSet, 'x0008103e', decode),
      geometry: series.geometry,
      segments: rois.map((roi) => ({
        segment: roi.segment,
        slices: drawRoi(roi, series, corners),
      })),
    },
    notes: left.map(
      ({ segment, otherCount }) =>
        `"${segment.segmentLabel}": ${String(otherCount)} ${otherCount === 1 ? 'contour is a point or an open line' : 'contours are points or open lines'}, which ${otherCount === 1 ? 'has' : 'have'} no inside and ${otherCount === 1 ? 'was' : 'were'} left out.`,
    ),
  };
}
