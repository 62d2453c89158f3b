import type { DataSet } from 'dicom-parser';

import { add, cross, dot, length, normalise, scale, type Vec3 } from '../../domain/geometry.js';
import type { ImageInfo, IntensityWindow } from '../../domain/study.js';
import {
  getDouble,
  getFirstItem,
  getItems,
  getNumber,
  getNumbers,
  getString,
  getUint16,
  getVec3,
} from './attributes.js';
import type { PhaseKeys, PixelLayout } from './types.js';

type FrameImage = Pick<
  ImageInfo,
  | 'rescaleSlope'
  | 'rescaleIntercept'
  | 'rescaleUnit'
  | 'window'
  | 'padding'
  | 'position'
  | 'columnDirection'
  | 'rowDirection'
  | 'spacingMm'
>;

interface FrameAttributes {
  readonly image: FrameImage;
  readonly keys: PhaseKeys;
  readonly sliceSpacingMm: number | null;
}

/** Two unit cosines at right angles (within 1 in 100), or null: some files hold zeros. */
export function readOrientation(
  dataSet: DataSet | null,
): { readonly columnDirection: Vec3; readonly rowDirection: Vec3 } | null {
  const values = dataSet === null ? null : getNumbers(dataSet, 'x00200037');
  if (values === null || values.length < 6) return null;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = values;
  const column: Vec3 = [a, b, c];
  const row: Vec3 = [d, e, f];
  if (Math.abs(length(column) - 1) > 0.01 || Math.abs(length(row) - 1) > 0.01) return null;
  if (Math.abs(dot(column, row)) > 0.01) return null;
  return { columnDirection: normalise(column), rowDirection: normalise(row) };
}

const positive = (value: number | null | undefined): number | null =>
  value !== null && value !== undefined && value > 0 ? value : null;

/** Pixel Spacing is written row spacing first: the distance between rows, then between columns. */
function readSpacing(dataSet: DataSet | null, tag: string): ImageInfo['spacingMm'] {
  const values = dataSet === null ? null : getNumbers(dataSet, tag);
  const row = positive(values?.[0]);
  const column = positive(values?.[1]);
  return row === null || column === null ? null : { row, column };
}

/** Ultrasound regions (0018,6011): cm a pixel where the one region is in cm both ways. */
function readUltrasoundSpacing(dataSet: DataSet): ImageInfo['spacingMm'] {
  const regions = getItems(dataSet, 'x00186011');
  const [region] = regions;
  if (region === undefined || regions.length > 1) return null;
  const CENTIMETRES = 3;
  if (getUint16(region, 'x00186024') !== CENTIMETRES) return null;
  if (getUint16(region, 'x00186026') !== CENTIMETRES) return null;
  const column = positive(Math.abs(getDouble(region, 'x0018602c') ?? 0));
  const row = positive(Math.abs(getDouble(region, 'x0018602e') ?? 0));
  return row === null || column === null ? null : { row: row * 10, column: column * 10 };
}

function readWindow(dataSet: DataSet | null): IntensityWindow | null {
  if (dataSet === null) return null;
  const centre = getNumber(dataSet, 'x00281050');
  const width = getNumber(dataSet, 'x00281051');
  if (centre !== null && width !== null && width > 0) return { centre, width };
  // Only a VOI LUT: the range that it covers is the nearest linear window.
  const lut = getFirstItem(dataSet, 'x00283010');
  const entries = lut === null ? null : getUint16(lut, 'x00283002');
  if (lut === null || entries === null) return null;
  const count = entries === 0 ? 65_536 : entries;
  const first = lut.int16('x00283002', 1) ?? 0;
  return { centre: first + count / 2, width: count };
}

function readPadding(dataSet: DataSet, layout: PixelLayout): ImageInfo['padding'] {
  if (layout.modalityLut !== null || layout.samplesPerPixel > 1 || layout.palette !== null)
    return null;
  const read = (tag: string): number | null => {
    const element = dataSet.elements[tag];
    if (element === undefined || element.length < 2) return null;
    return (layout.signed ? dataSet.int16(tag) : dataSet.uint16(tag)) ?? null;
  };
  const value = read('x00280120');
  if (value === null) return null;
  const limit = read('x00280121') ?? value;
  return { first: Math.min(value, limit), last: Math.max(value, limit) };
}

function readRescale(
  dataSet: DataSet,
  group: DataSet | null,
  layout: PixelLayout,
  modality: string,
) {
  const transform = getFirstItem(group, 'x00289145') ?? dataSet;
  const none = layout.modalityLut !== null || layout.samplesPerPixel > 1 || layout.palette !== null;
  const slope = none ? 1 : (getNumber(transform, 'x00281053') ?? 1);
  const stated = getString(transform, 'x00281054') || getString(dataSet, 'x00541001');
  return {
    // A slope of 0 would make every pixel equal: a known error of writers, meant as "none".
    rescaleSlope: slope === 0 ? 1 : slope,
    rescaleIntercept: none ? 0 : (getNumber(transform, 'x00281052') ?? 0),
    rescaleUnit: none ? '' : stated === 'US' ? '' : stated || (modality === 'CT' ? 'HU' : ''),
  };
}

