import dcmjs from 'dcmjs';
import { randomUUID } from 'node:crypto';

import { EXPLICIT_LITTLE, type IMPLICIT_LITTLE } from '../dicom/readHeader.js';

/** Names this implementation; a UUID-derived UID (PS3.5 B.2), made once. */
export const IMPLEMENTATION_CLASS_UID = '2.25.199813462178455631278512087543260415923';

/** A new UID that needs no registered root: 2.25 and a random UUID as a decimal number (PS3.5 B.2). */
export const createUid = (): string =>
  `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`).toString()}`;

/** A number as a decimal string (DS): at most 16 characters, with as many digits as fit. */
export function formatDecimal(value: number): string {
  for (let digits = 17; digits > 0; digits--) {
    const rounded = Number(value.toPrecision(digits));
    // Small numbers have more digits with an exponent: String() writes noughts first down to 1e-6.
    const text = [String(rounded), rounded.toExponential()].find((form) => form.length <= 16);
    if (text !== undefined) return text;
  }
  throw new Error('not a number that DICOM can hold');
}

/** `at` as DICOM's date and time of the machine's own zone. */
export function formatDateTime(at: Date): { readonly date: string; readonly time: string } {
  const two = (value: number): string => String(value).padStart(2, '0');
  return {
    date: `${String(at.getFullYear())}${two(at.getMonth() + 1)}${two(at.getDate())}`,
    time: `${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`,
  };
}

/** Attributes by keyword, as dcmjs names them. */
export type DicomDataset = Readonly<Record<string, unknown>> & {
  readonly SOPClassUID: string;
  readonly SOPInstanceUID: string;
};

/**
 * A Part 10 file of `dataset`, little endian, text in UTF-8. The preamble is zero: a file that is also something else
 * has no place in an archive. Implicit VR is for what may hold values of more than 64 kB that are no bytes (the points of
 * a contour), which explicit VR cannot.
 */
export function encodeDicom(
  dataset: DicomDataset,
  transferSyntaxUID: typeof EXPLICIT_LITTLE | typeof IMPLICIT_LITTLE = EXPLICIT_LITTLE,
): Uint8Array {
  const { DicomDict, DicomMetaDictionary } = dcmjs.data;
  const file = new DicomDict({
    '00020001': { vr: 'OB', Value: [new Uint8Array([0, 1]).buffer] },
    '00020002': { vr: 'UI', Value: [dataset.SOPClassUID] },
    '00020003': { vr: 'UI', Value: [dataset.SOPInstanceUID] },
    '00020010': { vr: 'UI', Value: [transferSyntaxUID] },
    '00020012': { vr: 'UI', Value: [IMPLEMENTATION_CLASS_UID] },
    '00020013': { vr: 'SH', Value: ['IBIS'] },
  });
  file.dict = DicomMetaDictionary.denaturalizeDataset({
    SpecificCharacterSet: 'ISO_IR 192',
    ...dataset,
  });
  return new Uint8Array(file.write());
}

/**
 * The same with its pixel data, which come last in a data set and are put behind it as they are: a hundred megabytes
 * that the writer would copy several times. In parts, to be written one after the other.
 */
export function encodeDicomImage(
  dataset: DicomDataset,
  pixels: { readonly vr: 'OB' | 'OW'; readonly bytes: Uint8Array }, // of an even length
): readonly Uint8Array[] {
  const element = Buffer.from([
    0xe0,
    0x7f,
    0x10,
    0x00,
    ...Buffer.from(pixels.vr),
    0,
    0,
    0,
    0,
    0,
    0,
  ]);
  element.writeUInt32LE(pixels.bytes.length, 8);
  return [encodeDicom(dataset), element, pixels.bytes];
}
