import { inflateRawSync } from 'node:zlib';

import { IbisError } from '../../contract/errors.js';
import type { PackedMask } from '../../domain/mask.js';
import { packMask } from '../../domain/mask.js';
import { viewAs } from '../../domain/pixels.js';
import type { PixelArray } from '../../domain/study.js';
import { decodeFrame } from '../dicom/decodeFrame.js';
import { describeInstance } from '../dicom/describeInstance.js';
import { DEFLATED, EXPLICIT_LITTLE, IMPLICIT_LITTLE, parseHeader } from '../dicom/readHeader.js';
import type { ParsedHeader } from '../dicom/readHeader.js';
import type { FrameSource, StoredFrame } from '../dicom/types.js';
import { addSlices, layOnGrid } from './laySegments.js';
import { packLabels } from './packLabels.js';
import { packStoredBits } from './packStoredBits.js';
import { placeFrame } from './placeFrame.js';
import { readSegHeader } from './segHeader.js';
import type { SegHeader } from './segHeader.js';
import type { ImportedSegmentation, SeriesGrid } from './types.js';

interface SegFile {
  readonly header: ParsedHeader;
  readonly bytes: Uint8Array;
}

/** A whole file in memory; a deflated data set is inflated. Throws IbisError. */
export function parseDicomFile(bytes: Uint8Array): SegFile {
  const header = parseHeader(bytes, true);
  if (header === 'need-more') throw new Error('a whole file needs no more');
  if (header.transferSyntaxUID !== DEFLATED) return { header, bytes };
  const inflated = inflateRawSync(bytes.subarray(header.dataStart), {
    maxOutputLength: 2 ** 31 - 1,
  });
  return parseDicomFile(inflated);
}

/** Pixels as stored: a palette is only how a LABELMAP is shown. */
async function decodeStored(frame: StoredFrame, bytes: Uint8Array): Promise<PixelArray> {
  const { source } = frame;
  if (source.kind !== 'dicom') throw new Error('a SEG is a DICOM file');
  const { layout } = source;
  const plain: FrameSource = {
    ...source,
    layout: { ...layout, palette: null, modalityLut: null, photometric: 'MONOCHROME2' },
  };
  // A copy: aligned, and its bytes may be swapped.
  const readAt = (offset: number, length: number): Uint8Array =>
    new Uint8Array(bytes.subarray(offset, offset + length));
  const decoded = await decodeFrame(plain, readAt);
  return viewAs(layout.bitsAllocated > 8 ? 'uint16' : 'uint8', decoded);
}

const isNative = (transferSyntaxUID: string): boolean =>
  transferSyntaxUID === EXPLICIT_LITTLE || transferSyntaxUID === IMPLICIT_LITTLE;

/** The masks of one frame, by segment number. */
async function readMasks(
  frame: StoredFrame,
  { kind, maximumFraction, background }: SegHeader,
  bytes: Uint8Array,
): Promise<ReadonlyMap<number, PackedMask>> {
  const { source, info, keys } = frame;
  const { columns: width, rows: height } = info;
  if (kind === 'LABELMAP')
    return packLabels(await decodeStored(frame, bytes), { width, height }, background);
  if (keys.segment === null)
    throw new IbisError('broken-file', 'The segmentation is damaged: a frame names no segment.');
  if (
    source.kind === 'dicom' &&
    source.layout.bitsAllocated === 1 &&
    isNative(source.layout.transferSyntaxUID)
  ) {
    const firstBit = source.pixelOffset * 8 + source.frameIndex * width * height;
    return new Map([[keys.segment, packStoredBits(bytes, firstBit, width, height)]]);
  }
  const threshold = kind === 'FRACTIONAL' ? maximumFraction / 2 : 1;
  const stored = await decodeStored(frame, bytes);
  const data = Uint8Array.from(stored, (value) => (value >= threshold ? 1 : 0));
  return new Map([[keys.segment, packMask({ width, height, data })]]);
}

/**
 * A DICOM SEG on the grid of a series. FRACTIONAL: a voxel belongs where its fraction or probability is at least half of
 * the largest. LABELMAP: 0 and Pixel Padding Value belong to no segment. Throws IbisError: 'does-not-fit' with a reason
 * where it was made on other images.
 */
export async function readDicomSeg(
  file: SegFile,
  series: SeriesGrid,
): Promise<ImportedSegmentation> {
  const { header, bytes } = file;
  const seg = readSegHeader(header.dataSet);
  const { frames } = describeInstance(header, {
    file: '',
    headerFile: '',
    identity: '',
    fileBytes: bytes.length,
  });
  const sharesFrameOfReference =
    seg.frameOfReferenceUID === '' || series.frameOfReferenceUID === ''
      ? seg.referencedSeriesUIDs.includes(series.seriesInstanceUID)
      : seg.frameOfReferenceUID === series.frameOfReferenceUID;
  const slicesOf = new Map(
    seg.segments.map(({ segmentNumber }) => [segmentNumber, new Map<number, PackedMask>()]),
  );
  for (const [n, frame] of frames.entries()) {
    const fit = placeFrame(frame.info, seg.sources[n] ?? null, series, sharesFrameOfReference);
    if (!fit.ok) throw new IbisError(fit.error.code, fit.error.message);
    const masks = await readMasks(frame, seg, bytes);
    for (const [segmentNumber, mask] of masks) {
      const slices = slicesOf.get(segmentNumber);
      if (slices === undefined)
        throw new IbisError(
          'broken-file',
          `The segmentation is damaged: it has pixels of segment ${String(segmentNumber)}, which it does not describe.`,
        );
      const laid = layOnGrid(new Map([[0, mask]]), fit.value, series.geometry.dimensions);
      if (!laid.ok) throw new IbisError(laid.error.code, laid.error.message);
      addSlices(slices, laid.value);
    }
  }
  return {
    data: {
      segmentationLabel: seg.label,
      geometry: series.geometry,
      segments: seg.segments.map((segment) => ({
        segment,
        slices: slicesOf.get(segment.segmentNumber) ?? new Map<number, PackedMask>(),
      })),
    },
    notes: [],
  };
}
