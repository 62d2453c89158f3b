import path from 'node:path';

import type { Command } from 'commander';

import { IbisError } from '../contract/errors.js';
import { imageToNormalised, voxelToImage } from '../domain/plane.js';
import type { NormalisedPoint } from '../domain/plane.js';
import type { PreparedSlice } from '../engine/slices.js';
import { collectVoxels, parsePrompt } from './arguments.js';
import type { PlaneVoxel } from './arguments.js';
import { finishSession } from './finishSession.js';
import { openEngine } from './openEngine.js';
import { chooseSeries, chooseSlice, openInput } from './openInput.js';
import { createOutput } from './output.js';
import { requireWritableFolder } from './outputFolder.js';
import { addSliceOptions } from './sessionOptions.js';
import type { SliceOptions } from './sessionOptions.js';

interface ClickOptions extends SliceOptions {
  readonly include: readonly PlaneVoxel[];
  readonly exclude: readonly PlaneVoxel[];
  readonly prompt: string;
}

/** X,Y are the two voxel indices that vary in the plane, in the order i, j, k. */
export function voxelToNormalised(
  { plane, geometry, sliceIndex }: Pick<PreparedSlice, 'plane' | 'geometry' | 'sliceIndex'>,
  { first, second }: PlaneVoxel,
): NormalisedPoint {
  const [axisOfFirst, axisOfSecond] = [plane.columnAxis, plane.rowAxis].sort();
  const voxel: [number, number, number] = [0, 0, 0];
  voxel[plane.normalAxis] = sliceIndex;
  if (axisOfFirst !== undefined) voxel[axisOfFirst] = first;
  if (axisOfSecond !== undefined) voxel[axisOfSecond] = second;
  if (voxel.some((index, axis) => index >= (geometry.dimensions[axis] ?? 0)))
    throw new IbisError(
      'bad-slice',
      `The click ${first},${second} lies outside the slice: the volume has ${geometry.dimensions.join(' x ')} voxels.`,
    );
  const [i, j, k] = voxel;
  return imageToNormalised(plane, voxelToImage(plane, { i, j, k }).point);
}

export async function runClick(input: string, options: ClickOptions): Promise<void> {
  const output = createOutput(options.json === true, { out: process.stdout, err: process.stderr });
  if (options.include.length === 0)
    throw new IbisError('usage', 'Give at least one click with --include X,Y.');
  requireWritableFolder(options.out);
  const engine = await openEngine(options.dataDir);
  try {
    const opened = await openInput(engine, path.resolve(input), output);
    const summary = chooseSeries(opened, options.series);
    const series = await engine.invoke('getSeries', { seriesId: summary.seriesId });
    const request = {
      seriesId: series.seriesId,
      phaseIndex: options.phase,
      axis: options.axis,
      sliceIndex: chooseSlice(series, options),
      window: options.window ?? null,
    };
    const slice = await engine.prepareSlice(request);
    const labelled = [
      ...options.include.map((voxel) => ({ label: 'include' as const, voxel })),
      ...options.exclude.map((voxel) => ({ label: 'exclude' as const, voxel })),
    ].map(({ label, voxel }) => ({ label, normalised: voxelToNormalised(slice, voxel) }));
    const { sessionId } = await engine.invoke('startSession', {
      ...request,
      prompt: options.prompt,
      policyId: '',
      segmenterId: options.segmenter,
    });
    for (const click of labelled) await engine.invoke('addClick', { sessionId, ...click });
    await finishSession(engine, output, {
      session: await engine.invoke('getSession', { sessionId }),
      sourceKind: series.sourceKind,
      outDir: options.out,
      deidentify: options.deidentify === true,
    });
  } finally {
    await engine.close();
  }
}

export function addClickCommand(program: Command): void {
  addSliceOptions(
    program
      .command('click')
      .description('segment one slice from clicks, with the segmenter alone')
      .argument('<path>', 'folder, file, zip or DICOMDIR'),
  )
    .option('--include <x,y...>', 'voxels inside the target', collectVoxels, [])
    .option('--exclude <x,y...>', 'voxels outside the target', collectVoxels, [])
    .option(
      '--prompt <text>',
      'name of the target, for the label of the SEG',
      parsePrompt,
      'Clicked region',
    )
    .addHelpText(
      'after',
      `
X,Y are voxel indices in the plane: i,j of an acquired slice; i,k of a coronal cut of an axial series.

Examples:
  $ ibis click resources/demo/colin27 --slice 68 --include 117,95 --exclude 60,60 --out out/click
  $ ibis click photo.png --include 120,85 130,90 --out out --json`,
    )
    .action(runClick);
}
