import dicomParser from 'dicom-parser';
import type { DataSet } from 'dicom-parser';

import { IbisError } from '../../contract/errors.js';

export const PIXEL_DATA = 'x7fe00010';
export const FLOAT_PIXEL_DATA = 'x7fe00008';
export const DOUBLE_PIXEL_DATA = 'x7fe00009';

export const IMPLICIT_LITTLE = '1.2.840.10008.1.2';
export const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';
export const EXPLICIT_BIG = '1.2.840.10008.1.2.2';
export const DEFLATED = '1.2.840.10008.1.2.1.99';

/** True for the Part 10 preamble ("DICM" at 128). */
export const hasPart10Prefix = (bytes: Uint8Array): boolean =>
  bytes.length >= 132 &&
  bytes[128] === 0x44 &&
  bytes[129] === 0x49 &&
  bytes[130] === 0x43 &&
  bytes[131] === 0x4d;

/**
 * Transfer syntax of a data set without file meta information, from its first element: PS3.10 forbids such
 * files, old ones exist. Null when the bytes do not begin as a data set does (group 0002 or 0008).
 */
export function guessTransferSyntax(bytes: Uint8Array): string | null {
  if (bytes.length < 8) return null;
  const little = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  const big = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  const isGroup = (group: number): boolean => group === 0x0008 || group === 0x0002;
  const vr = String.fromCharCode(bytes[4] ?? 0, bytes[5] ?? 0);
  const explicit = /^[A-Z]{2}$/.test(vr);
  if (isGroup(little)) return explicit ? EXPLICIT_LITTLE : IMPLICIT_LITTLE;
  if (isGroup(big) && explicit) return EXPLICIT_BIG;
  return null;
}

export interface ParsedHeader {
  readonly dataSet: DataSet;
  readonly transferSyntaxUID: string;
}

const parsingStopped = (thrown: unknown): { dataSet?: DataSet } =>
  typeof thrown === 'object' && thrown !== null && 'dataSet' in thrown
    ? (thrown as { dataSet?: DataSet }) // dicom-parser throws { exception, dataSet } from inside a data set
    : {};

/** Transfer syntax named by the file meta information; '' when it is missing. */
export function readTransferSyntax(bytes: Uint8Array): string {
  const meta = dicomParser.readPart10Header(bytes);
  // eslint-disable-next-line no-control-regex -- UIDs are padded with NUL
  return (meta.string('x00020010') ?? '').replace(/[\x00\s]+$/, '');
}

/**
 * Parses the elements before the pixel data. `bytes` may be only the beginning of the file: 'need-more' asks
 * for a longer one. `complete` says that there is no more. Throws IbisError for what is no DICOM or is broken.
 */
export function parseHeader(bytes: Uint8Array, complete: boolean): ParsedHeader | 'need-more' {
  const part10 = hasPart10Prefix(bytes);
  const guessed = part10 ? null : guessTransferSyntax(bytes);
  if (!part10 && guessed === null)
    throw new IbisError('not-dicom', 'This is not a DICOM file or an image that Ibis can read.');
  try {
    if (guessed !== null) {
      const dataSet = dicomParser.parseDicom(bytes, {
        untilTag: PIXEL_DATA,
        TransferSyntaxUID: guessed,
      });
      return { dataSet, transferSyntaxUID: guessed };
    }
    const transferSyntaxUID = readTransferSyntax(bytes);
    if (transferSyntaxUID === '') {
      // A meta header without a syntax: the data set's first element tells, as without a meta header.
      throw new IbisError(
        'broken-file',
        'The file does not say how it is encoded (its transfer syntax is missing).',
      );
    }
    const dataSet = dicomParser.parseDicom(bytes, { untilTag: PIXEL_DATA });
    return { dataSet, transferSyntaxUID };
  } catch (thrown) {
    if (thrown instanceof IbisError) throw thrown;
    const { dataSet } = parsingStopped(thrown);
    // Float pixel data lie before (7FE0,0010) and are read over; all that is needed was seen by then.
    const pixels = dataSet?.elements[FLOAT_PIXEL_DATA] ?? dataSet?.elements[DOUBLE_PIXEL_DATA];
    if (dataSet !== undefined && pixels !== undefined && guessed === null)
      return { dataSet, transferSyntaxUID: readTransferSyntax(bytes) };
    if (!complete) return 'need-more';
    if (guessed !== null)
      throw new IbisError('not-dicom', 'This is not a DICOM file or an image that Ibis can read.');
    throw new IbisError(
      'broken-file',
      'The file is damaged: its header ends early or cannot be read. Copy it again from its source.',
      { cause: thrown },
    );
  }
}
