import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

import { DEFLATED, hasPart10Prefix, parseHeader, readFileMeta } from './readHeader.js';
import type { ParsedHeader } from './readHeader.js';

const FIRST_BYTES = 256 * 1024;

export interface FileHeader extends ParsedHeader {
  readonly fileBytes: number;
  /** A deflated data set, inflated: offsets count from its beginning. Null where they count in the file itself. */
  readonly inflated: Buffer | null;
}

function parseDeflated(bytes: Buffer): FileHeader | 'need-more' {
  const { dataStart } = readFileMeta(bytes);
  const inflated = inflateRawSync(bytes.subarray(dataStart));
  const parsed = parseHeader(inflated, true);
  return parsed === 'need-more' ? parsed : { ...parsed, inflated, fileBytes: bytes.length };
}

/** Reads no further than the pixel data. Throws IbisError ('not-dicom', 'broken-file' where the file has changed). */
export function parseFileHeader(file: string): FileHeader {
  const handle = openSync(file, 'r');
  try {
    const fileBytes = fstatSync(handle).size;
    for (let wanted = FIRST_BYTES; ; wanted *= 16) {
      const size = Math.min(wanted, fileBytes);
      const bytes = Buffer.alloc(size);
      readSync(handle, bytes, 0, size, 0);
      const deflated = hasPart10Prefix(bytes) && readFileMeta(bytes).transferSyntaxUID === DEFLATED;
      if (deflated && size < fileBytes) continue;
      const parsed = deflated ? parseDeflated(bytes) : parseHeader(bytes, size === fileBytes);
      if (parsed !== 'need-more') return { inflated: null, ...parsed, fileBytes };
    }
  } finally {
    closeSync(handle);
  }
}
