import path from 'node:path';

import { IbisError } from '../../contract/errors.js';
import type { ImageId } from '../../domain/brand.js';
import { add, scale } from '../../domain/geometry.js';
import type { ImageInfo, PixelType } from '../../domain/study.js';
import { shortHash } from './describeInstance.js';
import { readNiftiHeader } from './nifti.js';
import type { Candidate } from './openFile.js';
import { isPng, readJpegHeader, readPngHeader } from './plainImage.js';
import type { Instance, NiftiFrameSource, PhaseKeys, StoredFrame } from './types.js';

/** NIfTI files and plain images as instances: a study a folder, a series a file. */

const noKeys: PhaseKeys = {
  segment: null,
  temporalPosition: null,
  triggerMs: null,
  echoMs: null,
  bValue: null,
  acquisitionNumber: null,
  imageType: '',
};

function describe(
  candidate: Candidate,
  parts: Pick<Instance, 'sourceKind' | 'frames' | 'preset'>,
): Instance {
  const [place = candidate.identity] = candidate.identity.split('|');
  const folder = path.dirname(place);
  const seriesKey = shortHash(`file-series|${candidate.identity}`);
  return {
    instanceKey: seriesKey,
    studyKey: shortHash(`folder|${folder}`),
    seriesKey,
    file: candidate.file,
    sopInstanceUID: '',
    sopClassUID: '',
    study: {
      studyInstanceUID: '',
      patientName: '',
      patientId: '',
      patientBirthDate: '',
      patientSex: '',
      studyDate: '',
      studyDescription: path.basename(folder),
      accessionNumber: '',
    },
    series: {
      seriesInstanceUID: '',
      modality: '',
      description: candidate.fileName,
      seriesNumber: null,
      bodyPart: '',
      frameOfReferenceUID: '',
    },
    ...parts,
  };
}

const plainInfo = {
  sopInstanceUID: '',
  sopClassUID: '',
  rescaleSlope: 1,
  rescaleIntercept: 0,
  rescaleUnit: '',
  window: null,
  padding: null,
  position: null,
  columnDirection: null,
  rowDirection: null,
  spacingMm: null,
} as const;

export function describePlainImage(candidate: Candidate, head: Uint8Array): Instance {
  const kind = isPng(head) ? 'png' : 'jpeg';
  const header = kind === 'png' ? readPngHeader(head) : readJpegHeader(head);
  const key = shortHash(`file-series|${candidate.identity}`);
  // 8-bit pictures are meant to be shown over their whole range.
  const window = header.pixelType === 'uint8' ? { centre: 127.5, width: 255 } : null;
  const frame: StoredFrame = {
    info: {
      ...plainInfo,
      ...header,
      window,
      imageId: `${key}-1` as ImageId, // made here, branded here
      frameNumber: 1,
      instanceNumber: 1,
      photometric: header.samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2',
    },
    keys: noKeys,
    source: { kind, file: candidate.file },
    sliceSpacingMm: null,
  };
  return describe(candidate, { sourceKind: 'image', frames: [frame], preset: null });
}

function pixelTypeOf(storedType: NiftiFrameSource['storedType']): PixelType {
  switch (storedType) {
    case 'rgb24':
    case 'rgba32':
      return 'uint8';
    case 'int64':
    case 'uint64':
      return 'float64';
    default:
      return storedType;
  }
}

const phaseLabelOf = (
  volume: number,
  count: number,
  step: { readonly value: number; readonly unit: string },
): string => {
  if (count === 1) return '';
  if (step.unit === '' || step.value <= 0) return `volume ${String(volume + 1)}`;
  return `${String(Math.round(volume * step.value * 1000) / 1000)} ${step.unit}`;
};

/** Slices keep the order of the file (k of the array), which is what masks made elsewhere refer to. */
export function describeNifti(candidate: Candidate, head: Uint8Array, fileBytes: number): Instance {
  const header = readNiftiHeader(head);
  const { geometry, volumeCount, bytesPerVoxel } = header;
  const [columns, rows, slices] = geometry.dimensions;
  const sliceBytes = columns * rows * bytesPerVoxel;
  if (header.dataOffset + sliceBytes * slices * volumeCount > fileBytes)
    throw new IbisError('broken-file', 'The NIfTI file is cut short: its image is not complete.');
  const colour = header.storedType === 'rgb24' || header.storedType === 'rgba32';
  const key = shortHash(`file-series|${candidate.identity}`);
  const known = geometry.orientationKnown;
  const makeFrame = (volume: number, k: number): StoredFrame => {
    const number = volume * slices + k + 1;
    const info: ImageInfo = {
      ...plainInfo,
      imageId: `${key}-${String(number)}` as ImageId, // made here, branded here
      frameNumber: number,
      instanceNumber: 1,
      rows,
      columns,
      samplesPerPixel: colour ? 3 : 1,
      pixelType: pixelTypeOf(header.storedType),
      photometric: colour ? 'RGB' : 'MONOCHROME2',
      rescaleSlope: colour ? 1 : header.slope,
      rescaleIntercept: colour ? 0 : header.intercept,
      window: header.window,
      position: known
        ? add(geometry.origin, scale(geometry.direction[2], geometry.spacingMm[2] * k))
        : null,
      columnDirection: known ? geometry.direction[0] : null,
      rowDirection: known ? geometry.direction[1] : null,
      spacingMm: { column: geometry.spacingMm[0], row: geometry.spacingMm[1] },
    };
    const offset = header.dataOffset + (number - 1) * sliceBytes;
    return {
      info,
      keys: noKeys,
      source: {
        kind: 'nifti',
        file: candidate.file,
        offset,
        length: sliceBytes,
        storedType: header.storedType,
        bigEndian: header.bigEndian,
      },
      sliceSpacingMm: geometry.spacingMm[2],
    };
  };
  const preset = Array.from({ length: volumeCount }, (_, volume) => ({
    phaseLabel: phaseLabelOf(volume, volumeCount, header.timeStep),
    frames: Array.from({ length: slices }, (_, k) => makeFrame(volume, k)),
    geometry,
    warnings: known
      ? []
      : ['The file does not state the patient orientation: left and right are unknown.'],
  }));
  return describe(candidate, {
    sourceKind: 'nifti',
    frames: preset.flatMap((volume) => volume.frames),
    preset,
  });
}