/** mm along the normal of each frame from the first: RT Dose (Grid Frame Offset Vector). */
function readFrameOffsets(dataSet: DataSet): readonly number[] | null {
  const offsets = getNumbers(dataSet, 'x3004000c');
  return offsets !== null && offsets.length > 1 ? offsets : null;
}

/**
 * Attributes of each frame: per-frame functional groups, then shared ones, then the data set itself, as the
 * enhanced and the classic objects keep them.
 */
export function makeFrameReader(
  dataSet: DataSet,
  layout: PixelLayout,
  modality: string,
): (frameIndex: number) => FrameAttributes {
  const shared = getFirstItem(dataSet, 'x52009229');
  const perFrame = getItems(dataSet, 'x52009230');
  const offsets = readFrameOffsets(dataSet);
  const topWindow = readWindow(dataSet);
  const padding = readPadding(dataSet, layout);
  const topSpacing =
    readSpacing(dataSet, 'x00280030') ??
    readSpacing(dataSet, 'x00181164') ??
    readSpacing(dataSet, 'x00182010') ??
    readUltrasoundSpacing(dataSet);
  const isSegmentation = modality === 'SEG';
  const imageType = getString(dataSet, 'x00080008');

  return (frameIndex) => {
    const own = perFrame[frameIndex] ?? null;
    const group = (tag: string): DataSet | null =>
      getFirstItem(own, tag) ?? getFirstItem(shared, tag);
    const measures = group('x00289110');
    const content = group('x00209111');
    const orientation = readOrientation(group('x00209116') ?? dataSet);
    const grouped = getFirstItem(own, 'x00209113') ?? getFirstItem(shared, 'x00209113');
    const first = getVec3(grouped ?? dataSet, 'x00200032');
    const offset = offsets?.[frameIndex];
    // Frames of a multi-frame file whose header has one position for all: only the first is known by it.
    const ownsPosition = grouped !== null || layout.frameCount === 1 || offset !== undefined;
    const position =
      first === null || orientation === null || !ownsPosition
        ? null
        : offset === undefined || offset === 0
          ? first
          : // Offsets are relative to the first frame, or (first value not 0) absolute along z.
            (offsets?.[0] ?? 0) === 0
            ? add(
                first,
                scale(cross(orientation.columnDirection, orientation.rowDirection), offset),
              )
            : ([first[0], first[1], offset] as const);
    const rescaleOwner = own !== null && getFirstItem(own, 'x00289145') !== null ? own : shared;
    return {
      image: {
        ...readRescale(dataSet, rescaleOwner, layout, modality),
        window: isSegmentation
          ? { centre: 0.5, width: 1 }
          : (readWindow(group('x00289132')) ?? topWindow),
        padding,
        position,
        columnDirection: position === null ? null : (orientation?.columnDirection ?? null),
        rowDirection: position === null ? null : (orientation?.rowDirection ?? null),
        spacingMm: readSpacing(measures, 'x00280030') ?? topSpacing,
      },
      keys: readKeys(dataSet, group, content, frameIndex, imageType),
      sliceSpacingMm:
        positive(measures === null ? null : getNumber(measures, 'x00180088')) ??
        positive(measures === null ? null : getNumber(measures, 'x00180050')) ??
        positive(getNumber(dataSet, 'x00180088')) ??
        positive(getNumber(dataSet, 'x00180050')),
    };
  };
}

function readKeys(
  dataSet: DataSet,
  group: (tag: string) => DataSet | null,
  content: DataSet | null,
  frameIndex: number,
  imageType: string,
): PhaseKeys {
  const uint32 = (from: DataSet | null, tag: string): number | null =>
    from !== null && (from.elements[tag]?.length ?? 0) >= 4 ? (from.uint32(tag) ?? null) : null;
  const from = (item: DataSet | null, tag: string): number | null =>
    item === null ? null : getDouble(item, tag);
  const segment = group('x0062000a');
  return {
    segment: segment === null ? null : getUint16(segment, 'x0062000b'),
    temporalPosition: uint32(content, 'x00209128') ?? getNumber(dataSet, 'x00200100'),
    triggerMs: from(group('x00189118'), 'x00209153') ?? getNumber(dataSet, 'x00181060'),
    echoMs: from(group('x00189114'), 'x00189082') ?? getNumber(dataSet, 'x00180081'),
    bValue:
      from(group('x00189117'), 'x00189087') ??
      getDouble(dataSet, 'x00189087') ??
      getNumber(dataSet, 'x0019100c'),
    acquisitionNumber:
      content !== null && getUint16(content, 'x00209156') !== null
        ? getUint16(content, 'x00209156')
        : getNumber(dataSet, 'x00200012'),
    imageType: content === null || frameIndex < 0 ? imageType : readFrameType(group) || imageType,
  };
}

// MR, CT and PET Frame Type sequences hold the frame's own image type (magnitude, phase, ...).
const readFrameType = (group: (tag: string) => DataSet | null): string => {
  for (const tag of ['x00189226', 'x00189329', 'x00189751']) {
    const item = group(tag);
    if (item !== null) return getString(item, 'x00089007');
  }
  return '';
};
