import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

import type { Mask } from '../../../src/domain/mask.js';

const folder = path.join(import.meta.dirname, '../../fixtures/parity');

/** The cases of one parity file, checked against the shape that the test expects. */
export function loadParityCases<Shape extends z.ZodType>(
  name: string,
  shape: Shape,
): z.infer<Shape>[] {
  const file = z.object({ schemaVersion: z.literal(1), cases: z.array(shape).min(1) });
  return file.parse(JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8'))).cases;
}

export const rowsSchema = z.array(z.array(z.number()));

export const maskOfRows = (rows: readonly (readonly number[])[]): Mask => ({
  width: rows[0]?.length ?? 0,
  height: rows.length,
  data: Uint8Array.from(rows.flat()),
});

export const rowsOf = (data: ArrayLike<number>, width: number): number[][] =>
  Array.from({ length: data.length / width }, (_, row) =>
    Array.from({ length: width }, (_unused, column) => data[row * width + column] ?? NaN),
  );
