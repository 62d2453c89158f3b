/** Turns a segmentation into files that other programs read. */
import type { ExportResult } from '../../contract/channels.js';
import type { SegmentationFormat } from '../../contract/segmentationFormats.js';
import { unpackMask } from '../../domain/mask.js';
import { computeSlicePlane } from '../../domain/plane.js';
import { assertNever } from '../../domain/result.js';
import { cutAllSlices } from '../../domain/segmentSlices.js';
import type { SegmentationData } from '../../domain/segmentation.js';
import type { SegmentStatistics } from '../../domain/segmentStatistics.js';
import type { Deidentifier } from '../deidentify/index.js';
import { describeLabelTable, describeSidecar, nameBidsDerivative } from './bids.js';
import { encodeCoco } from './coco.js';
import { encodeBinarySeg } from './dicomSeg.js';
import { parseColour } from './displayColour.js';
import { findFolderWithout } from './exportFolder.js';
import { encodeLabelmapSeg } from './labelmapSeg.js';
import { findOverlap, paintLabels } from './labelSlices.js';
import type { MadeFile } from './madeFile.js';
import { encodeNiftiLabels } from './nifti.js';
import { encodeRtStruct, hasPlaces } from './rtStruct.js';
import type { SegHeaderInput } from './segDataset.js';
import { encodeSegNrrd, isSheared } from './segNrrd.js';
import { numberFromOne, toSegSegments } from './segSegments.js';
import { readSourceHeader } from './sourceHeader.js';
import { encodeStatistics } from './statisticsCsv.js';
import { encodeStl } from './stl.js';
import type { SlicePicture } from './overlayPicture.js';
import { encodeSegmentPicture } from './segmentPicture.js';
import { computeSurface } from './surface.js';
import type { Software, VolumeSource } from './types.js';
import { segmentationWithoutIdentity, warnOfPixels } from './withoutIdentity.js';
import { writeFormats } from './writeFormats.js';

export interface SegmentationExportInput {
  readonly data: SegmentationData;
  readonly source: VolumeSource;
  /** The same with the names that its images have in files; default: their own. */
  readonly namedSource?: VolumeSource;
  /** What the source is called in names and tables: a file name, or something made for a DICOM series. */
  readonly sourceName: string;
  /** What a segment measures: reads the pixels, which nothing else here needs. */
  readonly measure: (segmentNumber: number) => Promise<SegmentStatistics>;
  /** A slice as it was acquired, windowed: reads the pixels too. */
  readonly drawSlice: (sliceIndex: number) => Promise<SlicePicture>;
  readonly software: Software;
  readonly contentCreatorName?: string; // as DICOM writes names: 'Doe^Jane'
  readonly now: Date;
  /** Takes the patient's identity out of all that is written. */
  readonly deidentifier?: Deidentifier;
}

/** The folder of pictures. */
const PICTURES = 'overlays';

type Made = readonly (MadeFile | string)[]; // a sentence says why there is no file, or what to know of it
type SegmentVoxels = SegmentationData['segments'][number];

const isEmpty = ({ slices }: SegmentVoxels): boolean =>
  [...slices.values()].every(({ bounds }) => bounds === null);

/** What derives from the source's DICOM files. Null where none of the segments touches an image. */
function describeHeader(input: SegmentationExportInput): SegHeaderInput | null {
  const { data, source, software, now } = input;
  const touched = data.segments.flatMap(({ slices }) =>
    [...slices].flatMap(([k, mask]) => (mask.bounds === null ? [] : [k])),
  );
  const first = source.images[touched.reduce((a, b) => Math.min(a, b), Infinity)];
  if (first === undefined) return null;
  return {
    source,
    header: readSourceHeader(first.file),
    segments: toSegSegments(data.segments, software),
    seriesDescription: data.segmentationLabel,
    software,
    contentCreatorName: input.contentCreatorName ?? 'Ibis^User',
    now,
  };
}

