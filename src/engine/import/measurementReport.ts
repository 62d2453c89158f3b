import { createHash } from 'node:crypto';

import type { DataSet } from 'dicom-parser';

import { IbisError } from '../../contract/errors.js';
import { cutVolume, sliceWithin } from '../../domain/cutVolume.js';
import { dot, length, subtract, voxelToWorld } from '../../domain/geometry.js';
import type { Vec3, WorldPoint } from '../../domain/geometry.js';
import { worldToImage } from '../../domain/measure.js';
import type { Measurement, MeasurementKind } from '../../domain/measurement.js';
import type { SliceAxis } from '../../domain/plane.js';
import type { Series } from '../../domain/study.js';
import {
  getFirstItem,
  getItems,
  getString,
  getText,
  makeTextDecoder,
} from '../dicom/attributes.js';
import type { DecodeText } from '../dicom/attributes.js';
import { isMeasurementReport } from '../dicom/derivedObject.js';
import { kindNames } from '../export/measurementReport.js';
import { toLabel } from './codes.js';
import { nameImage } from './types.js';

/** A measurement out of a report, on a slice of the series; its values are computed anew. */
export type ReportedMeasurement = Pick<
  Measurement,
  'kind' | 'label' | 'phaseIndex' | 'axis' | 'sliceIndex' | 'points'
> & {
  /** The UUID in its tracking UID, which Ibis writes, or one that is the same whenever this report is read. */
  readonly uuid: string;
};

const MEASUREMENT_GROUP = '125007';
const TRACKING_IDENTIFIER = '112039';
const TRACKING_UID = '112040';

const childrenOf = (item: DataSet): readonly DataSet[] => getItems(item, 'x0040a730');
const valueType = (item: DataSet): string => getString(item, 'x0040a040');
const conceptOf = (item: DataSet): string =>
  getString(getFirstItem(item, 'x0040a043') ?? item, 'x00080100');
const hasCoordinates = (item: DataSet): boolean => valueType(item).startsWith('SCOORD');

/** All items below, depth first. */
const below = (item: DataSet): readonly DataSet[] =>
  childrenOf(item).flatMap((child) => [child, ...below(child)]);

interface Graphic {
  readonly type: string;
  readonly isRegion: boolean; // a part of the group itself, not what one number was inferred from
  readonly unit: string; // of the number that was inferred from it
  readonly hasText: boolean;
  readonly coordinates: readonly (readonly number[])[]; // two or three numbers a point
  /** `nameImage` of the image that they lie on; null: in space. */
  readonly imageName: string | null;
}

function readNumbers(item: DataSet): readonly number[] {
  const element = item.elements['x00700022'];
  const count = element === undefined ? 0 : Math.floor(element.length / 4); // FL
  return Array.from({ length: count }, (_, n) => item.float('x00700022', n) ?? NaN);
}

function readGraphic(item: DataSet, parent: DataSet | null): Graphic {
  const isSpace = valueType(item) === 'SCOORD3D';
  const numbers = readNumbers(item);
  const size = isSpace ? 3 : 2;
  const image = childrenOf(item).find((child) => valueType(child) === 'IMAGE');
  const reference = image === undefined ? null : getFirstItem(image, 'x00081199');
  const measured = parent === null ? null : getFirstItem(parent, 'x0040a300');
  return {
    type: getString(item, 'x00700023'),
    isRegion: parent === null,
    hasText: parent !== null && valueType(parent) === 'TEXT',
    unit: getString(getFirstItem(measured, 'x004008ea') ?? item, 'x00080100'),
    coordinates: Array.from({ length: Math.floor(numbers.length / size) }, (_, n) =>
      numbers.slice(n * size, (n + 1) * size),
    ),
    imageName:
      isSpace || reference === null
        ? null
        : nameImage({
            sopInstanceUID: getString(reference, 'x00081155'),
            frameNumber: Number(getString(reference, 'x00081160').split('\\')[0]) || 1,
          }),
  };
}

/** What was drawn in a group: regions first, then the lines of its numbers, each once. */
function readGraphics(group: DataSet): readonly Graphic[] {
  const children = childrenOf(group);
  return [
    ...children.filter(hasCoordinates).map((item) => readGraphic(item, null)),
    ...children.flatMap((parent) =>
      childrenOf(parent)
        .filter(hasCoordinates)
        .map((item) => readGraphic(item, parent)),
    ),
  ];
}

const minus = (a: readonly number[], b: readonly number[]): Vec3 => [
  (a[0] ?? 0) - (b[0] ?? 0),
  (a[1] ?? 0) - (b[1] ?? 0),
  (a[2] ?? 0) - (b[2] ?? 0),
];

