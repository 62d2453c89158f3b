import type { DataSet, Element as ParsedElement } from 'dicom-parser';

import { makeTextDecoder } from '../dicom/attributes.js';
import type { DecodeText } from '../dicom/attributes.js';
import {
  DOUBLE_PIXEL_DATA,
  EXPLICIT_BIG,
  FLOAT_PIXEL_DATA,
  IMPLICIT_LITTLE,
  PIXEL_DATA,
} from '../dicom/readHeader.js';
import type { Encoding } from '../dicom/readHeader.js';
import { lookUp } from './dictionary.js';

/** A data set as a tree whose values are the file's own bytes: what is not changed is written as it was. */
export type Element = Leaf | Sequence;

export interface Leaf {
  readonly tag: string; // '00100010'
  readonly vr: string;
  readonly value: Uint8Array; // of even length, in the byte order of the file
}

export interface Sequence {
  readonly tag: string;
  readonly vr: 'SQ';
  readonly items: readonly (readonly Element[])[];
}

export const isSequence = (element: Element): element is Sequence => 'items' in element;

/** Text without its padding, of a value whose characters are ASCII by its VR (UI, CS, ...); '' where there is none. */
export const readAscii = (elements: readonly Element[], tag: string): string => {
  const found = elements.find((element) => element.tag === tag);
  return found === undefined || isSequence(found)
    ? ''
    : Buffer.from(found.value)
        .toString('latin1')
        .replace(/[\0\s]+$/, '');
};

const PIXELS = new Set([PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA]);

export interface ElementTree {
  readonly elements: readonly Element[];
  readonly decode: DecodeText;
  /** Text in the data set's own character set. */
  readonly encode: (text: string) => Buffer;
  /** Where the pixel data are in the bytes that were parsed; null where there are none. */
  readonly pixels: {
    readonly tag: string;
    readonly vr: string;
    readonly offset: number;
    readonly length: number | null; // null: encapsulated, to its delimiter
  } | null;
}

const UNDEFINED_LENGTH = 0xffffffff;

function readElement(dataSet: DataSet, parsed: ParsedElement): Element | null {
  const tag = parsed.tag.slice(1);
  // Meta information is written anew (the parser puts a syntax of its own there), group lengths are retired, delimiters
  // are no values.
  if (tag.startsWith('0002') || tag.endsWith('0000') || tag.startsWith('fffe')) return null;
  // Converters write known attributes as UN too.
  const stated = parsed.vr ?? 'UN';
  const vr = stated === 'UN' ? (lookUp(tag)?.vr ?? 'UN') : stated;
  if (parsed.items !== undefined)
    return {
      tag,
      vr: 'SQ',
      items: parsed.items.map((item) =>
        item.dataSet === undefined ? [] : readElements(item.dataSet),
      ),
    };
  // Without items there is nothing in it, unless it was not looked into.
  if (vr === 'SQ' && (stated === 'SQ' || parsed.length === 0)) return { tag, vr, items: [] };
  const end = Math.min(parsed.dataOffset + parsed.length, dataSet.byteArray.length);
  const value = dataSet.byteArray.subarray(parsed.dataOffset, end);
  return {
    tag,
    vr: vr === 'SQ' ? 'UN' : vr,
    value: value.length % 2 === 0 ? value : Buffer.concat([value, padding(vr)]),
  };
}

const padding = (vr: string): Buffer => Buffer.from(/^(?:UI|O|UN)/.test(vr) ? '\0' : ' ');

const readElements = (dataSet: DataSet): readonly Element[] =>
  Object.values(dataSet.elements)
    .filter(({ tag }) => !PIXELS.has(tag))
    .flatMap((parsed) => readElement(dataSet, parsed) ?? [])
    .sort((a, b) => (a.tag < b.tag ? -1 : 1));

