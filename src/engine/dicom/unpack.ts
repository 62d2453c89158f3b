import {
  createReadStream,
  createWriteStream,
  closeSync,
  fstatSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, inflateRawSync } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import { Transform } from 'node:stream';

import { Unzip, UnzipInflate } from 'fflate';

import { IbisError } from '../../contract/errors.js';

// Bombs are refused: an archive may not grow beyond this, in all.
const MOST_UNPACKED_BYTES = 64 * 1024 ** 3;
const MOST_GZIP_BYTES = 16 * 1024 ** 3;
const CHUNK_BYTES = 1024 * 1024;

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

export interface ZipMember {
  /** Name inside the archive; shown, never used as a path. */
  readonly name: string;
  readonly file: string;
}

const END_OF_DIRECTORY = Buffer.from([0x50, 0x4b, 0x05, 0x06]);
const END_OF_DIRECTORY_BYTES = 22;
const MOST_COMMENT_BYTES = 0xffff; // may follow it

/** Whether the archive has its end: one that was cut short would else open as a study with images missing. */
function hasItsEnd(descriptor: number): boolean {
  const { size } = fstatSync(descriptor);
  const tail = Buffer.alloc(Math.min(size, END_OF_DIRECTORY_BYTES + MOST_COMMENT_BYTES));
  readSync(descriptor, tail, 0, tail.length, size - tail.length);
  return tail.includes(END_OF_DIRECTORY);
}

/** Members of a zip, each in a file with a name of our own. Reads in chunks: archives may exceed memory. */
export async function unpackZip(
  file: string,
  unpackedDir: string,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (doneBytes: number) => void } = {},
): Promise<readonly ZipMember[]> {
  const folder = path.join(unpackedDir, freshName());
  await mkdir(folder, { mode: 0o700 });
  const members: ZipMember[] = [];
  const open = new Set<number>();
  let unpackedBytes = 0;

  const unzip = new Unzip((member) => {
    if (member.name.endsWith('/')) return;
    const target = path.join(folder, String(members.length));
    const descriptor = openSync(target, 'w', 0o600);
    open.add(descriptor);
    members.push({ name: member.name, file: target });
    member.ondata = (error, chunk, final) => {
      // fflate reports a damaged member here; what was written of it is judged as a file.
      if (error === null) {
        unpackedBytes += chunk.length;
        if (unpackedBytes <= MOST_UNPACKED_BYTES) writeSync(descriptor, chunk);
      }
      if (final || error !== null) {
        if (open.delete(descriptor)) closeSync(descriptor);
      }
    };
    member.start();
  });
  unzip.register(UnzipInflate);

  const source = openSync(file, 'r');
  try {
    if (!hasItsEnd(source))
      throw new IbisError(
        'broken-file',
        'The zip archive is cut short or damaged. Copy it again from its source.',
      );
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let at = 0; ;) {
      const read = readSync(source, chunk, 0, CHUNK_BYTES, at);
      at += read;
      unzip.push(chunk.slice(0, read), read === 0);
      if (unpackedBytes > MOST_UNPACKED_BYTES) throw tooLarge();
      if (read === 0) break;
      onProgress?.(at);
      await new Promise(setImmediate);
      if (signal?.aborted === true) throw new IbisError('cancelled', 'Cancelled.');
    }
  } catch (cause) {
    if (cause instanceof IbisError) throw cause;
    throw new IbisError('broken-file', 'The zip archive is damaged and cannot be unpacked.', {
      cause,
    });
  } finally {
    closeSync(source);
    for (const descriptor of open) closeSync(descriptor);
  }
  if (members.length === 0) throw new IbisError('no-pixels', 'The zip archive holds no files.');
  return members;
}
