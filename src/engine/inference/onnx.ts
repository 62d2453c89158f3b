import path from 'node:path';
import { InferenceSession } from 'onnxruntime-node';

import { IbisError } from '../../contract/errors.js';
import type { SessionSignature } from '../../contract/manifest.js';
import type { Execution } from './workerProtocol.js';

/** Options of every session. Threads do not spin after a run: the other worker needs the cores. */
export function createSessionOptions(execution: Execution): InferenceSession.SessionOptions {
  return {
    executionProviders: [execution.provider],
    intraOpNumThreads: execution.intraOpThreads,
    interOpNumThreads: 1,
    // The arena keeps what the encoder once needed: 690 MB of a process instead of 380, for no time saved.
    enableCpuMemArena: false,
    enableMemPattern: false,
    logSeverityLevel: 3, // errors: warnings name nodes, and help nobody who reads a log
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
}

/** Opens a session and compares it with the manifest. Rejects with 'model-failed' or 'model-signature'. */
export async function openSession(
  filesDir: string,
  signature: SessionSignature,
  execution: Execution,
): Promise<InferenceSession> {
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(
      path.join(filesDir, signature.file),
      createSessionOptions(execution),
    );
  } catch (cause) {
    throw new IbisError('model-failed', `The model file "${signature.file}" could not be loaded.`, {
      cause,
    });
  }
  checkSignature(session, signature);
  return session;
}

type Metadata = InferenceSession['inputMetadata'];

/** Throws 'model-signature' unless names, types and fixed dimensions are those of the manifest. */
export function checkSignature(
  session: Pick<InferenceSession, 'inputMetadata' | 'outputMetadata'>,
  signature: SessionSignature,
): void {
  const problem =
    describeDifference('input', session.inputMetadata, signature.inputs) ??
    describeDifference('output', session.outputMetadata, signature.outputs);
  if (problem !== null)
    throw new IbisError(
      'model-signature',
      `The model file "${signature.file}" is not what its manifest describes: ${problem}. Use a manifest and files of the same version.`,
    );
}

function describeDifference(
  side: 'input' | 'output',
  found: Metadata,
  wanted: SessionSignature['inputs'],
): string | null {
  const extra = found.find(({ name }) => wanted.every((tensor) => tensor.name !== name));
  if (extra !== undefined) return `it has the unexpected ${side} "${extra.name}"`;
  for (const tensor of wanted) {
    const match = found.find(({ name }) => name === tensor.name);
    if (match === undefined) return `the ${side} "${tensor.name}" is missing`;
    if (!match.isTensor) return `the ${side} "${tensor.name}" is no tensor`;
    if (match.type !== tensor.type)
      return `the ${side} "${tensor.name}" is ${match.type}, not ${tensor.type}`;
    const isSameShape =
      match.shape.length === tensor.shape.length &&
      match.shape.every((size, axis) => {
        const other = tensor.shape[axis];
        return typeof size === 'string' || typeof other === 'string' || size === other;
      });
    if (!isSameShape)
      return `the ${side} "${tensor.name}" is [${match.shape.join(', ')}], not [${tensor.shape.join(', ')}]`;
  }
  return null;
}
