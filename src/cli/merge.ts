import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';

import type { Command } from 'commander';

import { IbisError } from '../contract/errors.js';
import {
  closeStore,
  mergeStore,
  openStore,
  requireDatabase,
  requireNotInUse,
  requireOtherFolder,
} from '../engine/store/index.js';
import type { FateCounts } from '../engine/store/index.js';
import { createOutput } from './output.js';

interface MergeOptions {
  readonly into: string;
  readonly json?: true;
}

const describeCounts = (what: string, { added, continued, alreadyThere }: FateCounts): string =>
  `${added} ${what} added, ${continued} continued, ${alreadyThere} already there`;

/** The sources one after the other: a refused one is an error, and those before it are merged. */
export async function runMerge(sources: readonly string[], options: MergeOptions): Promise<void> {
  const output = createOutput(options.json === true, { out: process.stdout, err: process.stderr });
  const into = path.resolve(options.into);
  const folders = sources.map((source) => path.resolve(source));
  for (const folder of folders) {
    requireOtherFolder(into, folder);
    requireDatabase(folder);
  }
  requireNotInUse(into);
  const isNew = !existsSync(into);
  let mergedFolders = 0;
  const opened = openStore(into);
  if (!opened.ok) throw new IbisError(opened.error.code, opened.error.message);
  try {
    for (const folder of folders) {
      const progress = output.startProgress('Sessions');
      try {
        const counts = mergeStore(opened.value, folder, (done, total) => {
          progress.update(done, total);
        });
        progress.stop();
        mergedFolders++;
        output.result(
          { source: folder, ...counts },
          `${folder}: ${[
            describeCounts('sessions', counts),
            describeCounts('segmentations', counts.segmentations),
            describeCounts('measurements', counts.measurements),
          ].join('; ')}`,
        );
      } finally {
        progress.stop();
      }
    }
  } finally {
    closeStore(opened.value);
    // Nothing came of it, so nothing is left of it: the folder may have been a mistake too.
    if (isNew && mergedFolders === 0) rmSync(into, { recursive: true, force: true });
  }
}

export function addMergeCommand(program: Command): void {
  program
    .command('merge')
    .description('join the databases of several data folders, such as the shards of a batch')
    .argument('<folders...>', 'data folders to read; they are not changed')
    .requiredOption('--into <dir>', 'data folder to merge into; made if missing')
    .option('--json', 'a JSON line a folder instead of text')
    .addHelpText(
      'after',
      `
A session, segmentation or measurement that is there already is not doubled: merging again, or going on after
a kill, changes nothing that is done. One that was gone on with since is brought up to date, unless a person has worked
on it here; of a measurement the later change holds.
Each of them is one transaction. Databases of another version, or in use, are refused.

Examples:
  $ ibis merge /tmp/ibis-1 /tmp/ibis-2 /tmp/ibis-3 --into review
  $ ibis merge shards/* --into ~/.config/ibis`,
    )
    .action(runMerge);
}
