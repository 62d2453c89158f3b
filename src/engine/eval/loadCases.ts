import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import { computeSlicePlane } from '../../domain/plane.js';
import { computePercentileWindow, extractSlice } from '../../domain/slice.js';
import { renderSliceImage } from '../agent/sliceImage.js';
import { findTruths, selectSlices } from './selectCases.js';
import type { Target, TargetsFile } from '../../contract/targets.js';
import type { VolumeGeometry } from '../../domain/geometry.js';
import type { Mask } from '../../domain/mask.js';
import type { SlicePlane } from '../../domain/plane.js';
import type { IntensityWindow, Volume } from '../../domain/study.js';
import type { SliceImage } from '../agent/types.js';

/** One slice with the truth of one target. */
export interface EvalCase {
  readonly caseId: string; // dataset/file/target/slice, and /instance where each part is a case
  readonly fileName: string;
  readonly target: Target;
  readonly slice: SliceImage;
  readonly truth: Mask;
  readonly geometry: VolumeGeometry;
  readonly plane: SlicePlane;
  readonly sliceIndex: number;
}

export type ReadVolume = (file: string, signal: AbortSignal) => Promise<Volume>;

/** Where the files of a split lie. */
export interface DatasetFiles {
  readonly datasetDir: string;
  readonly names: readonly string[];
  readonly truthFolder: 'masks' | 'labels';
}

/** Null where it is no JSON, which no schema here takes. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const splitSchema = z.record(z.string(), z.array(z.string()));

/** `images/`, `masks/` or `labels/`, and optionally `split.json`; without one every image is in every split. */
export async function findDatasetFiles(datasetDir: string, split: string): Promise<DatasetFiles> {
  const hasFolder = (name: string): boolean => existsSync(path.join(datasetDir, name));
  const truthFolder = hasFolder('masks') ? 'masks' : 'labels';
  if (!hasFolder('images') || !hasFolder(truthFolder))
    throw new IbisError(
      'not-found',
      'A data set is a folder with "images" and "masks" (or "labels") in it; this is none.',
    );
  const splitFile = path.join(datasetDir, 'split.json');
  if (!existsSync(splitFile)) {
    const names = await readdir(path.join(datasetDir, 'images'));
    return { datasetDir, truthFolder, names: names.filter((name) => !name.startsWith('.')).sort() };
  }
  const parsed = splitSchema.safeParse(parseJson(await readFile(splitFile, 'utf8')));
  if (!parsed.success)
    throw new IbisError('broken-file', 'split.json must hold a list of file names for each split.');
  const names = parsed.data[split];
  if (names === undefined)
    throw new IbisError(
      'usage',
      `The data set has no split "${split}". It has ${Object.keys(parsed.data).join(', ')}.`,
    );
  return { datasetDir, truthFolder, names };
}

/** One SHA-256 over the names and contents of all images and truths of the split. */
export async function hashDataset({
  datasetDir,
  names,
  truthFolder,
}: DatasetFiles): Promise<{ files: number; sha256: string }> {
  const whole = createHash('sha256');
  const relative = names.flatMap((name) => [`images/${name}`, `${truthFolder}/${name}`]).sort();
  for (const file of relative) {
    const content = createHash('sha256').update(await readFile(path.join(datasetDir, file)));
    whole.update(`${content.digest('hex')}  ${file}\n`);
  }
  return { files: relative.length, sha256: whole.digest('hex') };
}

/** The cases of one file. */
export async function loadFileCases(
  { datasetDir, truthFolder }: DatasetFiles,
  fileName: string,
  { dataset, targets }: TargetsFile,
  readVolume: ReadVolume,
  signal: AbortSignal,
): Promise<EvalCase[]> {
  const volume = await readVolume(path.join(datasetDir, 'images', fileName), signal);
  const labels = await readVolume(path.join(datasetDir, truthFolder, fileName), signal);
  const [i, j, k] = volume.geometry.dimensions;
  const [li, lj, lk] = labels.geometry.dimensions;
  if (i !== li || j !== lj || k !== lk)
    throw new IbisError('broken-file', `"${fileName}" and its labels differ in size.`);
  return targets.flatMap((target) => {
    const plane = computeSlicePlane(volume.geometry, target.axis);
    const region: Volume = { ...labels, samplesPerPixel: 1, data: findValues(labels, target) };
    const window = computeTargetWindow(volume, target);
    const areas = Array.from({ length: plane.sliceCount }, (_, sliceIndex) =>
      countPositive(extractSlice(region, plane, sliceIndex).values),
    );
    return selectSlices(areas, target).flatMap((sliceIndex) => {
      const slice = renderSliceImage(volume, plane, sliceIndex, window);
      const { values } = extractSlice(region, plane, sliceIndex);
      const truths = findTruths({ width: plane.width, height: plane.height, values }, target);
      return truths.map((truth, instance) => {
        const part = target.instances === 'each' ? `/${String(instance)}` : '';
        const caseId = `${dataset}/${fileName}/${target.id}/${String(sliceIndex)}${part}`;
        const { geometry } = volume;
        return { caseId, fileName, target, slice, truth, geometry, plane, sliceIndex };
      });
    });
  });
}

/** uint16 [k, j, i]: the label where it belongs to the target, else 0. Of a colour image the red channel is read. */
function findValues({ data, samplesPerPixel }: Volume, { labels }: Target): Uint16Array {
  const wanted = labels === 'any' ? null : new Set(labels);
  const values = new Uint16Array(data.length / samplesPerPixel);
  for (let voxel = 0; voxel < values.length; voxel++) {
    const label = data[voxel * samplesPerPixel] ?? 0;
    values[voxel] = (wanted?.has(label) ?? label > 0) ? label : 0;
  }
  return values;
}

function computeTargetWindow(volume: Volume, { window }: Target): IntensityWindow {
  return 'rule' in window ? computePercentileWindow(volume, window.low, window.high) : window;
}

function countPositive(values: ArrayLike<number>): number {
  let count = 0;
  for (let p = 0; p < values.length; p++) if ((values[p] ?? 0) > 0) count++;
  return count;
}
