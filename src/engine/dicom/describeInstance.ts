import { createHash } from 'node:crypto';

import type { DataSet } from 'dicom-parser';

import { IbisError } from '../../contract/errors.js';
import type { ImageId } from '../../domain/brand.js';
import {
  getDate,
  getNumber,
  getString,
  getText,
  makeTextDecoder,
  type DecodeText,
} from './attributes.js';
import { makeFrameReader } from './frameAttributes.js';
import { outputOf, readPixelLayout } from './pixelLayout.js';
import {
  DOUBLE_PIXEL_DATA,
  FLOAT_PIXEL_DATA,
  PIXEL_DATA,
  type ParsedHeader,
} from './readHeader.js';
import { isVideoSyntax, knownSyntax } from './transferSyntaxes.js';
import type { Instance, PatientAndStudy, PixelLayout, SeriesHeader } from './types.js';

export const shortHash = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 20);

const UNDEFINED_LENGTH = 0xffffffff;

function readStudy(dataSet: DataSet, decode: DecodeText): PatientAndStudy {
  return {
    studyInstanceUID: getString(dataSet, 'x0020000d'),
    patientName: getText(dataSet, 'x00100010', decode),
    patientId: getText(dataSet, 'x00100020', decode),
    patientBirthDate: getDate(dataSet, 'x00100030'),
    patientSex: getString(dataSet, 'x00100040'),
    studyDate: getDate(dataSet, 'x00080020'),
    studyDescription: getText(dataSet, 'x00081030', decode),
    accessionNumber: getText(dataSet, 'x00080050', decode),
  };
}

function readSeries(dataSet: DataSet, decode: DecodeText): SeriesHeader {
  return {
    seriesInstanceUID: getString(dataSet, 'x0020000e'),
    modality: getString(dataSet, 'x00080060'),
    description: getText(dataSet, 'x0008103e', decode),
    seriesNumber: getNumber(dataSet, 'x00200011'),
    bodyPart: getString(dataSet, 'x00180015'),
    frameOfReferenceUID: getString(dataSet, 'x00200052'),
  };
}

/** Bytes of one native frame as stored; fractional for 1-bit frames, which follow each other without padding. */
export function storedFrameBytes(layout: PixelLayout): number {
  const samples = layout.rows * layout.columns * layout.samplesPerPixel;
  // YBR_FULL_422 stores two chroma samples for two pixels: 4 bytes for every 2 pixels.
  if (layout.photometric === 'YBR_FULL_422' && layout.samplesPerPixel === 3)
    return (layout.rows * layout.columns * 2 * layout.bitsAllocated) / 8;
  return (samples * layout.bitsAllocated) / 8;
}

function locatePixels(
  { dataSet, dataStart }: ParsedHeader,
  layout: PixelLayout,
  fileBytes: number,
) {
  const element =
    dataSet.elements[PIXEL_DATA] ??
    dataSet.elements[FLOAT_PIXEL_DATA] ??
    dataSet.elements[DOUBLE_PIXEL_DATA];
  if (element === undefined || element.length === 0)
    throw new IbisError('no-pixels', 'The file holds no image: its pixel data are empty.');
  const { encapsulated } = knownSyntax(layout.transferSyntaxUID);
  // dicom-parser keeps the raw 0xFFFFFFFF when it stops at the pixel data.
  const undefinedLength = element.hadUndefinedLength === true || element.length >= UNDEFINED_LENGTH;
  const pixelOffset = dataStart + element.dataOffset;
  const available = fileBytes - pixelOffset;
  if (encapsulated) {
    // Each frame takes an item of at least 8 bytes, and so does the offset table.
    if (available < 8 * (layout.frameCount + 1)) throw truncated();
    return { pixelOffset, pixelLength: undefinedLength ? null : element.length };
  }
  const needed = Math.ceil(storedFrameBytes(layout) * layout.frameCount);
  const length = undefinedLength ? available : Math.min(element.length, available);
  if (length < needed) throw truncated();
  return { pixelOffset, pixelLength: length };
}

const truncated = (): IbisError =>
  new IbisError(
    'broken-file',
    'The file is cut short: it holds fewer pixels than its header states. Copy it again from its source.',
  );

/**
 * One DICOM file as it is listed. `file` is read for pixels, `headerFile` holds the header as stored; `identity` (the original path, with the member's
 * name where it lay in an archive) names it where it has no UIDs. Throws IbisError for what cannot be shown.
 */
export function describeInstance(
  header: ParsedHeader,
  place: {
    readonly file: string;
    readonly headerFile: string;
    readonly identity: string;
    readonly fileBytes: number;
  },
): Instance {
  const { dataSet, transferSyntaxUID } = header;
  if (isVideoSyntax(transferSyntaxUID))
    throw new IbisError(
      'video-not-supported',
      'The file is a video (MPEG or HEVC), which Ibis does not play.',
    );
  const layout = readPixelLayout(dataSet, transferSyntaxUID);
  const { pixelOffset, pixelLength } = locatePixels(header, layout, place.fileBytes);
  const decode = makeTextDecoder(dataSet);
  const study = readStudy(dataSet, decode);
  const series = readSeries(dataSet, decode);
  const sopInstanceUID = getString(dataSet, 'x00080018');
  const sopClassUID = getString(dataSet, 'x00080016');
  const seriesKey = shortHash(
    series.seriesInstanceUID === ''
      ? `series-of-file|${place.identity}`
      : `series|${study.studyInstanceUID}|${series.seriesInstanceUID}`,
  );
  const studyKey = shortHash(
    study.studyInstanceUID === ''
      ? `study-of-series|${seriesKey}`
      : `study|${study.studyInstanceUID}`,
  );
  const instanceKey = shortHash(
    sopInstanceUID === '' ? `file|${place.identity}` : `instance|${seriesKey}|${sopInstanceUID}`,
  );
  const instanceNumber = getNumber(dataSet, 'x00200013') ?? 0;
  const output = outputOf(layout);
  const readFrame = makeFrameReader(dataSet, layout, series.modality);
  const frames = Array.from({ length: layout.frameCount }, (_, frameIndex) => {
    const frame = readFrame(frameIndex);
    return {
      info: {
        imageId: `${instanceKey}-${String(frameIndex + 1)}` as ImageId, // made here, branded here
        sopInstanceUID,
        sopClassUID,
        frameNumber: frameIndex + 1,
        instanceNumber,
        rows: layout.rows,
        columns: layout.columns,
        ...output,
        ...frame.image,
      },
      keys: frame.keys,
      sliceSpacingMm: frame.sliceSpacingMm,
      source: {
        kind: 'dicom' as const,
        file: place.file,
        layout,
        pixelOffset,
        pixelLength,
        frameIndex,
      },
    };
  });
  return {
    instanceKey,
    studyKey,
    seriesKey,
    file: place.headerFile,
    sopInstanceUID,
    sopClassUID,
    study,
    series,
    sourceKind: 'dicom',
    frames,
    preset: null,
  };
}
