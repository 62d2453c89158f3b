import type { DataSet } from 'dicom-parser';

import { IbisError } from '../../contract/errors.js';
import type { ImageInfo, PixelType } from '../../domain/study.js';
import { getFirstItem, getNumber, getString, getUint16 } from './attributes.js';
import { DOUBLE_PIXEL_DATA, FLOAT_PIXEL_DATA, PIXEL_DATA } from './readHeader.js';
import type { ModalityLut, Palette, PixelLayout } from './types.js';

/** How the pixels are stored, read from the header. Throws IbisError where no image can come of it. */
export function readPixelLayout(dataSet: DataSet, transferSyntaxUID: string): PixelLayout {
  const tag = [PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA].find(
    (candidate) => dataSet.elements[candidate] !== undefined,
  );
  if (tag === undefined)
    throw new IbisError(
      'no-pixels',
      'The file holds no image (it is a report, a plan or similar).',
    );
  const rows = getUint16(dataSet, 'x00280010');
  const columns = getUint16(dataSet, 'x00280011');
  if (rows === null || columns === null || rows === 0 || columns === 0)
    throw new IbisError(
      'broken-file',
      'The file has pixel data but does not say how large the image is.',
    );
  const floatBits = tag === FLOAT_PIXEL_DATA ? 32 : tag === DOUBLE_PIXEL_DATA ? 64 : null;
  const bitsAllocated = floatBits ?? getUint16(dataSet, 'x00280100') ?? 0;
  if (![1, 8, 12, 16, 32, 64].includes(bitsAllocated))
    throw new IbisError(
      'broken-file',
      `The file states ${String(bitsAllocated)} bits for each pixel, which no image has.`,
    );
  const bitsStored = floatBits ?? getUint16(dataSet, 'x00280101') ?? bitsAllocated;
  if (bitsStored < 1 || bitsStored > bitsAllocated)
    throw new IbisError('broken-file', 'The file contradicts itself about the bits of a pixel.');
  const samplesPerPixel = getUint16(dataSet, 'x00280002') ?? 1;
  if (![1, 3, 4].includes(samplesPerPixel))
    throw new IbisError(
      'broken-file',
      `The file states ${String(samplesPerPixel)} samples for each pixel.`,
    );
  const signed = getUint16(dataSet, 'x00280103') === 1;
  const frames = getNumber(dataSet, 'x00280008') ?? 1;
  const photometric =
    getString(dataSet, 'x00280004') || (samplesPerPixel === 1 ? 'MONOCHROME2' : 'RGB');
  return {
    transferSyntaxUID,
    rows,
    columns,
    frameCount: Math.max(1, Math.min(1_000_000, Math.trunc(frames))),
    samplesPerPixel,
    bitsAllocated,
    bitsStored,
    highBit: Math.min(
      bitsAllocated - 1,
      Math.max(bitsStored - 1, getUint16(dataSet, 'x00280102') ?? bitsStored - 1),
    ),
    signed,
    sampleKind: floatBits === null ? 'integer' : 'float',
    photometric,
    planarConfiguration: getUint16(dataSet, 'x00280006') ?? 0,
    palette: photometric === 'PALETTE COLOR' ? readPalette(dataSet, signed) : null,
    modalityLut: samplesPerPixel === 1 ? readModalityLut(dataSet, signed) : null,
    words: dataSet.elements[tag]?.vr === 'OW',
  };
}

/** What the decoder hands out for a layout: see ImageInfo. */
export function outputOf(
  layout: PixelLayout,
): Pick<ImageInfo, 'samplesPerPixel' | 'pixelType' | 'photometric'> {
  if (layout.samplesPerPixel > 1 || layout.palette !== null)
    return { samplesPerPixel: 3, pixelType: 'uint8', photometric: 'RGB' };
  const photometric = layout.photometric === 'MONOCHROME1' ? 'MONOCHROME1' : 'MONOCHROME2';
  return { samplesPerPixel: 1, pixelType: grayType(layout), photometric };
}

function grayType(layout: PixelLayout): PixelType {
  if (layout.modalityLut !== null) return 'uint16';
  if (layout.sampleKind === 'float') return layout.bitsAllocated === 64 ? 'float64' : 'float32';
  if (layout.bitsAllocated === 1) return 'uint8';
  if (layout.bitsAllocated <= 8) return layout.signed ? 'int8' : 'uint8';
  if (layout.bitsAllocated <= 16) return layout.signed ? 'int16' : 'uint16';
  if (layout.bitsAllocated <= 32) return layout.signed ? 'int32' : 'uint32';
  return 'float64';
}

