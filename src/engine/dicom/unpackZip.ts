import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';

import { getFileNameLowLevel, openPromise } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';

import { IbisError, type IbisErrorShape } from '../../contract/errors.js';

// Bombs are refused by what the directory says, before anything is unpacked; no member may be longer than it says there.
const MOST_UNPACKED_BYTES = 64 * 1024 ** 3;
const MOST_MEMBERS = 500_000;

export interface ZipMember {
  /** Name inside the archive; shown, never used as a path. */
  readonly name: string;
  readonly file: string;
  /** Why it could not be unpacked: then there is no file. */
  readonly problem?: IbisErrorShape;
}

const cutShort = (cause: unknown): IbisError =>
  new IbisError(
    'broken-file',
    'The zip archive is cut short or damaged. Copy it again from its source.',
    { cause },
  );

/** The name as shown; a directory that is not to be trusted may hold '../' or a drive, which is no reason to refuse it. */
const nameOf = ({ generalPurposeBitFlag, fileNameRaw, extraFields }: Entry): string =>
  getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, false);

/** Files of the archive as its directory lists them. Throws where they are more than any study has. */
async function listFiles(zip: ZipFile): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  let bytes = 0;
  for await (const entry of zip.eachEntry()) {
    if (nameOf(entry).endsWith('/')) continue;
    entries.push(entry);
    bytes += entry.uncompressedSize;
    if (bytes > MOST_UNPACKED_BYTES || entries.length > MOST_MEMBERS)
      throw new IbisError(
        'unsupported-format',
        'The archive unpacks to more than Ibis will store.',
      );
  }
  return entries;
}

/** What makes a member impossible to unpack; null: nothing. */
function whyNot(entry: Entry): IbisErrorShape | null {
  if (entry.isEncrypted())
    return {
      code: 'unsupported-format',
      message:
        'The file is encrypted. Unpack the archive with its password and open what comes out.',
    };
  return entry.canDecodeFileData()
    ? null
    : {
        code: 'unsupported-format',
        message:
          'The file is packed by a method that Ibis does not know. Unpack the archive with the program that made it and open what comes out.',
      };
}

const damagedMember: IbisErrorShape = {
  code: 'broken-file',
  message:
    'The file is damaged inside its archive and was not unpacked. Copy the archive again from its source.',
};

/** Writes a member to `target`; rejects unless its size and checksum are those of the directory. */
async function extract(
  zip: ZipFile,
  entry: Entry,
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  let checksum = 0;
  const checking = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      checksum = crc32(chunk, checksum);
      done(null, chunk);
    },
    flush: (done) => {
      done(checksum === entry.crc32 ? null : new Error('the checksum is another one'));
    },
  });
  await pipeline(
    await zip.openReadStreamPromise(entry),
    checking,
    createWriteStream(target, { mode: 0o600 }),
    { signal },
  );
}

/** One that is damaged is told, and the others are unpacked all the same. */
async function unpackMember(
  zip: ZipFile,
  entry: Entry,
  target: string,
  signal?: AbortSignal,
): Promise<ZipMember> {
  const member = { name: nameOf(entry), file: target };
  const problem = whyNot(entry);
  if (problem !== null) return { ...member, problem };
  try {
    await extract(zip, entry, target, signal);
    return member;
  } catch (cause) {
    if (signal?.aborted === true) throw new IbisError('cancelled', 'Cancelled.', { cause });
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC')
      throw new IbisError('disk-full', 'The disk is full: the archive was not unpacked.', {
        cause,
      });
    await rm(target, { force: true });
    return { ...member, problem: damagedMember };
  }
}

async function openArchive(file: string): Promise<ZipFile> {
  try {
    return await openPromise(file, {
      lazyEntries: true,
      autoClose: false,
      decodeStrings: false, // names are not paths here: see `nameOf`
      validateEntrySizes: true,
    });
  } catch (cause) {
    throw cutShort(cause);
  }
}

/**
 * Members of a zip, each in a file with a name of our own. By the archive's directory: what looks like the beginning or
 * end of a member inside pixel data is none.
 */
export async function unpackZip(
  file: string,
  unpackedDir: string,
  signal?: AbortSignal,
): Promise<readonly ZipMember[]> {
  const folder = path.join(unpackedDir, randomBytes(8).toString('hex'));
  const zip = await openArchive(file);
  try {
    const entries = await listFiles(zip);
    if (entries.length === 0) throw new IbisError('no-pixels', 'The zip archive holds no files.');
    await mkdir(folder, { mode: 0o700 });
    const members: ZipMember[] = [];
    for (const [at, entry] of entries.entries())
      members.push(await unpackMember(zip, entry, path.join(folder, String(at)), signal));
    return members;
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true });
    throw thrown instanceof IbisError ? thrown : cutShort(thrown);
  } finally {
    zip.close();
  }
}
