import dcmjs from 'dcmjs';
import { randomUUID } from 'node:crypto';

const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
/** Names this implementation; a UUID-derived UID (PS3.5 B.2), made once. */
const IMPLEMENTATION_CLASS_UID = '2.25.199813462178455631278512087543260415923';

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

/**
 * A Part 10 file of `dataset` (by keyword), explicit little endian, text in UTF-8. The preamble is zero: a
 * file that is also something else has no place in an archive.
 */
export function encodeDicom(
  dataset: Readonly<Record<string, unknown>> & {
    readonly SOPClassUID: string;
    readonly SOPInstanceUID: string;
  },
): Uint8Array {
  const { DicomDict, DicomMetaDictionary } = dcmjs.data;
  const file = new DicomDict({
    '00020001': { vr: 'OB', Value: [new Uint8Array([0, 1]).buffer] },
    '00020002': { vr: 'UI', Value: [dataset.SOPClassUID] },
    '00020003': { vr: 'UI', Value: [dataset.SOPInstanceUID] },
    '00020010': { vr: 'UI', Value: [EXPLICIT_LITTLE_ENDIAN] },
    '00020012': { vr: 'UI', Value: [IMPLEMENTATION_CLASS_UID] },
    '00020013': { vr: 'SH', Value: ['IBIS'] },
  });
  file.dict = DicomMetaDictionary.denaturalizeDataset({
    SpecificCharacterSet: 'ISO_IR 192',
    ...dataset,
  });
  return new Uint8Array(file.write());
}