interface LutDescriptor {
  readonly entries: number;
  readonly first: number;
  readonly bits: number;
}

function readDescriptor(dataSet: DataSet, tag: string, signed: boolean): LutDescriptor | null {
  const element = dataSet.elements[tag];
  if (element === undefined || element.length < 6) return null;
  const entries = dataSet.uint16(tag, 0) ?? 0;
  const first = (signed ? dataSet.int16(tag, 1) : dataSet.uint16(tag, 1)) ?? 0;
  // 0 entries mean 65,536: the count does not fit into 16 bits.
  return { entries: entries === 0 ? 65_536 : entries, first, bits: dataSet.uint16(tag, 2) ?? 16 };
}

/** Entries of a LUT data element: 8-bit entries lie packed where the element has no more bytes than entries. */
function readEntries(dataSet: DataSet, tag: string, descriptor: LutDescriptor): Uint16Array | null {
  const element = dataSet.elements[tag];
  if (element === undefined || element.length < descriptor.entries) return null;
  const values = new Uint16Array(descriptor.entries);
  if (element.length < descriptor.entries * 2) {
    values.set(
      dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + descriptor.entries),
    );
    return values;
  }
  for (let n = 0; n < values.length; n++) values[n] = dataSet.uint16(tag, n) ?? 0;
  return values;
}

/** Segmented palettes (0028,1221...): 0 = discrete, 1 = linear, 2 = indirect segments. PS3.3 C.7.9.2. */
function readSegmentedEntries(
  dataSet: DataSet,
  tag: string,
  descriptor: LutDescriptor,
): Uint16Array | null {
  const element = dataSet.elements[tag];
  if (element === undefined) return null;
  const wide = descriptor.bits > 8;
  const words = Array.from({ length: Math.floor(element.length / (wide ? 2 : 1)) }, (_, n) =>
    wide ? (dataSet.uint16(tag, n) ?? 0) : (dataSet.byteArray[element.dataOffset + n] ?? 0),
  );
  const values: number[] = [];
  // `depth` bounds an indirect segment that points at itself.
  const expand = (start: number, segments: number, depth: number): void => {
    let at = start;
    for (let done = 0; done < segments && at + 1 < words.length; done++) {
      const kind = words[at] ?? 0;
      const length = words[at + 1] ?? 0;
      if (kind === 0) {
        values.push(...words.slice(at + 2, at + 2 + length));
        at += 2 + length;
      } else if (kind === 1) {
        const from = values.at(-1) ?? 0;
        const to = words[at + 2] ?? 0;
        for (let n = 1; n <= length; n++)
          values.push(Math.round(from + ((to - from) * n) / length));
        at += 3;
      } else if (kind === 2 && depth < 2) {
        const offset = (words[at + 2] ?? 0) | ((words[at + 3] ?? 0) << 16);
        expand(wide ? offset / 2 : offset, length, depth + 1);
        at += 4;
      } else return;
      if (values.length >= descriptor.entries) return;
    }
  };
  expand(0, Number.POSITIVE_INFINITY, 0);
  if (values.length < descriptor.entries) return null;
  return Uint16Array.from(values.slice(0, descriptor.entries));
}

function readPalette(dataSet: DataSet, signed: boolean): Palette {
  const channel = (descriptorTag: string, tag: string, segmentedTag: string) => {
    const descriptor = readDescriptor(dataSet, descriptorTag, signed);
    const values =
      descriptor === null
        ? null
        : (readEntries(dataSet, tag, descriptor) ??
          readSegmentedEntries(dataSet, segmentedTag, descriptor));
    if (descriptor === null || values === null)
      throw new IbisError('broken-file', 'The file uses a colour table that it does not hold.');
    // 16-bit entries: the upper byte is shown.
    const shift = descriptor.bits > 8 ? 8 : 0;
    return { first: descriptor.first, values: Uint8Array.from(values, (value) => value >> shift) };
  };
  const red = channel('x00281101', 'x00281201', 'x00281221');
  const green = channel('x00281102', 'x00281202', 'x00281222');
  const blue = channel('x00281103', 'x00281203', 'x00281223');
  return { first: red.first, red: red.values, green: green.values, blue: blue.values };
}

function readModalityLut(dataSet: DataSet, signed: boolean): ModalityLut | null {
  const item = getFirstItem(dataSet, 'x00283000');
  if (item === null) return null;
  const descriptor = readDescriptor(item, 'x00283002', signed);
  const values = descriptor === null ? null : readEntries(item, 'x00283006', descriptor);
  return descriptor === null || values === null ? null : { first: descriptor.first, values };
}
