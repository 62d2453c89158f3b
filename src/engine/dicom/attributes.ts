import type { DataSet } from 'dicom-parser';

import type { Vec3 } from '../../domain/geometry.js';

/** Typed reading of elements. Tags are written as dicom-parser does: 'x00280010'. Nothing here throws on bad values. */

// Specific Character Set (0008,0005) -> the label of a TextDecoder. PS3.3 C.12.1.1.2.
const encodings: Readonly<Record<string, string>> = {
  'ISO_IR 192': 'utf-8',
  GB18030: 'gb18030',
  GBK: 'gbk',
  'ISO_IR 13': 'shift_jis',
  'ISO_IR 100': 'iso-8859-1',
  'ISO_IR 101': 'iso-8859-2',
  'ISO_IR 109': 'iso-8859-3',
  'ISO_IR 110': 'iso-8859-4',
  'ISO_IR 144': 'iso-8859-5',
  'ISO_IR 127': 'iso-8859-6',
  'ISO_IR 126': 'iso-8859-7',
  'ISO_IR 138': 'iso-8859-8',
  'ISO_IR 148': 'iso-8859-9',
  'ISO_IR 203': 'iso-8859-15',
  'ISO_IR 166': 'windows-874',
  'ISO 2022 IR 87': 'iso-2022-jp',
  'ISO 2022 IR 159': 'iso-2022-jp',
  'ISO 2022 IR 149': 'euc-kr',
  'ISO 2022 IR 58': 'gb2312',
};

export type DecodeText = (bytes: Uint8Array) => string;

/** The decoder of the data set's text, by its Specific Character Set; Latin-1 where it is absent or unknown. */
export function makeTextDecoder(dataSet: DataSet): DecodeText {
  const names = (dataSet.string('x00080005') ?? '').split('\\').map((name) => name.trim());
  const label =
    names
      .map((name) => encodings[name] ?? encodings[name.replace('ISO 2022 IR', 'ISO_IR')])
      .findLast((name) => name !== undefined) ?? 'iso-8859-1';
  const decoder = new TextDecoder(label);
  // The other ISO 2022 escapes choose sets that the decoder already expects: drop them.
  const keepEscapes = label === 'iso-2022-jp';
  return (bytes) => {
    const text = decoder.decode(bytes);
    return keepEscapes ? text : text.replace(/\x1b[\x20-\x2f]+[\x30-\x7e]/g, '');
  };
}

export function getText(dataSet: DataSet, tag: string, decode: DecodeText): string {
  const element = dataSet.elements[tag];
  if (element === undefined || element.length <= 0) return '';
  const bytes = dataSet.byteArray.subarray(
    element.dataOffset,
    element.dataOffset + Math.min(element.length, 4096),
  );
  return decode(bytes)
    .replace(/[\x00\s]+$/, '')
    .trimStart();
}

export const getString = (dataSet: DataSet, tag: string): string =>
  (dataSet.string(tag) ?? '').trim();

/** YYYYMMDD; '' when absent or no date. The old form YYYY.MM.DD is taken too. */
export const getDate = (dataSet: DataSet, tag: string): string => {
  const digits = getString(dataSet, tag).replaceAll('.', '');
  return /^\d{8}$/.test(digits) ? digits : '';
};

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

export const getUint16 = (dataSet: DataSet, tag: string): number | null => {
  const element = dataSet.elements[tag];
  return element !== undefined && element.length >= 2 ? finite(dataSet.uint16(tag)) : null;
};

/** A decimal or integer string (DS, IS). */
export const getNumber = (dataSet: DataSet, tag: string, index = 0): number | null => {
  const parts = getString(dataSet, tag).split('\\');
  const text = (parts[index] ?? '').trim();
  return text === '' ? null : finite(Number(text));
};

/** A double (FD), or a decimal string where the element is stored as one. */
export const getDouble = (dataSet: DataSet, tag: string): number | null => {
  const element = dataSet.elements[tag];
  if (element === undefined) return null;
  if (element.vr === 'DS' || element.vr === 'IS') return getNumber(dataSet, tag);
  return element.length >= 8 ? finite(dataSet.double(tag)) : null;
};

export function getNumbers(dataSet: DataSet, tag: string): readonly number[] | null {
  const text = getString(dataSet, tag);
  if (text === '') return null;
  const values = text.split('\\').map(Number);
  return values.every(Number.isFinite) ? values : null;
}

export function getVec3(dataSet: DataSet, tag: string): Vec3 | null {
  const values = getNumbers(dataSet, tag);
  if (values === null) return null;
  const [x, y, z] = values;
  return x === undefined || y === undefined || z === undefined ? null : [x, y, z];
}

export const getItems = (dataSet: DataSet, tag: string): readonly DataSet[] =>
  (dataSet.elements[tag]?.items ?? []).flatMap((item) =>
    item.dataSet === undefined ? [] : [item.dataSet],
  );

export const getFirstItem = (dataSet: DataSet | null, tag: string): DataSet | null =>
  dataSet === null ? null : (getItems(dataSet, tag)[0] ?? null);