function makeDicom(
  input: SegmentationExportInput,
  format: 'seg' | 'labelmap-seg' | 'rtstruct',
): Made {
  const { data, source, software } = input;
  const what = format === 'rtstruct' ? 'RTSTRUCT' : 'DICOM SEG';
  if (source.kind !== 'dicom') return [`The images are not DICOM: no ${what} was written.`];
  const header = describeHeader(input);
  if (header === null) return [`The segments are empty: no ${what} was written.`];
  switch (format) {
    case 'seg': {
      const numbered = numberFromOne(data.segments);
      const bytes = encodeBinarySeg({ ...header, segments: toSegSegments(numbered, software) });
      const isRenumbered = data.segments.some(
        ({ segment }) => segment.segmentNumber > data.segments.length,
      );
      return [
        { name: 'segmentation.dcm', bytes },
        ...(isRenumbered
          ? ['DICOM SEG counts its segments from 1 without gaps: some have another number there.']
          : []),
      ];
    }
    case 'labelmap-seg': {
      const overlap = findOverlap(data.segments);
      if (overlap !== null) return [tellOverlap(overlap, 'no LABELMAP segmentation was written')];
      const labels = paintLabels(data.segments, data.geometry.dimensions);
      return [{ name: 'segmentation-labelmap.dcm', bytes: encodeLabelmapSeg(header, labels) }];
    }
    case 'rtstruct':
      if (!hasPlaces(source))
        return ['The images do not say where they lie in the patient: no RTSTRUCT was written.'];
      return [{ name: 'rtstruct.dcm', bytes: encodeRtStruct({ ...header, data }) }];
    default:
      return assertNever(format);
  }
}

const tellOverlap = ([a, b]: readonly [SegmentVoxels, SegmentVoxels], outcome: string): string =>
  `"${a.segment.segmentLabel}" and "${b.segment.segmentLabel}" overlap, and a labelmap has room for one segment a voxel: ${outcome}. DICOM SEG and .seg.nrrd hold both.`;

async function makeNifti({ data, sourceName, software }: SegmentationExportInput): Promise<Made> {
  const overlap = findOverlap(data.segments);
  if (overlap !== null) return [tellOverlap(overlap, 'no NIfTI file was written')];
  const segments = data.segments.map(({ segment }) => segment);
  const labels = paintLabels(data.segments, data.geometry.dimensions);
  const largest = segments.reduce((most, { segmentNumber }) => Math.max(most, segmentNumber), 0);
  const name = nameBidsDerivative(sourceName, data.segmentationLabel);
  return [
    { name: `${name}.nii.gz`, bytes: await encodeNiftiLabels(data.geometry, labels, largest) },
    { name: `${name}.tsv`, bytes: describeLabelTable(segments) },
    {
      name: `${name}.json`,
      bytes: describeSidecar(sourceName, data.segmentationLabel, segments, software),
    },
    ...(labels.slices.size === 0
      ? ['The segments are empty: the NIfTI file holds zeros only.']
      : []),
  ];
}

const UNKNOWN_SIDES =
  'The images do not say how they lie in the patient: left and right in the file are those of the image.';

async function makeSegNrrd({ data }: SegmentationExportInput): Promise<Made> {
  return [
    { name: 'segmentation.seg.nrrd', bytes: await encodeSegNrrd(data) },
    ...(isSheared(data.geometry)
      ? [
          'The slices are sheared (gantry tilt): the .seg.nrrd file says so, but 3D Slicer and ITK do not read such grids.',
        ]
      : []),
    ...(data.geometry.orientationKnown ? [] : [UNKNOWN_SIDES]),
  ];
}

const surfaceName = ({ segment }: SegmentVoxels): string => {
  const label = segment.segmentLabel.replaceAll(/[^\p{L}\p{N}]+/gu, '-').replaceAll(/^-|-$/g, '');
  return `surface-${String(segment.segmentNumber)}${label === '' ? '' : `-${label}`}.stl`;
};

