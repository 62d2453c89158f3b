import { readFileSync } from 'node:fs';
import path from 'node:path';

import { CsvError, parse } from 'csv-parse/sync';
import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import type { BatchCase } from '../../domain/batchCase.js';

export const listColumns = ['path', 'prompt', 'series', 'axis', 'slice', 'phase'] as const;
type ListColumn = (typeof listColumns)[number];
const REQUIRED_COLUMNS: readonly ListColumn[] = ['path', 'prompt'];

const wholeNumber = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number from 0 on')
  .transform(Number);
const sliceNumber = z.union([z.literal('middle'), wholeNumber], {
  error: 'must be a whole number from 0 on, or "middle"',
});
/** A column that is left out, or empty in a row, is as its option of `ibis segment` left out. */
const orLeftOut = <Shape extends z.ZodType>(shape: Shape) =>
  z.preprocess((cell) => (cell === '' ? undefined : cell), shape);

const rowSchema = z.object({
  path: z.string().min(1, 'is empty'),
  prompt: z
    .string()
    .trim()
    .min(1, 'Say in words what to segment.')
    .max(2000, 'It may have 2000 characters at most.'), // as `startSession` takes it
  series: z.string().transform((uid) => (uid === '' ? null : uid)),
  axis: orLeftOut(z.enum(['acquired', 'axial', 'coronal', 'sagittal']).default('acquired')),
  slice: orLeftOut(sliceNumber.nullable().default(null)),
  phase: orLeftOut(wholeNumber.default(0)),
});

const recordsSchema = z.array(
  z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) }),
);

const broken = (sentence: string): IbisError => new IbisError('broken-file', sentence);

/** Where each known column stands. */
function readHeader(header: readonly string[]): ReadonlyMap<ListColumn, number> {
  const places = new Map<ListColumn, number>();
  const named = `The first line of the list must name its columns: ${listColumns.join(',')}, separated by commas (${REQUIRED_COLUMNS.join(' and ')} are needed).`;
  for (const [index, word] of header.entries()) {
    const column = listColumns.find((candidate) => candidate === word);
    if (column === undefined) throw broken(`${named} It has "${word}".`);
    if (places.has(column)) throw broken(`${named} It has "${word}" twice.`);
    places.set(column, index);
  }
  const missing = REQUIRED_COLUMNS.find((column) => !places.has(column));
  if (missing !== undefined) throw broken(`${named} It has no "${missing}".`);
  return places;
}

function readRecords(text: string): z.infer<typeof recordsSchema> {
  try {
    return recordsSchema.parse(
      parse(text, { bom: true, trim: true, skip_empty_lines: true, info: true }),
    );
  } catch (thrown) {
    if (thrown instanceof CsvError) throw broken(`The list is not valid CSV: ${thrown.message}.`);
    throw thrown;
  }
}

/** Text of a list -> its cases, in order; `folder` is what relative paths start from. Throws 'broken-file'. */
export function parseBatchList(text: string, folder: string): readonly BatchCase[] {
  const [header, ...records] = readRecords(text);
  const places = readHeader(header?.record ?? []);
  if (records.length === 0) throw broken('The list has no rows below its header.');
  const lineOfCase = new Map<string, number>();
  return records.map(({ record, info }) => {
    const line = info.lines;
    const cells = Object.fromEntries(
      listColumns.map((column) => [column, record[places.get(column) ?? -1] ?? '']),
    );
    const parsed = rowSchema.safeParse(cells);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw broken(
        `Line ${line} of the list: ${issue?.path.join('.') ?? ''} "${cells[String(issue?.path[0])] ?? ''}": ${issue?.message ?? ''}`,
      );
    }
    const { series: seriesUID, axis, slice: sliceIndex, phase: phaseIndex, prompt } = parsed.data;
    const asked = { path: path.resolve(folder, parsed.data.path), prompt, seriesUID, axis };
    const batchCase = { line, ...asked, sliceIndex, phaseIndex };
    const key = JSON.stringify({ ...batchCase, line: 0 });
    const earlier = lineOfCase.get(key);
    if (earlier !== undefined)
      throw broken(`Lines ${earlier} and ${line} of the list ask the same. Take one of them out.`);
    lineOfCase.set(key, line);
    return batchCase;
  });
}

/** Reads and checks the whole list before anything runs. Relative paths start from the list's folder. */
export function loadBatchList(file: string): readonly BatchCase[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new IbisError('not-found', `The list ${file} cannot be read.`, { cause });
  }
  return parseBatchList(text, path.dirname(path.resolve(file)));
}
