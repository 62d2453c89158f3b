import { createReadStream, createWriteStream } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

import { IbisError } from '../../contract/errors.js';
import type { FileHeader } from '../dicom/parseFileHeader.js';
import { DEFLATED, encodingOf, EXPLICIT_LITTLE } from '../dicom/readHeader.js';
import { IMPLEMENTATION_CLASS_UID } from '../export/writeDicom.js';
import { encodeElementHead, encodeElements, readAscii, textValue } from './elements.js';
import type { Element, ElementTree } from './elements.js';

/** DICOM files of changed elements, whose pixel data are the bytes that they were. */

/**
 * Preamble, meta group and data set up to the pixel data. The preamble is zero (it may hold another file's header), and
 * the meta group is written anew: it may name applications and hold private data.
 */
export function encodeHead(elements: readonly Element[], transferSyntaxUID: string): Buffer {
  const uid = (tag: string, text: string): Element => ({
    tag,
    vr: 'UI',
    value: textValue(text, 'UI'),
  });
  const meta = encodeElements(
    [
      { tag: '00020001', vr: 'OB', value: Uint8Array.of(0, 1) },
      uid('00020002', readAscii(elements, '00080016')),
      uid('00020003', readAscii(elements, '00080018')),
      uid('00020010', transferSyntaxUID),
      uid('00020012', IMPLEMENTATION_CLASS_UID),
      { tag: '00020013', vr: 'SH', value: textValue('IBIS', 'SH') },
    ],
    EXPLICIT_LITTLE,
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    encodeElementHead({ tag: '00020000', vr: 'UL' }, length.length, EXPLICIT_LITTLE),
    length,
    meta,
    encodeElements(elements, encodingOf(transferSyntaxUID)),
  ]);
}

/** Deflated data sets are written inflated: their pixels could not be found otherwise. */
const syntaxWritten = ({ transferSyntaxUID }: FileHeader): string =>
  transferSyntaxUID === DEFLATED ? EXPLICIT_LITTLE : transferSyntaxUID;

const ITEM = 0xe000fffe;
const END = 0xe0ddfffe;

/** Where encapsulated pixel data end that begin at `offset`: behind their delimiter. Fragments are stepped over. */
async function findEnd(file: string, offset: number): Promise<number> {
  const handle = await open(file);
  try {
    const head = Buffer.alloc(8);
    for (let at = offset; ;) {
      const { bytesRead } = await handle.read(head, 0, 8, at);
      const tag = bytesRead === 8 ? head.readUInt32LE(0) : 0;
      if (tag === END) return at + 8;
      // Some writers leave the delimiter out at the end of the file.
      if (bytesRead === 0) return at;
      if (tag !== ITEM)
        throw new IbisError('broken-file', 'The file is damaged: its pixel data end too early.');
      at += 8 + head.readUInt32LE(4);
    }
  } finally {
    await handle.close();
  }
}

/** Writes `elements` and the pixel data of `file` to `target`. Rejects with what node:fs throws, or IbisError. */
export async function writeWithPixels(
  target: string,
  elements: readonly Element[],
  source: { readonly file: string; readonly header: FileHeader; readonly tree: ElementTree },
): Promise<void> {
  const { file, header, tree } = source;
  const syntax = syntaxWritten(header);
  const head = encodeHead(elements, syntax);
  const { pixels } = tree;
  if (pixels === null) {
    await writeFile(target, head, { flag: 'wx' });
    return;
  }
  const pixelHead = encodeElementHead(pixels, pixels.length, encodingOf(syntax));
  await writeFile(target, Buffer.concat([head, pixelHead]), { flag: 'wx' });
  const begin = (header.inflated === null ? header.dataStart : 0) + pixels.offset;
  if (header.inflated !== null) {
    const bytes = header.inflated.subarray(begin, begin + (pixels.length ?? 0));
    await writeFile(target, bytes, { flag: 'a' });
    return;
  }
  const end = pixels.length === null ? await findEnd(file, begin) : begin + pixels.length;
  if (end > header.fileBytes)
    throw new IbisError(
      'broken-file',
      'The file is cut short: its pixel data end too early. Copy it again from its source.',
    );
  if (end > begin)
    await pipeline(
      createReadStream(file, { start: begin, end: end - 1 }),
      createWriteStream(target, { flags: 'a' }),
    );
}