/** What is left out: anything behind the pixel data, which is padding, signatures, or private. */
export function readElementTree(dataSet: DataSet): ElementTree {
  const pixels = Object.values(dataSet.elements).find(({ tag }) => PIXELS.has(tag));
  return {
    elements: readElements(dataSet),
    decode: makeTextDecoder(dataSet),
    encode: makeTextEncoder(dataSet.string('x00080005') ?? ''),
    pixels:
      pixels === undefined
        ? null
        : {
            tag: pixels.tag.slice(1),
            vr: pixels.vr ?? 'OW',
            offset: pixels.dataOffset,
            length: pixels.length === UNDEFINED_LENGTH ? null : pixels.length,
          },
  };
}

/** VRs whose explicit form has a length of four bytes behind two of nothing (PS3.5 7.1.2). */
const LONG_FORM = new Set('OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' '));
const LARGEST_SHORT = 0xfffe;

/** Tag, VR and length; the length undefined where `bytes` is null. */
export function encodeElementHead(
  { tag, vr }: Pick<Element, 'tag' | 'vr'>,
  bytes: number | null,
  encoding: Encoding,
): Buffer {
  const big = encoding === EXPLICIT_BIG;
  const length = bytes ?? UNDEFINED_LENGTH;
  const implicit = encoding === IMPLICIT_LITTLE || tag.startsWith('fffe');
  const short = !implicit && !LONG_FORM.has(vr) && length <= LARGEST_SHORT;
  const head = Buffer.alloc(implicit || short ? 8 : 12);
  const writeShort = (value: number, at: number): unknown =>
    big ? head.writeUInt16BE(value, at) : head.writeUInt16LE(value, at);
  writeShort(Number.parseInt(tag.slice(0, 4), 16), 0);
  writeShort(Number.parseInt(tag.slice(4), 16), 2);
  // What no longer fits its own VR goes as UN, which has room (PS3.5 6.2.2).
  if (!implicit) head.write(short || LONG_FORM.has(vr) ? vr : 'UN', 4, 'latin1');
  if (short) writeShort(length, 6);
  else if (big) head.writeUInt32BE(length, head.length - 4);
  else head.writeUInt32LE(length, head.length - 4);
  return head;
}

const ITEM = { tag: 'fffee000', vr: 'UN' };

function encodeElement(element: Element, encoding: Encoding): readonly Uint8Array[] {
  if (!isSequence(element))
    return [encodeElementHead(element, element.value.length, encoding), element.value];
  const items = element.items.flatMap((item) => {
    const body = encodeElements(item, encoding);
    return [encodeElementHead(ITEM, body.length, encoding), body];
  });
  const bytes = items.reduce((sum, part) => sum + part.length, 0);
  return [encodeElementHead(element, bytes, encoding), ...items];
}

export const encodeElements = (elements: readonly Element[], encoding: Encoding): Buffer =>
  Buffer.concat(elements.flatMap((element) => encodeElement(element, encoding)));

const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);
/** Every character set has ASCII: words with other letters are dropped. */
const dropForeignWords = (text: string): string =>
  text
    .replaceAll(/\S*[^\x00-\x7f]\S*/g, '')
    .replaceAll(/\s{2,}/g, ' ')
    .trim();

/** For UTF-8 and Latin-1. Of other character sets only ASCII can be written. */
function makeTextEncoder(characterSet: string): (text: string) => Buffer {
  const name = characterSet.trim();
  if (name === 'ISO_IR 192') return (text) => Buffer.from(text, 'utf8');
  if (name === 'ISO_IR 100')
    return (text) =>
      Buffer.from(/^[\x00-\xff]*$/.test(text) ? text : dropForeignWords(text), 'latin1');
  return (text) => Buffer.from(isAscii(text) ? text : dropForeignWords(text), 'latin1');
}

/** A text's value, padded to an even length: of ASCII, or of bytes in the data set's own character set. */
export function textValue(text: string | Buffer, vr: string): Uint8Array {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, padding(vr)]);
}
