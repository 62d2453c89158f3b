import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

import { IbisError } from '../../contract/errors.js';
import { NIFTI_HEADER_BYTES, readNiftiHeader } from '../dicom/nifti.js';
import { isPng } from '../dicom/plainImage.js';
import { toWriteError } from '../export/madeFile.js';

/** Copies of images that are not DICOM, with nothing in them but what draws them: the rest may name anybody. */

const broken = (): IbisError =>
  new IbisError('broken-file', 'The image is damaged, so nothing can be taken out of it.');

/** Fields of text: [first byte, bytes]. Of NIfTI-1: data_type, db_name, descrip, aux_file, intent_name. */
const NIFTI_1_TEXTS = [
  [4, 10],
  [14, 18],
  [148, 80],
  [228, 24],
  [328, 16],
] as const;
/** Of NIfTI-2: descrip, aux_file, intent_name, unused_str. */
const NIFTI_2_TEXTS = [
  [240, 80],
  [320, 24],
  [508, 16],
  [525, 15],
] as const;
const NIFTI_2_BYTES = 540;

/** The header without its texts and without extensions, up to where the voxels begin, and how many bytes these take. */
function bareNiftiHead(head: Buffer): { readonly bare: Buffer; readonly voxelBytes: number } {
  const { geometry, volumeCount, bytesPerVoxel, dataOffset } = readNiftiHeader(head);
  const isSecond = [head.readInt32LE(0), head.readInt32BE(0)].includes(NIFTI_2_BYTES);
  const bare = Buffer.alloc(dataOffset); // zeros behind the header: no extensions
  head.copy(bare, 0, 0, isSecond ? NIFTI_2_BYTES : 348);
  for (const [at, bytes] of isSecond ? NIFTI_2_TEXTS : NIFTI_1_TEXTS) bare.fill(0, at, at + bytes);
  const [columns, rows, slices] = geometry.dimensions;
  return { bare, voxelBytes: columns * rows * slices * volumeCount * bytesPerVoxel };
}

async function copyNifti(file: string, target: string): Promise<void> {
  const head = Buffer.alloc(NIFTI_HEADER_BYTES);
  const handle = await open(file);
  await handle.read(head).finally(() => handle.close());
  const { bare, voxelBytes } = bareNiftiHead(head);
  await writeFile(target, bare, { flag: 'wx' });
  await pipeline(
    createReadStream(file, { start: bare.length, end: bare.length + voxelBytes - 1 }),
    createWriteStream(target, { flags: 'a' }),
  );
}

const PNG_SIGNATURE_BYTES = 8;
const PNG_CHUNKS = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND']);

/** Only the chunks that hold pixels and colours; nothing behind the last. */
export function barePng(bytes: Buffer): Buffer {
  const kept = [bytes.subarray(0, PNG_SIGNATURE_BYTES)];
  for (let at = PNG_SIGNATURE_BYTES; ;) {
    if (at + 12 > bytes.length) throw broken();
    const type = bytes.toString('latin1', at + 4, at + 8);
    const end = at + 12 + bytes.readUInt32BE(at); // length, type, data, checksum
    if (end > bytes.length) throw broken();
    if (PNG_CHUNKS.has(type)) kept.push(bytes.subarray(at, end));
    if (type === 'IEND') return Buffer.concat(kept);
    at = end;
  }
}

const [SCAN, END_OF_IMAGE, COMMENT, APP_0, APP_14, APP_15] = [0xda, 0xd9, 0xfe, 0xe0, 0xee, 0xef];
/** Of 'JFIF' up to its thumbnail. */
const JFIF_BYTES = 14;

/** What of a segment is kept: how colours are stored, but no thumbnail, Exif block, profile or comment. */
function bareSegment(marker: number, segment: Buffer): Buffer {
  if (marker === APP_0 && segment.toString('latin1', 4, 8) === 'JFIF') {
    const head = Buffer.from(segment.subarray(0, 4 + JFIF_BYTES));
    head.writeUInt16BE(2 + JFIF_BYTES, 2);
    head.writeUInt16BE(0, 4 + JFIF_BYTES - 2); // no thumbnail
    return head;
  }
  const isOther = marker === COMMENT || (marker >= APP_0 && marker <= APP_15 && marker !== APP_14);
  return isOther ? Buffer.alloc(0) : segment;
}

/** Where entropy-coded data end that begin at `at`: at the next marker that is none of its own. */
function findMarker(bytes: Buffer, at: number): number {
  for (let found = bytes.indexOf(0xff, at); found >= 0; found = bytes.indexOf(0xff, found + 1)) {
    const next = bytes[found + 1] ?? 0xff;
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return found;
  }
  throw broken();
}

/** Without what describes the picture; nothing behind its end. */
export function bareJpeg(bytes: Buffer): Buffer {
  const kept = [bytes.subarray(0, 2)];
  for (let at = 2; ;) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++; // fill bytes
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker === undefined) throw broken();
    if (marker === END_OF_IMAGE) return Buffer.concat([...kept, bytes.subarray(at, at + 2)]);
    if (at + 4 > bytes.length) throw broken();
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) throw broken();
    kept.push(bareSegment(marker, bytes.subarray(at, end)));
    const next = marker === SCAN ? findMarker(bytes, end) : end;
    kept.push(bytes.subarray(end, next));
    at = next;
  }
}

async function copyPicture(file: string, target: string): Promise<void> {
  const bytes = await readFile(file);
  await writeFile(target, isPng(bytes) ? barePng(bytes) : bareJpeg(bytes), { flag: 'wx' });
}

/**
 * Copies NIfTI files or pictures (PNG, JPEG) to `targets`, of the same order. Rejects with IbisError where one is damaged
 * or cannot be written; none is left half.
 */
export async function copyBareImages(
  files: readonly string[],
  kind: 'nifti' | 'image',
  targets: readonly string[],
): Promise<void> {
  for (const [at, file] of files.entries()) {
    const target = targets[at];
    if (target === undefined) throw new Error('each image needs a place');
    try {
      await mkdir(path.dirname(target), { recursive: true });
      await (kind === 'nifti' ? copyNifti(file, target) : copyPicture(file, target));
    } catch (thrown) {
      await rm(target, { force: true });
      throw toWriteError(thrown);
    }
  }
}
