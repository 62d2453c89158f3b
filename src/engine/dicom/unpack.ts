import { createReadStream, createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, inflateRawSync } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import { Transform } from 'node:stream';

import { IbisError } from '../../contract/errors.js';

// Bombs are refused.
const MOST_GZIP_BYTES = 16 * 1024 ** 3;

const tooLarge = (): IbisError =>
  new IbisError('unsupported-format', 'The archive unpacks to more than Ibis will store.');

const freshName = (): string => randomBytes(8).toString('hex');

/** Uncompressed copy of a .gz file. */
export async function gunzipFile(
  file: string,
  unpackedDir: string,
  signal?: AbortSignal,
): Promise<string> {
  const target = path.join(unpackedDir, freshName());
  let total = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length;
      done(total > MOST_GZIP_BYTES ? tooLarge() : null, chunk);
    },
  });
  try {
    await pipeline(
      createReadStream(file),
      createGunzip(),
      limit,
      createWriteStream(target, { mode: 0o600 }),
      ...(signal === undefined ? [] : [{ signal }]),
    );
  } catch (cause) {
    if (cause instanceof IbisError) throw cause;
    if (signal?.aborted === true) throw new IbisError('cancelled', 'Cancelled.', { cause });
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC')
      throw new IbisError('disk-full', 'The disk is full: the file was not unpacked.', { cause });
    throw new IbisError('broken-file', 'The compressed file is damaged and cannot be unpacked.', {
      cause,
    });
  }
  return target;
}

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * A deflated data set (1.2.840.10008.1.2.1.99) -> the same file with its data set inflated, so that pixels
 * can be found by offset. `metaEnd`: where the file meta information ends.
 */
export async function inflateDataSet(
  bytes: Uint8Array,
  metaEnd: number,
  unpackedDir: string,
): Promise<{ readonly file: string; readonly bytes: Uint8Array }> {
  let inflated: Uint8Array;
  try {
    inflated = inflateRawSync(bytes.subarray(metaEnd), { maxOutputLength: 2 ** 31 - 1 });
  } catch (cause) {
    throw new IbisError('broken-file', 'The file is damaged: its data cannot be inflated.', {
      cause,
    });
  }
  const whole = new Uint8Array(metaEnd + inflated.length);
  whole.set(bytes.subarray(0, metaEnd));
  whole.set(inflated, metaEnd);
  const file = path.join(unpackedDir, freshName());
  await writeFile(file, whole, { mode: 0o600 });
  return { file, bytes: whole };
}
