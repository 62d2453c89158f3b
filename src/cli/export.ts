import path from 'node:path';

import { Option } from 'commander';
import type { Command } from 'commander';

import { exportFormats, usualExportFormats } from '../contract/exportFormats.js';
import type { ExportFormat } from '../contract/exportFormats.js';
import { addProfileOptions, chosenDeidentification } from './deidentify.js';
import type { ProfileOptions } from './deidentify.js';
import { aboutSession } from './aboutSession.js';
import { openStoredEngine } from './openEngine.js';
import { createOutput } from './output.js';
import { requireWritableFolder } from './outputFolder.js';

interface ExportOptions extends ProfileOptions {
  readonly out: string;
  readonly formats: readonly ExportFormat[];
  readonly deidentify?: true;
  readonly dataDir?: string;
  readonly json?: true;
}

/** `ibis export`: the files of stored sessions, as the window's export menu writes them. */
export async function runExport(
  ids: readonly string[],
  options: ExportOptions,
  command: Command,
): Promise<void> {
  const deidentify = chosenDeidentification(options, command);
  const output = createOutput(options.json === true, { out: process.stdout, err: process.stderr });
  const out = path.resolve(options.out);
  requireWritableFolder(out);
  const engine = await openStoredEngine(options.dataDir);
  try {
    for (const sessionId of ids) {
      const { files, notes } = await aboutSession(sessionId, () =>
        engine.invoke('exportSession', {
          sessionId,
          formats: [...options.formats],
          outDir: ids.length === 1 ? out : path.join(out, sessionId),
          replace: true, // as every command with an output does
          deidentify,
        }),
      );
      output.result(
        { sessionId, files, notes },
        [...notes, `${String(files.length)} files of ${sessionId} written`].join('\n'),
      );
    }
  } finally {
    await engine.close();
  }
}

export function addExportCommand(program: Command): void {
  const command = program
    .command('export')
    .description('write the files of stored sessions: masks, trace, training data')
    .argument('<ids...>', 'sessions, as "ibis session list" names them')
    .requiredOption('--out <dir>', 'folder for the files; of several sessions, one below it each')
    .addOption(
      new Option('--formats <names...>', 'what to write')
        .choices(exportFormats)
        .default(usualExportFormats),
    )
    .option('--deidentify', "take the patient's identity out; the options below say how");
  addProfileOptions(command)
    .option('--data-dir <dir>', "data folder (default: the app's)")
    .option('--json', 'JSON lines instead of text')
    .addHelpText(
      'after',
      `
sharegpt, trl and verl are data sets of LLaMA-Factory, TRL and verl: a row for each step of the policy that stood in an
accepted or approved session.

Examples:
  $ ibis export 3f2c9c1e-... --out out --formats trace sharegpt
  $ ibis export 3f2c9c1e-... --out out --deidentify --dates shift`,
    )
    .action(runExport);
}
