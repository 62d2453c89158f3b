import { createHash } from 'node:crypto';
import os from 'node:os';

import { evalMethods } from '../../contract/evalMethods.js';
import { ORACLE_STOP_IOU } from '../../domain/clickSimulator.js';
import { findDatasetFiles, hashDataset, loadFileCases } from './loadCases.js';
import { EVAL_PARSE_RETRIES, runMethod } from './runMethod.js';
import { computeDifferences, computeMeans } from './summarise.js';
import type { EvalMethod } from '../../contract/evalMethods.js';
import type { EvalReport, EvalRow } from '../../contract/evalReport.js';
import type { ModelManifest } from '../../contract/manifest.js';
import type { TargetsFile } from '../../contract/targets.js';
import type { Policy, Segmenter, SliceImage } from '../agent/types.js';
import type { EvalCase, ReadVolume } from './loadCases.js';

export interface EvaluationOptions {
  readonly datasetDir: string;
  readonly targets: TargetsFile;
  readonly split: string;
  /** Null: only the methods that need no policy are run. */
  readonly policy: Policy | null;
  readonly segmenter: Segmenter;
  readonly readVolume: ReadVolume;
  readonly methods?: readonly EvalMethod[];
  readonly seed?: number;
  readonly maxSteps?: number;
  /** Only the first so many files of the split; for trials. */
  readonly maxFiles?: number;
  /** `done` of `total` rows. */
  readonly onProgress?: (done: number, total: number, row: EvalRow | null) => void;
  readonly signal: AbortSignal;
}

/**
 * Every case of a split by every method. Rejects with an IbisError on input that cannot be read, and with
 * AbortError when cancelled.
 */
export async function runEvaluation(options: EvaluationOptions): Promise<EvalReport> {
  const { targets, policy, segmenter, signal, readVolume } = options;
  const { methods = evalMethods, seed = 0, maxSteps = 20 } = options;
  const found = await findDatasetFiles(options.datasetDir, options.split);
  const files = { ...found, names: found.names.slice(0, options.maxFiles) };
  const cases: EvalCase[] = [];
  for (const name of files.names) {
    signal.throwIfAborted();
    cases.push(...(await loadFileCases(files, name, targets, readVolume, signal)));
  }
  const total = cases.length * methods.length;
  const machine = describeMachine();
  const rows: EvalRow[] = [];
  const encodeMsByKey = new Map<string, number>(); // cases that share a slice share the time of its encoding
  const encodeOnce = async (slice: SliceImage): Promise<number> => {
    const begun = performance.now();
    await segmenter.encode(slice, signal);
    const encodeMs = encodeMsByKey.get(slice.key) ?? performance.now() - begun;
    encodeMsByKey.set(slice.key, encodeMs);
    return encodeMs;
  };
  for (const [index, evalCase] of cases.entries()) {
    const others = {
      image: findOther(cases, evalCase)?.slice ?? null,
      request: findContrastRequest(targets, evalCase),
      absentRequest: findAbsentRequest(targets, index),
    };
    const encodeMs = await encodeOnce(evalCase.slice);
    const tools = { policy, segmenter, seed, maxSteps, encodeMs, signal };
    for (const [at, method] of methods.entries()) {
      signal.throwIfAborted();
      const row = await runMethod(method, evalCase, others, tools);
      if (row !== null) rows.push(row);
      options.onProgress?.(index * methods.length + at + 1, total, row);
    }
  }
  return {
    schemaVersion: 1,
    notice: 'For research use only, not for diagnosis',
    dataset: targets.dataset,
    split: options.split,
    data: {
      ...(await hashDataset(files)),
      targetsSha256: createHash('sha256').update(JSON.stringify(targets)).digest('hex'),
    },
    models: [policy?.manifest, segmenter.manifest].flatMap((manifest) =>
      manifest === undefined ? [] : [describeFiles(manifest)],
    ),
    seed,
    settings: {
      maxSteps,
      parseRetries: EVAL_PARSE_RETRIES,
      request: 'first',
      oracleStopIou: ORACLE_STOP_IOU,
    },
    machine,
    rows,
    means: computeMeans(rows, seed),
    differences: computeDifferences(rows, seed),
  };
}

export const describeFiles = ({
  id,
  role,
  files,
}: ModelManifest): EvalReport['models'][number] => ({
  id,
  role,
  files: Object.fromEntries(files.map((file) => [file.path, file.sha256])),
});

/** What to ask for instead; null where the target names no contrast. */
const findContrastRequest = (targets: TargetsFile, { target }: EvalCase): string | null =>
  targets.targets.find(({ id }) => id === target.contrastWith)?.requests[0] ?? null;

/** Each case another one, in turn. */
const findAbsentRequest = ({ absentRequests = [] }: TargetsFile, index: number): string | null =>
  absentRequests[index % absentRequests.length] ?? null;

export const describeMachine = (): NonNullable<EvalReport['machine']> => ({
  processor: os.cpus()[0]?.model.trim() ?? 'unknown',
  cores: os.availableParallelism(),
  loadAverage: os.loadavg()[0] ?? 0,
});

/** A case of the same target from another file, half the set away: neighbours are often one patient's. */
function findOther(cases: readonly EvalCase[], evalCase: EvalCase): EvalCase | null {
  const same = cases.filter(({ target }) => target.id === evalCase.target.id);
  const from = same.indexOf(evalCase) + Math.floor(same.length / 2);
  for (let offset = 0; offset < same.length; offset++) {
    const candidate = same[(from + offset) % same.length];
    if (candidate !== undefined && candidate.fileName !== evalCase.fileName) return candidate;
  }
  return null;
}
