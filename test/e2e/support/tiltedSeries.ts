import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect } from '@playwright/test';

import { ctSlice, dicomElement, encodePart10, uid } from '../../fixtures/makeSeries.js';
import { imagePane, type ImagePane } from '../pages/imagePane.js';
import { makeFolder } from './folder.js';
import { launchIbis, type LaunchedIbis } from './launch.js';

/**
 * A series as an awkward scanner might store it: tilted by 25 degrees, both image axes against the canonical
 * orientation, slices in reverse, anisotropic, rescaled. Every pixel says where it was stored.
 */
export const tiltedShape = {
  columns: 200,
  rows: 160,
  slices: 9,
  columnMm: 0.8,
  rowMm: 0.6,
  sliceMm: 3,
} as const;
const tilt = (25 * Math.PI) / 180;
const SLOPE = 0.5;
const INTERCEPT = -100;

/** Modality value at a pixel of the canonical slice: the stored image turned by half. */
export function tiltedValueAt(column: number, row: number, k: number): number {
  const { rows, columns } = tiltedShape;
  const stored = (rows - 1 - row) * columns + (columns - 1 - column) + k * 3000;
  return stored * SLOPE + INTERCEPT;
}

function writeTiltedSeries(folder: string): void {
  const { columns, rows, slices, columnMm, rowMm, sliceMm } = tiltedShape;
  for (let sliceIndex = 0; sliceIndex < slices; sliceIndex++) {
    const elements = ctSlice({
      seriesNumber: 7,
      sliceIndex,
      instanceNumber: slices - sliceIndex,
      rows,
      columns,
      spacingMm: [columnMm, rowMm, sliceMm],
      origin: [0, 0, 0],
      columnDirection: [-1, 0, 0],
      rowDirection: [0, -Math.cos(tilt), -Math.sin(tilt)],
      pixels: new Uint16Array(columns * rows).map((_, p) => p + sliceIndex * 3000),
      extra: [
        dicomElement(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.4'), // MR Image Storage
        dicomElement(0x00080060, 'CS', 'MR'),
        dicomElement(0x00081030, 'LO', 'Tilted'),
        dicomElement(0x0008103e, 'LO', 'Stored against the grain'),
        dicomElement(0x00100010, 'PN', 'Viewer^Test'),
        dicomElement(0x00100020, 'LO', 'V-1'),
        dicomElement(0x0020000d, 'UI', uid(7)),
        dicomElement(0x00280101, 'US', [16]),
        dicomElement(0x00280102, 'US', [15]),
        dicomElement(0x00281050, 'DS', '8000'),
        dicomElement(0x00281051, 'DS', '16000'),
        dicomElement(0x00281052, 'DS', String(INTERCEPT)),
        dicomElement(0x00281053, 'DS', String(SLOPE)),
      ],
    });
    writeFileSync(path.join(folder, `${String(sliceIndex)}.dcm`), encodePart10(elements));
  }
}

/** The window with the series in its middle slice, and further paths after it. */
export async function openTiltedSeries(...more: readonly string[]): Promise<{
  readonly ibis: LaunchedIbis;
  readonly image: ImagePane;
  readonly close: () => Promise<void>;
}> {
  const { folder, remove } = makeFolder('tilted');
  writeTiltedSeries(folder);
  const ibis = await launchIbis({ args: [folder, ...more] });
  const image = imagePane(ibis.page);
  await expect(image.slice).toHaveText(`5 / ${String(tiltedShape.slices)}`, { timeout: 60_000 });
  const close = async (): Promise<void> => {
    await ibis.close();
    remove();
  };
  return { ibis, image, close };
}
