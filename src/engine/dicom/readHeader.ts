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

/** How a data set is written: what the parser must know, apart from how its pixels are compressed. */
export type Encoding = typeof IMPLICIT_LITTLE | typeof EXPLICIT_LITTLE | typeof EXPLICIT_BIG;

/**
 * Encoding by the first element, which is of group 0008 (or 0002 where the preamble was left out): explicit
 * where two capital letters follow the tag. Null when the bytes do not begin as a data set does.
 */
export function guessEncoding(bytes: Uint8Array): Encoding | null {
  if (bytes.length < 8) return null;
  const little = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  const big = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  const isGroup = (group: number): boolean => group === 0x0008 || group === 0x0002;
  const explicit = /^[A-Z]{2}$/.test(String.fromCharCode(bytes[4] ?? 0, bytes[5] ?? 0));
  if (isGroup(little)) return explicit ? EXPLICIT_LITTLE : IMPLICIT_LITTLE;
  if (isGroup(big) && explicit) return EXPLICIT_BIG;
  return null;
}

/** The encoding that a transfer syntax stands for; compressed ones are explicit little endian. */
export const encodingOf = (transferSyntaxUID: string): Encoding =>
  transferSyntaxUID === IMPLICIT_LITTLE || transferSyntaxUID === EXPLICIT_BIG
    ? transferSyntaxUID
    : EXPLICIT_LITTLE;

export interface ParsedHeader {
  readonly dataSet: DataSet;
  readonly transferSyntaxUID: string;
  /** Where the data set begins in the file: its elements' offsets count from there. */
  readonly dataStart: number;
  /** '' without file meta information. */
  readonly mediaStorageClass: string;
}

export interface FileMeta {
  readonly transferSyntaxUID: string; // '' when missing
  readonly mediaStorageClass: string;
  readonly dataStart: number;
}

const trimUid = (uid: string | undefined): string => (uid ?? '').replace(/[\x00\s]+$/, '');

/** File meta information behind the preamble. Throws what dicom-parser throws. */
export function readFileMeta(bytes: Uint8Array): FileMeta {
  const meta = dicomParser.readPart10Header(bytes);
  return {
    transferSyntaxUID: trimUid(meta.string('x00020010')),
    mediaStorageClass: trimUid(meta.string('x00020002')),
    // Not in the library's types: where group 0002 ends.
    dataStart: 'position' in meta ? Number(meta.position) : 0,
  };
}

const notDicom = (): IbisError =>
  new IbisError('not-dicom', 'This is not a DICOM file or an image that Ibis can read.');

const hasPixels = (dataSet: DataSet): boolean =>
  [PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA].some(
    (tag) => dataSet.elements[tag] !== undefined,
  );

/**
 * Parses the elements before the pixel data. `bytes` may be only the beginning of the file: 'need-more' asks
 * for a longer one. `complete` says that there is no more. Throws IbisError for what is no DICOM or is broken.
 */
export function parseHeader(bytes: Uint8Array, complete: boolean): ParsedHeader | 'need-more' {
  const part10 = hasPart10Prefix(bytes);
  if (!part10 && guessEncoding(bytes) === null) throw notDicom();
  try {
    const meta = part10 ? readFileMeta(bytes) : readBareMeta(bytes);
    const body = bytes.subarray(meta.dataStart);
    // The bytes are believed before the meta header: some writers say explicit and write implicit.
    const seen = guessEncoding(body);
    const stated = meta.transferSyntaxUID === '' ? null : encodingOf(meta.transferSyntaxUID);
    const encoding = stated === EXPLICIT_BIG ? stated : (seen ?? stated ?? EXPLICIT_LITTLE);
    const dataSet = parseBody(body, encoding);
    if (!complete && !hasPixels(dataSet)) return 'need-more';
    const transferSyntaxUID = meta.transferSyntaxUID === '' ? encoding : meta.transferSyntaxUID;
    return { ...meta, dataSet, transferSyntaxUID };
  } catch (thrown) {
    if (!complete) return 'need-more';
    if (!part10) throw notDicom();
    throw new IbisError(
      'broken-file',
      'The file is damaged: its header ends early or cannot be read. Copy it again from its source.',
      { cause: thrown },
    );
  }
}

/** A file that begins with group 0002 (or 0008) right away, without preamble. */
function readBareMeta(bytes: Uint8Array): FileMeta {
  if (bytes[0] !== 0x02) return { transferSyntaxUID: '', mediaStorageClass: '', dataStart: 0 };
  const withPreamble = new Uint8Array(132 + bytes.length);
  withPreamble.set([0x44, 0x49, 0x43, 0x4d], 128);
  withPreamble.set(bytes, 132);
  const meta = readFileMeta(withPreamble);
  return { ...meta, dataStart: meta.dataStart - 132 };
}

function parseBody(body: Uint8Array, encoding: Encoding): DataSet {
  try {
    return dicomParser.parseDicom(body, { untilTag: PIXEL_DATA, TransferSyntaxUID: encoding });
  } catch (thrown) {
    // Float pixel data lie before (7FE0,0010) and are read over; all that is needed was seen by then.
    const stopped = dataSetOf(thrown);
    if (stopped !== null && hasPixels(stopped)) return stopped;
    throw thrown;
  }
}

/** dicom-parser throws { exception, dataSet } from inside a data set. */
function dataSetOf(thrown: unknown): DataSet | null {
  if (typeof thrown !== 'object' || thrown === null || !('dataSet' in thrown)) return null;
  return thrown.dataSet as DataSet; // the shape is the library's own
}
