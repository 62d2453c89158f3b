import { existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

import { Command, InvalidArgumentError, Option } from 'commander';

import { dateTreatments, deidentificationSchema } from '../contract/deidentification.js';
import type {
  AttributeChange,
  Deidentification,
  DeidentificationPreview,
} from '../contract/deidentification.js';
import { IbisError } from '../contract/errors.js';
import {
  createDeidentifier,
  deidentifyFiles,
  loadKey,
  previewFiles,
} from '../engine/deidentify/index.js';
import type { Deidentifier } from '../engine/deidentify/index.js';
import { isDicomFile } from '../engine/dicom/isDicomFile.js';
import { defaultDataDir } from './locations.js';
import { createOutput } from './output.js';
import type { Output } from './output.js';
import { requireWritableFolder } from './outputFolder.js';

/** Options of the profile, as `ibis deidentify` and the exports of other commands take them. */
export interface ProfileOptions {
  readonly dates: Deidentification['dates'];
  readonly keepUids?: true;
  readonly keepPatient?: true;
  readonly keepDevice?: true;
  readonly keepInstitution?: true;
  readonly keepSafePrivate?: true;
  readonly cleanDescriptors?: true;
  readonly leaveOutBurnedIn?: true;
  readonly pseudonym?: string;
}

function parsePseudonym(text: string): string {
  if (!deidentificationSchema.safeParse({ pseudonym: text }).success)
    throw new InvalidArgumentError(
      'It must begin with a letter or digit and hold up to 64 letters, digits, spaces, dots, dashes or underscores.',
    );
  return text;
}

export const addProfileOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--dates <what>', 'dates and times: remove, shift per patient, or keep')
        .choices(dateTreatments)
        .default('remove'),
    )
    .option('--keep-uids', 'UIDs stay')
    .option('--keep-patient', 'sex, age, size and weight stay')
    .option('--keep-device', 'names and numbers of devices stay')
    .option('--keep-institution', 'name and address of the institution stay')
    .option('--keep-safe-private', 'private attributes that PS3.15 calls safe stay')
    .option('--clean-descriptors', 'descriptions stay, without words that identify')
    .option('--leave-out-burned-in', 'images that may show text with names are not written')
    .option('--pseudonym <name>', "the patient's name and ID in the copy", parsePseudonym);

/** The options of the profile that were written in this call of `command`. */
export const givenProfileOptions = (command: Command): readonly string[] =>
  addProfileOptions(new Command())
    .options.filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli')
    .map(({ long, flags }) => long ?? flags);

export const toDeidentification = (options: ProfileOptions): Deidentification => ({
  dates: options.dates,
  retainUids: options.keepUids === true,
  retainPatientCharacteristics: options.keepPatient === true,
  retainDeviceIdentity: options.keepDevice === true,
  retainInstitutionIdentity: options.keepInstitution === true,
  retainSafePrivate: options.keepSafePrivate === true,
  cleanDescriptors: options.cleanDescriptors === true,
  leaveOutBurnedIn: options.leaveOutBurnedIn === true,
  pseudonym: options.pseudonym ?? null,
});

/** How an export of `command` is to be changed; null: not. Throws where it is only said how. */
export function chosenDeidentification(
  options: ProfileOptions & { readonly deidentify?: true },
  command: Command,
): Deidentification | null {
  if (options.deidentify === true) return toDeidentification(options);
  const [aboutIdentity] = givenProfileOptions(command);
  if (aboutIdentity === undefined) return null;
  throw new IbisError(
    'usage',
    `${aboutIdentity} says how to de-identify: write --deidentify with it. Nothing was written.`,
  );
}

interface DeidentifyOptions extends ProfileOptions {
  readonly dryRun?: true;
  readonly dataDir?: string;
  readonly json?: true;
}

