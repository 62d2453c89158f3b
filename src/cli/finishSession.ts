import path from 'node:path';

import type { ExportFormat } from '../contract/channels.js';
import type { SegmentationSession } from '../domain/session.js';
import type { SourceKind } from '../domain/study.js';
import { countMaskVoxels } from '../engine/batch/runCase.js';
import type { CliEngine } from './openEngine.js';
import type { Output } from './output.js';

/** Writes the session's files and the last line: what came out, and where it lies. */
export async function finishSession(
  engine: CliEngine,
  output: Output,
  options: {
    readonly session: SegmentationSession;
    readonly sourceKind: SourceKind;
    readonly outDir: string;
    /** By the Basic Profile. */
    readonly deidentify: boolean;
  },
): Promise<void> {
  const { session, sourceKind } = options;
  const formats: ExportFormat[] = ['nifti', 'trace', 'overlay'];
  if (sourceKind === 'dicom') formats.unshift('seg');
  const { files, notes } = await engine.invoke('exportSession', {
    sessionId: session.sessionId,
    formats,
    outDir: path.resolve(options.outDir),
    replace: true, // as every command with an output does
    deidentify: options.deidentify ? {} : null,
  });
  const { stopReason, answer, sessionId } = session;
  const steps = session.steps.filter((step) => !step.undone).length;
  const maskVoxels = countMaskVoxels(session);
  const shown = files.filter((file) => path.dirname(file) === path.resolve(options.outDir));
  output.result(
    { stopReason, answer, steps, maskVoxels, files, notes, sessionId },
    [
      `${stopReason ?? 'done'} after ${steps} steps, ${maskVoxels} voxels`,
      ...(answer === null ? [] : [`answer: ${answer}`]),
      ...notes,
      ...shown.map((file) => `wrote ${file}`),
    ].join('\n'),
  );
}
