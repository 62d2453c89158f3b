import path from 'node:path';

import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

import { IbisError } from '../contract/errors.js';
import { getMaskInForce } from '../domain/session.js';
import { packMask, unpackMask } from '../domain/mask.js';
import type { Mask } from '../domain/mask.js';
import { applySliceChanges, countVoxels, writeSegmentSlice } from '../domain/segmentSlices.js';
import type { SegmentSlices } from '../domain/segmentation.js';
import type { Series } from '../domain/study.js';
import { encodeNiftiMask } from '../engine/export/nifti.js';
import { describeEnd, describeSlice } from '../engine/propagation/describe.js';
import type { PropagatedSlice, PropagationEnd } from '../engine/propagation/types.js';
import { parsePrompt } from './arguments.js';
import { choosePolicy } from './choosePolicy.js';
import { voxelToNormalised } from './click.js';
import { openEngine } from './openEngine.js';
import type { CliEngine } from './openEngine.js';
import { chooseSeries, chooseSlice, openInput } from './openInput.js';
import { createOutput } from './output.js';
import type { Output } from './output.js';
import { requireWritableFolder, writeOutput } from './outputFolder.js';
import { runToEnd } from './segment.js';
import { addSliceOptions } from './sessionOptions.js';
import type { SliceOptions } from './sessionOptions.js';

/** A click on one slice of the axis. */
interface SliceClick {
  readonly sliceIndex: number;
  readonly first: number;
  readonly second: number;
}

interface PropagateOptions extends SliceOptions {
  readonly include: readonly SliceClick[];
  readonly exclude: readonly SliceClick[];
  readonly prompt: string;
  readonly direction: 'both' | 'up' | 'down';
  readonly policy?: string;
  readonly leastScore?: number;
}

/** For a variadic option: collects 'K,X,Y' words. */
export function collectSliceClicks(text: string, previous: readonly SliceClick[]): SliceClick[] {
  const match = /^(\d+),(\d+),(\d+)$/.exec(text);
  if (match === null)
    throw new InvalidArgumentError('A click must be K,X,Y in whole numbers, as in 68,120,85.');
  const [sliceIndex, first, second] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return [...previous, { sliceIndex, first, second }];
}

/** The masks to begin with, each a session of its own: of clicks, or of the agent where there are none. */
async function segmentKeySlices(
  engine: CliEngine,
  series: Series,
  options: PropagateOptions,
  output: Output,
): Promise<Map<number, Mask>> {
  const { phase: phaseIndex, axis, prompt } = options;
  const place = { seriesId: series.seriesId, phaseIndex, axis, window: options.window ?? null };
  const clicks = [
    ...options.include.map((click) => ({ label: 'include' as const, ...click })),
    ...options.exclude.map((click) => ({ label: 'exclude' as const, ...click })),
  ];
  const byAgent = clicks.length === 0;
  const indices = byAgent
    ? [chooseSlice(series, options)]
    : [...new Set(clicks.map(({ sliceIndex }) => sliceIndex))];
  const policyId = byAgent ? await choosePolicy(engine, options.policy) : '';
  // All clicks are looked at before the first session begins: one that is refused leaves none behind.
  const starts = [];
  for (const sliceIndex of indices) {
    const slice = await engine.prepareSlice({ ...place, sliceIndex });
    const placed = clicks
      .filter((click) => click.sliceIndex === sliceIndex)
      .map(({ label, ...click }) => ({ label, normalised: voxelToNormalised(slice, click) }));
    starts.push({ sliceIndex, placed });
  }
  const given = new Map<number, Mask>();
  for (const { sliceIndex, placed } of starts) {
    const { sessionId } = await engine.invoke('startSession', {
      ...{ ...place, sliceIndex, prompt, policyId, segmenterId: options.segmenter },
    });
    if (byAgent) await runToEnd(engine, sessionId, output);
    for (const click of placed) await engine.invoke('addClick', { sessionId, ...click });
    const session = await engine.invoke('getSession', { sessionId });
    if (session.stopReason === 'failed')
      throw new IbisError('failed', session.failure ?? 'The run failed.');
    if (session.stopReason === 'user-stop') throw new IbisError('cancelled', 'Cancelled.');
    const mask = getMaskInForce(session.steps);
    if (mask !== null) given.set(sliceIndex, unpackMask(mask));
  }
  if (given.size === 0)
    throw new IbisError('empty-mask', 'Nothing was segmented on the slice to begin with.');
  return given;
}