/** Every DICOM file at or below `input`, in the order of names; and how many others there are. */
function findFiles(input: string): {
  readonly files: readonly string[];
  readonly others: number;
} {
  if (!existsSync(input)) throw new IbisError('not-found', `There is no ${input}.`);
  const all = statSync(input).isDirectory()
    ? readdirSync(input, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
        .sort()
    : [input];
  const files = all.filter(isDicomFile);
  if (files.length === 0)
    throw new IbisError(
      'not-dicom',
      'There is no DICOM file in it. Archives must be unpacked first; other images have no attributes to take out.',
    );
  return { files, others: all.length - files.length };
}

const countFiles = (count: number): string => (count === 1 ? '1 file' : `${String(count)} files`);

const NAMES = { X: 'removed', Z: 'emptied', D: 'dummy', U: 'new UID', C: 'cleaned' } as const;

/** The profile lets what may be emptied have a stand-in instead, as name and ID do. */
const nameChange = ({ action, newValue }: AttributeChange): string =>
  action === 'Z' && newValue !== '' ? 'replaced' : NAMES[action];

const formatPreview = ({ changes }: DeidentificationPreview): string =>
  changes
    .map((change) => {
      const { tag, name, action, oldValue, newValue, valueCount, fileCount } = change;
      const others = valueCount > 1 ? ` and ${String(valueCount - 1)} more` : '';
      const value = action === 'X' || newValue === '' ? '' : ` -> "${newValue}"`;
      return `${tag} ${name || '(unknown)'}: ${nameChange(change)}, "${oldValue}"${others}${value}  [${countFiles(fileCount)}]`;
    })
    .join('\n');

async function write(
  files: readonly string[],
  outDir: string,
  deidentifier: Deidentifier,
  output: Output,
): Promise<void> {
  if (existsSync(outDir) && readdirSync(outDir).length > 0)
    throw new IbisError(
      'usage',
      `${outDir} is not empty. Name another folder: copies with and without names must not be mixed.`,
    );
  const progress = output.startProgress('De-identifying');
  const abort = new AbortController();
  const cancel = (): void => {
    abort.abort();
  };
  process.on('SIGINT', cancel);
  try {
    const made = await deidentifyFiles(files, deidentifier, {
      outDir,
      signal: abort.signal,
      onProgress: (done, total) => {
        progress.update(done, total);
      },
    });
    progress.stop();
    for (const warning of made.warnings) output.note(`Note: ${warning}`);
    for (const { index, message } of made.refused)
      output.note(`Not written: ${path.basename(files[index] ?? '')}: ${message}`);
    output.result(
      { files: made.files, warnings: made.warnings, refused: made.refused.length },
      `${countFiles(made.files.length)} written to ${outDir}`,
    );
    if (made.refused.length > 0)
      throw new IbisError(
        'broken-file',
        `${String(made.refused.length)} of ${countFiles(files.length)} could not be read; what was left out is named above.`,
      );
  } finally {
    progress.stop();
    process.off('SIGINT', cancel);
  }
}

/** `ibis deidentify`: needs neither database nor models, only the key of the data folder. */
export async function runDeidentify(
  input: string,
  outDir: string | undefined,
  options: DeidentifyOptions,
): Promise<void> {
  const output = createOutput(options.json === true, { out: process.stdout, err: process.stderr });
  if (outDir === undefined && options.dryRun !== true)
    throw new IbisError('usage', 'Name the folder to write to, or use --dry-run.');
  if (outDir !== undefined) requireWritableFolder(outDir);
  const dataDir = path.resolve(
    options.dataDir ??
      defaultDataDir({ platform: process.platform, env: process.env, homeDir: homedir() }),
  );
  const deidentifier = createDeidentifier(toDeidentification(options), loadKey(dataDir));
  const { files, others } = findFiles(path.resolve(input));
  if (others > 0)
    output.note(
      others === 1
        ? 'Note: 1 file that is not DICOM is not looked at.'
        : `Note: ${String(others)} files that are not DICOM are not looked at.`,
    );
  if (outDir !== undefined && options.dryRun !== true)
    return write(files, path.resolve(outDir), deidentifier, output);
  const preview = await previewFiles(files, deidentifier);
  for (const warning of preview.warnings) output.note(`Note: ${warning}`);
  output.result(preview, formatPreview(preview));
}

export function addDeidentifyCommand(program: Command): void {
  addProfileOptions(
    program
      .command('deidentify')
      .description('copy DICOM files without what identifies the patient (DICOM PS3.15, Annex E)')
      .argument('<input>', 'DICOM file or folder; images, SEG, RTSTRUCT, SR and others alike')
      .argument('[out]', 'folder to write to, made if missing'),
  )
    .option('--dry-run', 'write nothing: list each attribute with its old and new value')
    .option('--data-dir <dir>', "folder whose key makes the stand-ins (default: the app's)")
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Without options: the Basic Application Level Confidentiality Profile. UIDs are replaced by others that
still agree with each other, in all exports made with the same key (deidentification.key in the data
folder). Pixels are not changed: images that may show names are named.

Examples:
  $ ibis deidentify study/ --dry-run
  $ ibis deidentify study/ out/ --dates shift --keep-patient --clean-descriptors`,
    )
    .action(runDeidentify);
}
