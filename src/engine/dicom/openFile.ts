import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import path from 'node:path';

import { IbisError, type IbisErrorShape } from '../../contract/errors.js';
import type { DerivedFile } from '../../domain/study.js';
import { isNrrd } from '../import/nrrdHeader.js';
import { getItems, getString } from './attributes.js';
import { findDerivedKind, getReferencedSeries } from './derivedObject.js';
import { describeInstance } from './describeInstance.js';
import { describeNifti, describePlainImage } from './describeOther.js';
import { isNifti } from './nifti.js';
import { isJpeg, isPng } from './plainImage.js';
import {
  DEFLATED,
  guessEncoding,
  hasPart10Prefix,
  parseHeader,
  readFileMeta,
  type ParsedHeader,
} from './readHeader.js';
import type { Instance } from './types.js';
import { gunzipFile, inflateDataSet, isGzip } from './unpack.js';
import { unpackZip, type ZipMember } from './unpackZip.js';

/** A file to be opened, and by what name the user knows it. */
export interface Candidate {
  /** What is read. */
  readonly file: string;
  /** For display and refusals: a base name. */
  readonly fileName: string;
  /** What identifies the content across runs: the path the user opened, with the member's name in an archive. */
  readonly identity: string;
  /** How many archives it lay in: an archive in an archive is not opened. */
  readonly depth: number;
  /** Why it could not be taken out of its archive: then it is not there. */
  readonly problem?: IbisErrorShape;
}

export type Opened =
  | { readonly kind: 'instance'; readonly instance: Instance }
  | { readonly kind: 'more'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'derived'; readonly derived: DerivedFile }
  /** A DICOMDIR: an index of other files. */
  | { readonly kind: 'directory'; readonly referenced: readonly (readonly string[])[] };

/** Files that systems strew into folders and archives (`.DS_Store`, `__MACOSX/._name`): no one means them. */
export const isHidden = (name: string): boolean => name.startsWith('.') || name === 'Thumbs.db';

// A classic instance's header is a few kB; enhanced multi-frame ones need the longer reads.
const FIRST_READ_BYTES = 32 * 1024;

/** Reused from file to file: allocating 32 kB a file is a measurable part of listing a thousand of them. */
const firstRead = Buffer.alloc(FIRST_READ_BYTES);

/**
 * Reads the header of one file and says what it is. Reads are synchronous, 30 microseconds each from the
 * page cache, a third of what promises cost; the caller yields between files. Throws IbisError.
 */
export async function openFile(
  candidate: Candidate,
  unpackedDir: string,
  signal?: AbortSignal,
): Promise<Opened> {
  const { problem } = candidate;
  if (problem !== undefined) throw new IbisError(problem.code, problem.message);
  let descriptor: number;
  try {
    descriptor = openSync(candidate.file, 'r');
  } catch (cause) {
    const denied = cause instanceof Error && 'code' in cause && cause.code !== 'ENOENT';
    throw new IbisError(
      denied ? 'permission' : 'not-found',
      denied ? 'The file may not be read: check its permissions.' : 'The file does not exist.',
      { cause },
    );
  }
  try {
    const fileBytes = fstatSync(descriptor).size;
    const read = readSync(descriptor, firstRead, 0, FIRST_READ_BYTES, 0);
    const head = firstRead.subarray(0, read);
    const readMore = (length: number): Uint8Array => {
      const bytes = Buffer.alloc(Math.min(length, fileBytes));
      return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0));
    };
    return await identify(candidate, { head, fileBytes, readMore }, unpackedDir, signal);
  } catch (thrown) {
    if (thrown instanceof IbisError) throw thrown;
    // A parser that trips over rubbish: the file's fault, told as such.
    throw new IbisError('broken-file', 'The file is damaged and cannot be read.', {
      cause: thrown,
    });
  } finally {
    closeSync(descriptor);
  }
}

interface FileStart {
  readonly head: Uint8Array;
  readonly fileBytes: number;
  readonly readMore: (length: number) => Uint8Array;
}

