import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { ctSlice, dicomElement, encodePart10 } from '../../fixtures/makeSeries.js';

/** A CT whose every pixel is known, in HU. Pixels are not square. */
export const ctShape = {
  columns: 96,
  rows: 80,
  slices: 6,
  columnMm: 0.8,
  rowMm: 0.6,
  sliceMm: 2.5,
} as const;

/** As the files have it: no preset. */
export const ctWindow = { centre: 100, width: 700 } as const;

export const ctValueAt = (column: number, row: number, k: number, phase = 0): number =>
  4 * column - 3 * row + 20 * k + 300 * phase - 100;

/** One file a slice and phase; several phases are time points at the same positions. */
export function writeKnownCt(
  folder: string,
  { seriesNumber = 1, phases = 1 }: { seriesNumber?: number; phases?: number } = {},
): void {
  const { columns, rows, slices, columnMm, rowMm, sliceMm } = ctShape;
  for (let phase = 0; phase < phases; phase++)
    for (let k = 0; k < slices; k++) {
      const instanceNumber = phase * slices + k + 1;
      const pixels = new Uint16Array(columns * rows).map(
        (_, p) => ctValueAt(p % columns, Math.floor(p / columns), k, phase) + 1024,
      );
      const elements = ctSlice({
        seriesNumber,
        sliceIndex: k,
        instanceNumber,
        rows,
        columns,
        spacingMm: [columnMm, rowMm, sliceMm],
        pixels,
        extra: [
          dicomElement(0x00281050, 'DS', String(ctWindow.centre)),
          dicomElement(0x00281051, 'DS', String(ctWindow.width)),
          dicomElement(0x0008103e, 'LO', phases > 1 ? `${String(phases)} time points` : 'Known'),
          ...(phases > 1 ? [dicomElement(0x00200100, 'IS', String(phase + 1))] : []),
        ],
      });
      const name = `${String(seriesNumber)}-${String(instanceNumber)}.dcm`;
      writeFileSync(path.join(folder, name), encodePart10(elements));
    }
}