export async function runPropagate(input: string, options: PropagateOptions): Promise<void> {
  const output = createOutput(options.json === true, { out: process.stdout, err: process.stderr });
  if (options.include.length === 0 && options.exclude.length > 0)
    throw new IbisError('usage', 'Give at least one click with --include K,X,Y.');
  requireWritableFolder(options.out);
  const engine = await openEngine(options.dataDir);
  const controller = new AbortController();
  const cancel = (): void => {
    controller.abort();
  };
  const progress = output.startProgress('Propagating');
  try {
    const opened = await openInput(engine, path.resolve(input), output);
    const summary = chooseSeries(opened, options.series);
    const series = await engine.invoke('getSeries', { seriesId: summary.seriesId });
    const given = await segmentKeySlices(engine, series, options, output);
    process.on('SIGINT', cancel);
    const { plane, geometry, events } = await engine.propagate(
      {
        ...{ seriesId: series.seriesId, phaseIndex: options.phase, axis: options.axis },
        ...{ window: options.window ?? null, segmenterId: options.segmenter },
        ...{ given, direction: options.direction, leastScore: options.leastScore ?? null },
      },
      controller.signal,
    );
    let voxels: SegmentSlices = new Map();
    const put = (sliceIndex: number, mask: Mask): void => {
      const packed = packMask(mask);
      const changes = writeSegmentSlice(voxels, geometry.dimensions, plane, sliceIndex, packed);
      voxels = applySliceChanges(voxels, changes);
    };
    for (const [sliceIndex, mask] of given) put(sliceIndex, mask);
    const made: PropagatedSlice[] = [];
    const ends: PropagationEnd[] = [];
    for await (const event of events)
      if (event.kind === 'end') ends.push(event);
      else {
        put(event.sliceIndex, event.mask);
        made.push(event);
        progress.update(made.length, null);
      }
    progress.stop();
    made.sort((a, b) => a.sliceIndex - b.sliceIndex);
    const frames = new Map([...voxels].map(([k, mask]) => [k, unpackMask(mask).data]));
    const [maskFile, reportFile] = ['mask.nii.gz', 'propagation.json'].map((name) =>
      path.join(path.resolve(options.out), name),
    );
    const count = countVoxels(voxels);
    const report = {
      axis: options.axis,
      prompt: options.prompt,
      segmenter: options.segmenter,
      given: [...given.keys()].sort((a, b) => a - b),
      slices: made.map(describeSlice),
      ends: ends.map(describeEnd),
      voxels: count,
      millilitres: (count * geometry.spacingMm.reduce((volume, side) => volume * side, 1)) / 1000,
    };
    if (maskFile !== undefined)
      await writeOutput(maskFile, await encodeNiftiMask(geometry, frames, options.prompt));
    if (reportFile !== undefined)
      await writeOutput(reportFile, `${JSON.stringify(report, null, 2)}\n`);
    const doubtful = report.slices.filter(({ doubts }) => doubts.length > 0);
    output.result(
      { ...report, files: [maskFile, reportFile] },
      [
        `${String(made.length)} slices from ${String(given.size)} given, ${String(count)} voxels, ${report.millilitres.toFixed(2)} mL`,
        ...doubtful.map(
          ({ sliceIndex, doubts }) =>
            `look at slice ${String(sliceIndex)}: ${doubts.map(({ sentence }) => sentence).join(' ')}`,
        ),
        `wrote ${maskFile ?? ''}`,
        `wrote ${reportFile ?? ''}`,
      ].join('\n'),
    );
  } finally {
    progress.stop();
    process.off('SIGINT', cancel);
    await engine.close();
  }
}

export function addPropagateCommand(program: Command): void {
  addSliceOptions(
    program
      .command('propagate')
      .description('complete a series from one segmented slice or a few')
      .argument('<path>', 'folder, file, zip or DICOMDIR'),
  )
    .option('--include <k,x,y...>', 'voxels inside the target', collectSliceClicks, [])
    .option('--exclude <k,x,y...>', 'voxels outside the target', collectSliceClicks, [])
    .option('--prompt <text>', 'what to segment', parsePrompt, 'Clicked region')
    .option('--direction <way>', 'both, up or down the slices of the axis', parseDirection, 'both')
    .option('--policy <id>', 'policy to use (default: the first one installed)')
    .option(
      '--least-score <share>',
      'predicted IoU under which the target is held to have ended (default: none, a drop of it counts)',
      parseShare,
    )
    .addHelpText(
      'after',
      `
K is a slice of the axis, X,Y are voxel indices in its plane: i,j of an acquired slice; i,k of a coronal cut of an
axial series. Without clicks the agent segments the slice of --slice from the words of --prompt.
Writes mask.nii.gz, and propagation.json with the slices that should be looked at and why.

Examples:
  $ ibis propagate brain.nii.gz --axis sagittal --include 68,120,85 --exclude 68,130,70 --out out
  $ ibis propagate study.zip --slice 12 --prompt "left ventricle" --out out --json`,
    )
    .action(runPropagate);
}

function parseDirection(text: string): PropagateOptions['direction'] {
  if (text === 'both' || text === 'up' || text === 'down') return text;
  throw new InvalidArgumentError('It must be both, up or down.');
}

function parseShare(text: string): number {
  const share = text.trim() === '' ? NaN : Number(text);
  if (!(share >= 0 && share <= 1)) throw new InvalidArgumentError('It must lie between 0 and 1.');
  return share;
}