async function identify(
  candidate: Candidate,
  start: FileStart,
  unpackedDir: string,
  signal?: AbortSignal,
): Promise<Opened> {
  const { head, fileBytes } = start;
  if (fileBytes === 0) throw new IbisError('broken-file', 'The file is empty.');
  if (hasPart10Prefix(head)) return openDicom(candidate, start, unpackedDir);
  if (isPng(head) || isJpeg(head))
    return {
      kind: 'instance',
      instance: describePlainImage(candidate, isPng(head) ? head : start.readMore(1 << 20)),
    };
  if (isNrrd(head)) return asDerived(candidate, 'segmentation', []); // images come as something else
  if (isNifti(head))
    return { kind: 'instance', instance: describeNifti(candidate, head, fileBytes) };
  const isZip = head[0] === 0x50 && head[1] === 0x4b && (head[2] ?? 9) <= 5;
  if (isGzip(head) || isZip) {
    if (candidate.depth > 0 && isZip)
      throw new IbisError('unsupported-format', 'An archive inside an archive is not opened.');
    return {
      kind: 'more',
      candidates: isZip
        ? (await unpackZip(candidate.file, unpackedDir, signal))
            .map(memberOf(candidate))
            .filter(({ fileName }) => !isHidden(fileName))
        : [
            {
              ...candidate,
              file: await gunzipFile(candidate.file, unpackedDir, signal),
              depth: candidate.depth + 1,
            },
          ],
    };
  }
  if (guessEncoding(head) !== null) return openDicom(candidate, start, unpackedDir);
  throw new IbisError('not-dicom', 'This is not a DICOM file or an image that Ibis can read.');
}

const asDerived = (
  { file, fileName }: Candidate,
  kind: DerivedFile['kind'],
  seriesInstanceUIDs: readonly string[],
): Opened => ({ kind: 'derived', derived: { path: file, fileName, kind, seriesInstanceUIDs } });

const memberOf =
  (archive: Candidate) =>
  (member: ZipMember): Candidate => ({
    file: member.file,
    fileName: path.posix.basename(member.name),
    identity: `${archive.identity}|${member.name}`,
    depth: archive.depth + 1,
    problem: member.problem,
  });

function parseGrowing({ head, fileBytes, readMore }: FileStart): ParsedHeader {
  let bytes = head;
  for (;;) {
    const parsed = parseHeader(bytes, bytes.length >= fileBytes);
    if (parsed !== 'need-more') return parsed;
    bytes = readMore(Math.min(fileBytes, bytes.length * 16));
  }
}

const MEDIA_STORAGE_DIRECTORY = '1.2.840.10008.1.3.10';

async function openDicom(
  candidate: Candidate,
  start: FileStart,
  unpackedDir: string,
): Promise<Opened> {
  if (hasPart10Prefix(start.head) && isDeflated(start.head)) {
    const bytes = start.readMore(start.fileBytes);
    const inflated = await inflateDataSet(bytes, readFileMeta(bytes).dataStart, unpackedDir);
    const header = parseHeader(inflated.bytes, true);
    if (header !== 'need-more')
      return describe(candidate, header, inflated.file, inflated.bytes.length);
  }
  return describe(candidate, parseGrowing(start), candidate.file, start.fileBytes);
}

function isDeflated(head: Uint8Array): boolean {
  try {
    return readFileMeta(head).transferSyntaxUID === DEFLATED;
  } catch {
    return false; // a damaged header is told of by the parser
  }
}

function describe(
  candidate: Candidate,
  header: ParsedHeader,
  pixelFile: string,
  fileBytes: number,
): Opened {
  const { dataSet } = header;
  const isDirectory =
    header.mediaStorageClass === MEDIA_STORAGE_DIRECTORY ||
    dataSet.elements['x00041220'] !== undefined;
  if (isDirectory)
    return {
      kind: 'directory',
      // Referenced File ID (0004,1500): folders and file, as written on the medium.
      referenced: getItems(dataSet, 'x00041220').flatMap((record) => {
        const id = getString(record, 'x00041500');
        return id === '' ? [] : [id.split('\\').map((part) => part.trim())];
      }),
    };
  const derivedKind = findDerivedKind(header);
  if (derivedKind !== null) return asDerived(candidate, derivedKind, getReferencedSeries(dataSet));
  return {
    kind: 'instance',
    instance: describeInstance(header, {
      file: pixelFile,
      headerFile: candidate.file,
      identity: candidate.identity,
      fileBytes,
    }),
  };
}
