import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { IbisError } from '../contract/errors.js';
import type { TargetsFile } from '../contract/targets.js';
import { createVolumeReader } from '../engine/eval/readVolume.js';
import type { ReadVolume } from '../engine/eval/loadCases.js';
import { createModelPool, modelRoots } from '../engine/modelPool.js';
import type { ModelPool } from '../engine/modelPool.js';
import { createProviderChoice } from '../engine/providerChoice.js';
import { loadTargets } from './loadTargets.js';
import { resolveDataDir } from './locations.js';
import { resourcesDir } from './openEngine.js';
import { createOutput } from './output.js';
import { requireWritableFile, writeOutput } from './outputFolder.js';

/** Options that all commands share which measure on a data set. */
export interface MeasuringOptions {
  readonly targets: string;
  readonly split: string;
  readonly segmenter: string;
  readonly out: string;
  readonly maxFiles?: number;
  readonly dataDir?: string;
  readonly models?: string;
  readonly json?: true;
}

/** What a measurement works with. */
export interface Measuring {
  readonly targets: TargetsFile;
  readonly models: ModelPool;
  readonly readVolume: ReadVolume;
  /** Writes the report, and says what is in it: `json` in JSON mode, else `lines`. */
  readonly report: (content: string, json: object, lines: readonly string[]) => Promise<void>;
  readonly onProgress: (done: number, total: number) => void;
  readonly signal: AbortSignal; // aborted by Ctrl-C
}

/** Throws 'not-found' where it is no folder: the bundled model of that name would be measured in its place. */
function requireModelsFolder(folder: string): string {
  if (existsSync(folder) && statSync(folder).isDirectory()) return path.resolve(folder);
  throw new IbisError('not-found', `There is no folder ${folder} to look for models in.`);
}

/** Sets up what `measure` needs, shows its progress, and puts everything away after it, however it ends. */
export async function evaluateWith(
  options: MeasuringOptions,
  measure: (measuring: Measuring) => Promise<void>,
): Promise<void> {
  const output = createOutput(options.json === true, { out: process.stdout, err: process.stderr });
  const file = path.resolve(options.out);
  requireWritableFile(file);
  const targets = loadTargets(options.targets);
  const added = options.models === undefined ? [] : [requireModelsFolder(options.models)];
  const dataDir = resolveDataDir(options.dataDir);
  const provider = createProviderChoice(() => undefined);
  const models = createModelPool({
    roots: [...added, ...modelRoots(resourcesDir(), dataDir)],
    cacheDir: path.join(dataDir, 'cache'), // a second evaluation of a set need not encode again
    chooseProvider: (model) => provider.choose(model),
  });
  const controller = new AbortController();
  const cancel = (): void => {
    controller.abort();
  };
  process.on('SIGINT', cancel);
  const readerDir = mkdtempSync(path.join(tmpdir(), 'ibis-eval-'));
  const reader = createVolumeReader(readerDir);
  const progress = output.startProgress('Evaluating');
  try {
    await measure({
      ...{ targets, models, readVolume: reader.readVolume },
      report: async (content, json, lines) => {
        progress.stop();
        await writeOutput(file, `${content}\n`);
        output.result({ file, ...json }, [...lines, `wrote ${file}`].join('\n'));
      },
      onProgress: (done, total) => {
        progress.update(done, total);
      },
      signal: controller.signal,
    });
  } finally {
    progress.stop();
    process.off('SIGINT', cancel);
    await Promise.all([models.close(), reader.close()]);
    rmSync(readerDir, { recursive: true, force: true });
  }
}
