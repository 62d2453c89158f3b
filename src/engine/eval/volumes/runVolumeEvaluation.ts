import { volumeMethods } from '../../../contract/volumeReport.js';
import type { VolumeMethod, VolumeReport, VolumeRow } from '../../../contract/volumeReport.js';
import type { TargetsFile } from '../../../contract/targets.js';
import type { Mask } from '../../../domain/mask.js';
import type { Segmenter } from '../../agent/types.js';
import type { PropagationLimits } from '../../propagation/types.js';
import { findDatasetFiles, hashDataset } from '../loadCases.js';
import type { ReadVolume } from '../loadCases.js';
import { describeFiles, describeMachine } from '../runEvaluation.js';
import {
  BAD_DICE,
  countDoubts,
  interpolateVolume,
  judgeVolume,
  masksOf,
  propagateVolume,
} from './completeVolume.js';
import type { CompletionTools } from './completeVolume.js';
import { loadVolumeCase } from './loadVolumeCase.js';
import type { VolumeCase } from './loadVolumeCase.js';
import { chooseKeySlices, clickOnSlice } from './oracleUser.js';
import { MOST_CLICKS, REPAIR_BELOW_DICE, repairVolume } from './repairVolume.js';

export interface VolumeEvaluationOptions {
  readonly datasetDir: string;
  readonly targets: TargetsFile;
  readonly split: string;
  readonly segmenter: Segmenter;
  readonly readVolume: ReadVolume;
  readonly limits: PropagationLimits;
  readonly methods?: readonly VolumeMethod[];
  readonly maxFiles?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/** The first target of a set, on each volume of a split by each method. Rejects with an IbisError or an AbortError. */
export async function runVolumeEvaluation(options: VolumeEvaluationOptions): Promise<VolumeReport> {
  const { targets, segmenter, limits, signal, methods = volumeMethods } = options;
  const found = await findDatasetFiles(options.datasetDir, options.split);
  const files = { ...found, names: found.names.slice(0, options.maxFiles) };
  const [target] = targets.targets;
  if (target === undefined) throw new Error('a set has at least one target');
  const machine = describeMachine();
  const rows: VolumeRow[] = [];
  for (const [index, name] of files.names.entries()) {
    const volume = await loadVolumeCase(files, name, target, options.readVolume, signal);
    for (const [at, method] of methods.entries()) {
      signal.throwIfAborted();
      const tools = { segmenter, limits, signal };
      rows.push(await runVolumeMethod(volume, method, target.minPixels, tools));
      options.onProgress?.(index * methods.length + at + 1, files.names.length * methods.length);
    }
  }
  return {
    schemaVersion: 1,
    notice: 'For research use only, not for diagnosis',
    dataset: targets.dataset,
    targetId: target.id,
    split: options.split,
    data: await hashDataset(files),
    models: [describeFiles(segmenter.manifest)],
    settings: {
      axis: target.axis,
      badDice: BAD_DICE,
      repairBelowDice: REPAIR_BELOW_DICE,
      mostClicks: MOST_CLICKS,
      limits,
    },
    machine,
    rows,
  };
}

const noDoubts = { slices: 0, flagged: 0, flaggedBad: 0, bad: 0 };

async function runVolumeMethod(
  volume: VolumeCase,
  method: VolumeMethod,
  leastPixels: number,
  tools: CompletionTools,
): Promise<VolumeRow> {
  const begun = performance.now();
  const given = new Map<number, Mask>();
  const atEnds = method.kind === 'interpolate-at-ends';
  let clicks = 0;
  for (const key of chooseKeySlices(volume.areas, method.keySlices, { leastPixels, atEnds })) {
    const how = { count: method.clicksEach, start: null };
    const clicked = await clickOnSlice(volume, key, how, tools.segmenter, tools.signal);
    given.set(key, clicked.mask);
    clicks += clicked.clicks;
  }
  const describe = (masks: readonly Mask[], doubts: ReturnType<typeof countDoubts>): VolumeRow => ({
    ...{ fileName: volume.fileName, method: method.id, clicks },
    ...judgeVolume(masks, volume),
    ...doubts,
    elapsedMs: performance.now() - begun,
  });
  if (method.kind === 'interpolate' || method.kind === 'interpolate-at-ends')
    return describe(interpolateVolume(volume, given), noDoubts);
  let completed = await propagateVolume(volume, given, null, tools);
  const describeCompleted = (): VolumeRow =>
    describe(masksOf(completed, volume), countDoubts(completed, volume));
  if (method.kind === 'propagate') return describeCompleted();
  const judge = () => ({ clicks, ...judgeVolume(masksOf(completed, volume), volume) });
  const course = [judge()];
  for await (const repaired of repairVolume(volume, { completed, clicks }, tools)) {
    ({ completed, clicks } = repaired);
    course.push(judge());
  }
  return { ...describeCompleted(), course };
}
