import { Option } from 'commander';
import type { Command } from 'commander';

import type { SliceAxis } from '../domain/plane.js';
import type { IntensityWindow } from '../domain/study.js';
import { parseIndex, parseWindow } from './arguments.js';

/** Options of the commands that work on one slice. */
export interface SliceOptions {
  readonly series?: string;
  readonly slice?: number;
  readonly phase: number;
  readonly axis: SliceAxis;
  readonly window?: IntensityWindow;
  readonly out: string;
  readonly segmenter: string;
  readonly deidentify?: true;
  readonly dataDir?: string;
  readonly json?: true;
}

export const DEFAULT_SEGMENTER = 'ibis-click';

export function addSliceOptions(command: Command): Command {
  return command
    .option('--series <uid>', 'SeriesInstanceUID; may be left out where there is one series')
    .option(
      '--slice <k>',
      'slice, counted from 0 along the sorted normal; may be left out where there is one',
      parseIndex,
    )
    .addOption(
      new Option('--axis <axis>', 'cut of a volume; without it, the slices as they were acquired')
        .choices(['acquired', 'axial', 'coronal', 'sagittal'])
        .default('acquired'),
    )
    .option('--phase <n>', 'cardiac phase, echo, b-value or time point, from 0', parseIndex, 0)
    .option(
      '--window <centre,width>',
      "grey window; default: the file's own, else the 1st to 99th percentile",
      parseWindow,
    )
    .requiredOption('--out <dir>', 'folder for the results; made if missing')
    .option(
      '--deidentify',
      "take the patient's identity out of the results (DICOM's Basic Profile)",
    )
    .option('--segmenter <id>', 'segmenter to use', DEFAULT_SEGMENTER)
    .option('--data-dir <dir>', "data folder with the session database (default: the app's own)")
    .option('--json', 'JSON lines instead of text');
}
