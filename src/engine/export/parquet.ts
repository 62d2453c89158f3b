import { parquetWriteBuffer } from 'hyparquet-writer';
import type { SchemaElement } from 'hyparquet-writer';

/** Tables of nested columns as Parquet, with what Hugging Face's `datasets` says of their types. */

export type Field =
  | { readonly kind: 'string' | 'bytes' | 'int64' }
  /** A struct of bytes and path, which `datasets` opens as a picture. */
  | { readonly kind: 'image' }
  | { readonly kind: 'list'; readonly of: Field }
  | { readonly kind: 'struct'; readonly fields: Readonly<Record<string, Field>> };

export const string: Field = { kind: 'string' };
export const int64: Field = { kind: 'int64' };
export const bytes: Field = { kind: 'bytes' };
export const image: Field = { kind: 'image' };
export const list = (of: Field): Field => ({ kind: 'list', of });
export const struct = (fields: Readonly<Record<string, Field>>): Field => ({
  kind: 'struct',
  fields,
});

const group = (
  name: string,
  children: number,
  more: Partial<SchemaElement> = {},
): SchemaElement => ({ name, repetition_type: 'OPTIONAL', num_children: children, ...more });

/** The elements of a column, as Parquet lists them: a group before its members; lists with three levels. */
function toSchema(name: string, field: Field): SchemaElement[] {
  switch (field.kind) {
    case 'string':
      return [{ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' }];
    case 'bytes':
      return [{ name, type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' }];
    case 'int64':
      return [{ name, type: 'INT64', repetition_type: 'OPTIONAL' }];
    case 'image':
      return toSchema(name, struct({ bytes, path: string }));
    case 'list':
      return [
        group(name, 1, { converted_type: 'LIST' }),
        group('list', 1, { repetition_type: 'REPEATED' }),
        ...toSchema('element', field.of),
      ];
    case 'struct': {
      const members = Object.entries(field.fields);
      return [
        group(name, members.length),
        ...members.flatMap(([member, type]) => toSchema(member, type)),
      ];
    }
  }
}

function toFeature(field: Field): object {
  switch (field.kind) {
    case 'string':
    case 'int64':
      return { dtype: field.kind, _type: 'Value' };
    case 'bytes':
      return { dtype: 'binary', _type: 'Value' };
    case 'image':
      return { _type: 'Image' };
    case 'list':
      return { feature: toFeature(field.of), _type: 'List' };
    case 'struct':
      return toFeatures(field.fields);
  }
}

const toFeatures = (fields: Readonly<Record<string, Field>>): object =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, toFeature(field)]));

/** Whole numbers are BigInts, as Parquet's 64 bits ask. */
export function encodeParquet(
  columns: Readonly<Record<string, Field>>,
  rows: readonly Readonly<Record<string, unknown>>[],
): Uint8Array {
  const names = Object.entries(columns);
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: names.map(([name]) => ({ name, data: rows.map((row) => row[name]) })),
      schema: [
        { name: 'schema', num_children: names.length },
        ...names.flatMap(([name, field]) => toSchema(name, field)),
      ],
      kvMetadata: [
        {
          key: 'huggingface',
          value: JSON.stringify({ info: { features: toFeatures(columns) } }),
        },
      ],
    }),
  );
}
