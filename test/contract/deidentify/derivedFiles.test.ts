import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { segmentationFormats } from '../../../src/contract/segmentationFormats.js';
import type { SegmentationData } from '../../../src/domain/segmentation.js';
import { deidentifyFiles } from '../../../src/engine/deidentify/deidentifyFiles.js';
import { exportSegmentation } from '../../../src/engine/export/exportSegmentation.js';
import { exportSession } from '../../../src/engine/export/index.js';
import type { ExportSource } from '../../../src/engine/export/index.js';
import { loadSegmentation } from '../../../src/engine/import/index.js';
import type { SeriesGrid } from '../../../src/engine/import/index.js';
import { exportInput, lopsidedMask, openSource } from '../export/exportCase.js';
import { findDicomErrors, hasDciodvfy, python } from '../export/judges.js';
import { writeSource } from '../export/makeSource.js';
import {
  drawBlack,
  listVoxels,
  makeSegmentation,
  seriesShapes,
} from '../segmentations/segmentationCase.js';
import { deidentifierOf, judge } from './deidentifyCase.js';

const workDir = mkdtempSync(path.join(tmpdir(), 'ibis-derived-'));
afterAll(() => {
  rmSync(workDir, { recursive: true, force: true });
});
const newFolder = (): string => mkdtempSync(path.join(workDir, 'out-'));

const PATIENT = /zweistein|albertine|IBIS-TEST|19700101/i;
const ROOT = '1.2.826.0.1.3680043.2.1125';
const deidentifier = deidentifierOf({ cleanDescriptors: true });

const textOf = (file: string): string => readFileSync(file, 'latin1');
const withName = (files: readonly string[], name: string): string =>
  files.find((file) => path.basename(file) === name) ?? expect.fail(`there is no ${name}`);

describe('What is exported of a series beside its de-identified copy', () => {
  let source: ExportSource;
  let copied: ExportSource;
  let data: SegmentationData;
  let written: readonly string[];

  beforeAll(async () => {
    const shape = seriesShapes.find(
      ({ name }) => name === 'a series stored in reverse order',
    )?.shape;
    if (shape === undefined) throw new Error('there is no such series');
    const folder = path.join(newFolder(), 'series');
    writeSource(folder, { ...shape, patientName: 'Zweistein^Albertine' });
    source = await openSource(folder, { axis: 'acquired' }, workDir);
    const outDir = newFolder();
    await deidentifyFiles(
      readdirSync(folder).map((name) => path.join(folder, name)),
      deidentifier,
      { outDir },
    );
    copied = await openSource(outDir, { axis: 'acquired' }, workDir);
    const made = makeSegmentation(source);
    // A name that a user wrote, with the patient's in it.
    data = {
      ...made,
      segmentationLabel: 'Zweistein, first reading',
      segments: made.segments.map(({ segment, slices }) => ({
        slices,
        segment: { ...segment, segmentLabel: `${segment.segmentLabel} of Albertine` },
      })),
    };
    const { files } = await exportSegmentation(
      {
        data,
        source,
        sourceName: 'series-3',
        measure: async (segmentNumber) => ({
          segmentNumber,
          voxelCount: 1,
          volumeMl: 0.1,
          longestAxisMm: 5,
          acrossAxesMm: [4, 3],
          values: null,
        }),
        drawSlice: () => Promise.resolve(drawBlack(source)),
        software: { name: 'Ibis', version: '0.1.0' },
        now: new Date(2026, 0, 2, 3, 4, 5),
        deidentifier,
      },
      segmentationFormats,
      newFolder(),
    );
    written = files;
  }, 60_000);

  it('names nobody, in no format', () => {
    expect(written.length).toBeGreaterThan(segmentationFormats.length);
    for (const file of written) {
      expect(file).not.toMatch(PATIENT);
      if (/\.(?:gz|nrrd|png)$/.test(file)) continue; // packed
      expect(textOf(file), path.basename(file)).not.toMatch(PATIENT);
      expect(textOf(file), path.basename(file)).not.toContain(ROOT);
    }
    expect(textOf(withName(written, 'segmentation.seg.nrrd'))).not.toMatch(PATIENT);
  });

  const gridOfCopy = (): SeriesGrid => ({
    geometry: copied.geometry,
    seriesInstanceUID: deidentifier.mapUid(`${ROOT}.1.1`),
    frameOfReferenceUID: deidentifier.mapUid(`${ROOT}.1.2`),
    images: copied.images.map(({ info }) => info),
  });

  it.each(['segmentation.dcm', 'segmentation-labelmap.dcm', 'rtstruct.dcm'])(
    '%s lies on the copy, voxel for voxel, and nowhere else',
    async (name) => {
      const file = withName(written, name);
      const imported = await loadSegmentation(file, gridOfCopy());
      expect(listVoxels(imported.data)).toEqual(listVoxels(data));
      expect(imported.data.segments.map(({ segment }) => segment.segmentLabel)).toEqual([
        expect.stringContaining('ring'),
        expect.stringMatching(/^Läsion of/),
        expect.stringMatching(/^block of/),
      ]);
      await expect(
        loadSegmentation(file, {
          ...gridOfCopy(),
          seriesInstanceUID: `${ROOT}.1.1`,
          frameOfReferenceUID: `${ROOT}.1.2`,
          images: source.images.map(({ info }) => info),
        }),
      ).rejects.toThrow(/frame of reference|images/i);
    },
  );

  it('names the slices of the copy in COCO', () => {
    const coco = JSON.parse(textOf(withName(written, 'coco.json'))) as {
      images: { file_name: string }[];
    };
    expect(coco.images.map((each) => each.file_name)).toEqual(
      copied.images.map(({ info }) => info.sopInstanceUID),
    );
  });

  it.skipIf(python === null)('is read by pydicom (needs .venv)', () => {
    const objects = written.filter((file) => file.endsWith('.dcm'));
    for (const { values } of judge(objects)) {
      expect(values['00120062']).toBe('YES');
      expect(values['00100010']).toMatch(/^IBIS-/);
      expect(values['0020000d']).toBe(deidentifier.mapUid(`${ROOT}.1`));
    }
  });

  it.skipIf(!hasDciodvfy)('has no error for dciodvfy (needs dciodvfy)', () => {
    for (const name of ['segmentation.dcm', 'rtstruct.dcm'])
      expect(findDicomErrors(withName(written, name)), name).toEqual([]);
  });

  it('is a session whose trace and mask name nobody either', async () => {
    const input = exportInput(source, lopsidedMask(source), {
      prompt: 'Segment the nodule of Mrs Zweistein.',
      deidentifier,
    });
    const { session } = input;
    const settings = { ...session.settings, seriesInstanceUID: `${ROOT}.1.1` };
    const { files } = await exportSession(
      {
        ...input,
        session: { ...session, settings },
        reviews: [
          {
            verdict: 'approved',
            reviewer: 'Rita Reader',
            comment: 'Albertine again',
            stepIndex: 0,
            reviewedAt: '2026-01-02T00:00:00.000Z',
          },
        ],
      },
      ['seg', 'trace'],
      newFolder(),
    );
    for (const name of ['seg.dcm', 'trace.jsonl']) {
      const text = textOf(withName(files, name));
      expect(text).not.toMatch(PATIENT);
      expect(text).not.toMatch(/Rita|Reader/);
      expect(text).not.toContain(ROOT);
    }
    expect(textOf(withName(files, 'trace.jsonl'))).toContain(deidentifier.mapUid(`${ROOT}.1.1`));
  });
});
