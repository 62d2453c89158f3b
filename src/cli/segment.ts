import path from 'node:path';

import type { Command } from 'commander';

import { IbisError } from '../contract/errors.js';
import type { SessionId } from '../domain/brand.js';
import type { Step } from '../domain/session.js';
import { parseCount, parsePrompt } from './arguments.js';
import { choosePolicy } from './choosePolicy.js';
import { finishSession } from './finishSession.js';
import { openEngine } from './openEngine.js';
import type { CliEngine } from './openEngine.js';
import { chooseSeries, chooseSlice, openInput } from './openInput.js';
import { createOutput } from './output.js';
import type { Output } from './output.js';
import { requireWritableFolder } from './outputFolder.js';
import { addSliceOptions } from './sessionOptions.js';
import type { SliceOptions } from './sessionOptions.js';

interface SegmentOptions extends SliceOptions {
  readonly prompt: string;
  readonly policy?: string;
  readonly maxSteps: number;
}

function printStep(output: Output, step: Step): void {
  const { stepIndex, reasoning, action, score, elapsedMs } = step;
  const click =
    action.kind === 'click'
      ? {
          label: action.click.label,
          normalised: action.click.normalised,
          voxel: action.click.voxel,
          world: action.click.world,
        }
      : null;
  const words =
    action.kind === 'click'
      ? `${action.click.label} (${action.click.normalised.x.toFixed(4)}, ${action.click.normalised.y.toFixed(4)})  score ${score?.toFixed(2) ?? '-'}`
      : action.kind === 'unparsed'
        ? `unreadable: ${action.problem}`
        : 'stop';
  output.result(
    { stepIndex, reasoning, action: action.kind, click, score, elapsedMs },
    `step ${stepIndex + 1}: ${reasoning}\n  ${words}  ${Math.round(elapsedMs)} ms`,
  );
}

/** Runs the session to its end, printing each step once it is stored. Ctrl+C cancels it, keeping what there is. */
export async function runToEnd(
  engine: CliEngine,
  sessionId: SessionId,
  output: Output,
): Promise<void> {
  const cancel = (): void => void engine.call('cancelSession', { sessionId });
  process.on('SIGINT', cancel);
  const stopped = new Promise<void>((resolve) => {
    engine.onEvent((event) => {
      if (event.kind === 'stepSaved' && event.sessionId === sessionId)
        printStep(output, event.step);
      if (
        event.kind === 'sessionChanged' &&
        event.sessionId === sessionId &&
        event.runState === 'stopped'
      )
        resolve();
    });
  });
  await engine.invoke('runSession', { sessionId });
  await stopped;
  process.off('SIGINT', cancel);
}

export async function runSegment(input: string, options: SegmentOptions): Promise<void> {
  const output = createOutput(options.json === true, { out: process.stdout, err: process.stderr });
  requireWritableFolder(options.out);
  const engine = await openEngine(options.dataDir);
  try {
    const opened = await openInput(engine, path.resolve(input), output);
    const summary = chooseSeries(opened, options.series);
    const series = await engine.invoke('getSeries', { seriesId: summary.seriesId });
    const policyId = await choosePolicy(engine, options.policy);
    const check = await engine.invoke('checkRequest', { policyId, text: options.prompt });
    if (!check.known) output.note(`Note: ${check.warning}`);
    const { sessionId } = await engine.invoke('startSession', {
      seriesId: series.seriesId,
      phaseIndex: options.phase,
      axis: options.axis,
      sliceIndex: chooseSlice(series, options),
      window: options.window ?? null,
      prompt: options.prompt,
      policyId,
      segmenterId: options.segmenter,
      maxSteps: options.maxSteps,
    });
    await runToEnd(engine, sessionId, output);
    const session = await engine.invoke('getSession', { sessionId });
    await finishSession(engine, output, {
      session,
      sourceKind: series.sourceKind,
      outDir: options.out,
      deidentify: options.deidentify === true,
    });
    if (session.stopReason === 'failed')
      throw new IbisError('failed', session.failure ?? 'The run failed.');
    if (session.stopReason === 'user-stop') throw new IbisError('cancelled', 'Cancelled.');
  } finally {
    await engine.close();
  }
}

export function addSegmentCommand(program: Command): void {
  addSliceOptions(
    program
      .command('segment')
      .description('let the agent segment one slice from a request in words')
      .argument('<path>', 'folder, file, zip or DICOMDIR'),
  )
    .requiredOption('--prompt <text>', 'what to segment', parsePrompt)
    .option('--policy <id>', 'policy to use (default: the first one installed)')
    .option('--max-steps <n>', 'steps after which the run ends', parseCount, 20)
    .addHelpText(
      'after',
      `
Writes seg.dcm (for DICOM input), mask.nii.gz, overlay.png, trace.jsonl and trace_images/; an earlier
export in the folder is replaced.
The session is also stored in the app's database, where it can be replayed and gone on with.
With --json: one line a step {stepIndex, reasoning, action, click, score, elapsedMs}, then
{stopReason, answer, steps, maskVoxels, files, notes, sessionId}.

Examples:
  $ ibis segment resources/demo/colin27 --axis axial --slice 68 --prompt "Segment the left putamen." --out out/putamen
  $ ibis segment study.zip --series 1.2.840.1 --slice 12 --prompt "left ventricle" --out out --json`,
    )
    .action(runSegment);
}