/** Corners of a closed line of four sides at right angles; null where it is none. */
function asRectangle(points: Graphic['coordinates']): Graphic['coordinates'] | null {
  const corners = points.slice(0, 4);
  const [a, b, c, d] = corners;
  if (a === undefined || b === undefined || c === undefined || d === undefined) return null;
  const last = points[4] ?? a;
  const [u, v, w] = [minus(b, a), minus(d, a), minus(c, b)];
  const size = Math.max(length(u), length(v), 1e-6);
  const isClosed = points.length <= 5 && length(minus(last, a)) < 1e-3 * size;
  const isRight = Math.abs(dot(u, v)) < 2e-3 * size * size && length(subtract(v, w)) < 2e-3 * size;
  return isClosed && isRight ? corners : null;
}

/** A circle (centre, point on it) as an ellipse on the same image. */
function asEllipse(points: Graphic['coordinates']): Graphic['coordinates'] | null {
  const [centre, rim] = points;
  if (centre?.length !== 2 || rim === undefined) return null;
  const [x = 0, y = 0] = centre;
  const radius = length(minus(rim, centre));
  return [
    [x, y - radius],
    [x, y + radius],
    [x - radius, y],
    [x + radius, y],
  ];
}

type Drawn = Pick<ReportedMeasurement, 'kind'> & Pick<Graphic, 'coordinates' | 'imageName'>;

/** What measurement a group's graphics are, by their form; null where Ibis has no such measurement. */
function recognise(graphics: readonly Graphic[]): Drawn | null {
  const [first, second] = graphics;
  if (first === undefined) return null;
  const { type, coordinates, imageName } = first;
  const drawn = (kind: MeasurementKind, points: Graphic['coordinates'] | null): Drawn | null =>
    points === null ? null : { kind, coordinates: points, imageName };
  if (type === 'ELLIPSE') return drawn('ellipse', coordinates.length === 4 ? coordinates : null);
  if (type === 'CIRCLE') return drawn('ellipse', asEllipse(coordinates));
  if (type !== 'POLYLINE' && type !== 'POLYGON') return null;
  if (coordinates.length > 3 || first.isRegion) return drawn('rectangle', asRectangle(coordinates));
  if (coordinates.length === 3) return first.unit === 'deg' ? drawn('angle', coordinates) : null;
  if (coordinates.length !== 2) return null;
  if (first.hasText) return drawn('arrow', coordinates);
  if (second?.coordinates.length === 2 && second.imageName === imageName)
    return drawn('bidirectional', [...coordinates, ...second.coordinates]);
  return drawn('length', coordinates);
}

/** Stored slice by the name of its image. */
function listSlices(series: Series) {
  return new Map(
    series.volumes.flatMap((volume, phaseIndex) =>
      volume.images.map((info, k) => [nameImage(info), { volume, phaseIndex, k }] as const),
    ),
  );
}
type Slices = ReturnType<typeof listSlices>;
type Placed = Pick<ReportedMeasurement, 'phaseIndex' | 'axis' | 'sliceIndex' | 'points'>;

function placeOnImage({ coordinates, imageName }: Drawn, slices: Slices): Placed | null {
  const found = slices.get(imageName ?? '');
  const cut = found === undefined ? null : cutVolume(found.volume, 'acquired', found.k);
  if (found === undefined || cut === null) return null;
  const k = sliceWithin(cut, found.k);
  const points = coordinates.map(([column = NaN, row = NaN]) =>
    voxelToWorld(cut.geometry, { i: column - 0.5, j: row - 0.5, k }),
  );
  return { phaseIndex: found.phaseIndex, axis: 'acquired', sliceIndex: found.k, points };
}

const AXES: readonly SliceAxis[] = ['acquired', 'axial', 'coronal', 'sagittal'];
const NEAR = 0.1; // of a slice: single precision and other programs' rounding

/** On the slice image, of whichever axis, that all points lie on. */
function placeInSpace({ coordinates }: Drawn, series: Series, phaseIndex: number): Placed | null {
  const volume = series.volumes[phaseIndex];
  const points = coordinates.map(([x = NaN, y = NaN, z = NaN]): WorldPoint => ({ x, y, z }));
  if (volume?.geometry == null) return null;
  for (const axis of AXES) {
    const cut = cutVolume(volume, axis, 0);
    if (cut === null) continue;
    const at = points.map((point) => worldToImage(cut, point).sliceIndex);
    const sliceIndex = Math.round(at[0] ?? NaN);
    const isThere = sliceIndex >= 0 && sliceIndex < cut.sliceCount;
    if (isThere && at.every((index) => Math.abs(index - sliceIndex) < NEAR))
      return { phaseIndex, axis, sliceIndex, points };
  }
  return null;
}

