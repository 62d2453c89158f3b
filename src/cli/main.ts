import { Command, CommanderError } from 'commander';

import { toErrorShape } from '../contract/errors.js';
import { addBatchCommand } from './batch.js';
import { addClickCommand } from './click.js';
import { addDeidentifyCommand } from './deidentify.js';
import { addEvalCommand } from './eval.js';
import { addEvalVolumesCommand } from './evalVolumes.js';
import { addExportCommand } from './export.js';
import { exitCodeHelp, exitCodeOf, exitCodes } from './exitCodes.js';
import { addInfoCommand } from './info.js';
import { addMeasurementsCommand } from './measurements.js';
import { addMergeCommand } from './merge.js';
import { version } from './openEngine.js';
import { createOutput } from './output.js';
import { addPropagateCommand } from './propagate.js';
import { addSegmentCommand } from './segment.js';
import { addSegmentationsCommand } from './segmentations.js';
import { addSessionCommand } from './session.js';

/** Entry of the command line: the engine of the app in this process, without a window. */
function buildProgram(): Command {
  const program = new Command('ibis')
    .description('Segment medical images with an agent, click by click, offline.')
    .version(version)
    .exitOverride() // inherited by the commands added below
    .showHelpAfterError('(ibis --help, or ibis <command> --help, lists what there is)')
    .addHelpText('after', `\n${exitCodeHelp}\n\nFor research use only, not for diagnosis.`);
  addInfoCommand(program);
  addSegmentCommand(program);
  addClickCommand(program);
  addPropagateCommand(program);
  addEvalCommand(program);
  addEvalVolumesCommand(program);
  addBatchCommand(program);
  addMergeCommand(program);
  addSegmentationsCommand(program);
  addMeasurementsCommand(program);
  addSessionCommand(program);
  addExportCommand(program);
  addDeidentifyCommand(program);
  return program;
}

async function run(argv: readonly string[]): Promise<number> {
  try {
    await buildProgram().parseAsync([...argv]);
    return exitCodes.done;
  } catch (thrown) {
    if (thrown instanceof CommanderError)
      return thrown.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    const error = toErrorShape(thrown);
    const output = createOutput(argv.includes('--json'), {
      out: process.stdout,
      err: process.stderr,
    });
    output.fail(error);
    return exitCodeOf(error.code);
  }
}

/** Nobody reads on (`| head`): the work goes on, as it is stored. Output into a file on a full disk is a failure. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') return;
      process.exitCode = exitCodes.failed;
      if (stream === process.stdout)
        process.stderr.write(`ibis: The output cannot be written: ${error.message} (failed)\n`);
    });
}

outliveReaders();
const exitCode = await run(process.argv);
// Set rather than exit(): a pipe may still have to take what was written.
process.exitCode ??= exitCode;
