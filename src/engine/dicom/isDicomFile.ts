import { closeSync, openSync, readSync } from 'node:fs';

import { guessEncoding, hasPart10Prefix } from './readHeader.js';

const HEAD_BYTES = 132;

/** By its first bytes: the prefix of Part 10, or a data set without it. */
export function isDicomFile(file: string): boolean {
  const handle = openSync(file, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const bytes = head.subarray(0, readSync(handle, head, 0, HEAD_BYTES, 0));
    return hasPart10Prefix(bytes) || guessEncoding(bytes) !== null;
  } finally {
    closeSync(handle);
  }
}