function uuidOfUid(uid: string): string {
  const number = /^2\.25\.(\d{1,39})$/.exec(uid)?.[1];
  if (number === undefined) return '';
  const hex = BigInt(number).toString(16).padStart(32, '0');
  return hex.length > 32 ? '' : hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The tracking identifier, unless it only numbers the measurement. */
function readLabel(group: DataSet, decode: DecodeText): string {
  const item = childrenOf(group).find((child) => conceptOf(child) === TRACKING_IDENTIFIER);
  const text = item === undefined ? '' : toLabel(getText(item, 'x0040a160', decode), '');
  const isNumber = Object.values(kindNames).some((name) => new RegExp(`^${name} \\d+$`).test(text));
  return isNumber ? '' : text;
}

/** The same for the same text, whoever works it out. */
const uuidOfText = (text: string): string =>
  createHash('sha256')
    .update(text)
    .digest('hex')
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5');

/** The UUID that its tracking UID holds, or one that follows from where it stands in the report. */
function readTrackingUuid(report: DataSet, group: DataSet, at: number): string {
  const item = childrenOf(group).find((child) => conceptOf(child) === TRACKING_UID);
  const uuid = item === undefined ? '' : uuidOfUid(getString(item, 'x0040a124'));
  return uuid === '' ? uuidOfText(`${getString(report, 'x00080018')} ${String(at)}`) : uuid;
}

/** Throws 'unsupported-format' or 'does-not-fit'. */
function requireReportOf(dataSet: DataSet, series: Series): void {
  if (!isMeasurementReport(dataSet))
    throw new IbisError(
      'unsupported-format',
      'This DICOM file is no measurement report (SR by TID 1500).',
    );
  const named = getItems(dataSet, 'x0040a375')
    .flatMap((study) => getItems(study, 'x00081115'))
    .map((item) => getString(item, 'x0020000e'));
  if (!named.includes(series.seriesInstanceUID))
    throw new IbisError(
      'does-not-fit',
      'The report was made on another series than the one on screen. Open that one and import it there.',
    );
}

const tellLeftOut = (count: number, why: string): readonly string[] =>
  count === 0
    ? []
    : [`${String(count)} ${count === 1 ? 'measurement' : 'measurements'} ${why}: left out.`];

/**
 * The measurements of a DICOM SR by TID 1500 on a series, whoever wrote it: lines, angles, pairs of axes, ellipses,
 * circles and rectangles, and texts with an arrow. Throws IbisError: 'unsupported-format', 'does-not-fit'.
 */
export function readMeasurementReport(
  dataSet: DataSet,
  series: Series,
): { readonly measurements: readonly ReportedMeasurement[]; readonly notes: readonly string[] } {
  requireReportOf(dataSet, series);
  const decode = makeTextDecoder(dataSet);
  const slices = listSlices(series);
  const items = below(dataSet);
  // What lies in space does not say its phase; the images that the report names do.
  const phaseIndex =
    items
      .filter((item) => valueType(item) === 'IMAGE')
      .flatMap((item) => {
        const reference = getFirstItem(item, 'x00081199');
        const sopInstanceUID = getString(reference ?? item, 'x00081155');
        const frameNumber = Number(getString(reference ?? item, 'x00081160')) || 1;
        return slices.get(nameImage({ sopInstanceUID, frameNumber }))?.phaseIndex ?? [];
      })[0] ?? 0;
  const groups = items.filter((item) => conceptOf(item) === MEASUREMENT_GROUP);
  let [unknown, elsewhere] = [0, 0];
  const measurements = groups.flatMap((group, at): readonly ReportedMeasurement[] => {
    const drawn = recognise(readGraphics(group));
    if (drawn === null) {
      unknown++;
      return [];
    }
    const placed =
      drawn.imageName === null
        ? placeInSpace(drawn, series, phaseIndex)
        : placeOnImage(drawn, slices);
    if (placed === null) {
      elsewhere++;
      return [];
    }
    const label = readLabel(group, decode);
    return [{ kind: drawn.kind, label, uuid: readTrackingUuid(dataSet, group, at), ...placed }];
  });
  return {
    measurements,
    notes: [
      ...tellLeftOut(unknown, 'of a kind that Ibis does not draw'),
      ...tellLeftOut(elsewhere, 'on images that are not open'),
    ],
  };
}