const makeSurfaces = ({ data }: SegmentationExportInput): Made => [
  ...data.segments.map((entry) =>
    isEmpty(entry)
      ? `"${entry.segment.segmentLabel}" is empty: no surface was written.`
      : {
          name: surfaceName(entry),
          bytes: encodeStl(computeSurface(entry.slices, data.geometry)),
        },
  ),
  ...(data.geometry.orientationKnown ? [] : [UNKNOWN_SIDES]),
];

/** A picture of each slice that has any segment, counted from 1 as on screen. */
async function makePictures({
  data,
  source,
  drawSlice,
  deidentifier,
}: SegmentationExportInput): Promise<Made> {
  const plane = computeSlicePlane(data.geometry, 'acquired');
  const segments = data.segments.map(({ segment, slices }) => ({
    rgb: parseColour(segment.colour),
    masks: cutAllSlices(slices, plane),
  }));
  const shown = [...new Set(segments.flatMap(({ masks }) => [...masks.keys()]))].sort(
    (a, b) => a - b,
  );
  if (shown.length === 0) return ['The segments are empty: no picture was written.'];
  const pictures: MadeFile[] = [];
  for (const sliceIndex of shown) {
    const drawn = segments.flatMap(({ rgb, masks }) => {
      const mask = masks.get(sliceIndex);
      return mask === undefined ? [] : [{ rgb, mask: unpackMask(mask) }];
    });
    pictures.push({
      name: `${PICTURES}/slice-${String(sliceIndex + 1).padStart(3, '0')}.png`,
      bytes: encodeSegmentPicture(await drawSlice(sliceIndex), drawn),
    });
  }
  const warning = deidentifier === undefined ? null : warnOfPixels(source);
  return warning === null ? pictures : [...pictures, warning];
}

async function makeStatistics({ data, measure }: SegmentationExportInput): Promise<Made> {
  const measured: SegmentStatistics[] = [];
  for (const { segment } of data.segments) measured.push(await measure(segment.segmentNumber));
  return [{ name: 'statistics.csv', bytes: encodeStatistics(data, measured) }];
}

async function makeFiles(
  input: SegmentationExportInput,
  format: SegmentationFormat,
): Promise<Made> {
  switch (format) {
    case 'seg':
    case 'labelmap-seg':
    case 'rtstruct':
      return makeDicom(input, format);
    case 'nifti':
      return makeNifti(input);
    case 'seg-nrrd':
      return makeSegNrrd(input);
    case 'stl':
      return makeSurfaces(input);
    case 'png':
      return makePictures(input);
    case 'coco': {
      const { data, sourceName, software } = input;
      const source = input.namedSource ?? input.source;
      return [{ name: 'coco.json', bytes: encodeCoco(data, source, sourceName, software) }];
    }
    case 'csv':
      return makeStatistics(input);
    default:
      return assertNever(format);
  }
}

/** The names that an export may write. */
function listNames({ data, sourceName }: SegmentationExportInput): readonly string[] {
  const bids = nameBidsDerivative(sourceName, data.segmentationLabel);
  return [
    ...['segmentation.dcm', 'segmentation-labelmap.dcm', 'rtstruct.dcm', 'segmentation.seg.nrrd'],
    ...['.nii.gz', '.tsv', '.json'].map((ending) => `${bids}${ending}`),
    ...data.segments.map(surfaceName),
    ...[PICTURES, 'coco.json', 'statistics.csv'],
  ];
}

/**
 * Writes the wanted formats into `outDir` (made if missing), or into the first of `ibis-2`, `ibis-3`, ... in it where an
 * earlier export lies there: none is overwritten. Rejects with IbisError where it cannot write, or where a source file is
 * gone or damaged.
 */
export async function exportSegmentation(
  whole: SegmentationExportInput,
  formats: readonly SegmentationFormat[],
  outDir: string,
): Promise<ExportResult & { readonly folder: string }> {
  const { deidentifier } = whole;
  const input =
    deidentifier === undefined ? whole : segmentationWithoutIdentity(whole, deidentifier);
  const folder = findFolderWithout(outDir, listNames(input));
  const written = await writeFormats(formats, (format) => makeFiles(input, format), {
    folder,
    deidentifier,
  });
  return { ...written, folder };
}
