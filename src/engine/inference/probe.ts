import { emptyMask } from '../../domain/mask.js';
import type { SliceImage } from '../agent/types.js';
import type { ProbeReply, ProbeRequest } from './probeProtocol.js';
import type { RequestOf } from './workerProtocol.js';

interface FixedRun {
  readonly values: Float32Array;
  readonly elapsedMs: number; // of the second run: the first one compiles
}

/** A bright square on a ramp; any picture will do as long as it is the same for both. */
function drawFixedSlice(size: number): SliceImage {
  const rgb = new Uint8Array(size * size * 3);
  for (let p = 0; p < size * size; p++) {
    const [column, row] = [p % size, Math.floor(p / size)];
    const isInside = Math.abs(column - size / 2) < size / 5 && Math.abs(row - size / 2) < size / 5;
    rgb.fill(isInside ? 210 : (column + 2 * row) % 90, 3 * p, 3 * p + 3);
  }
  return { width: size, height: size, rgb, key: 'probe' };
}

async function runSegmenter(request: RequestOf<'loadSegmenter'>): Promise<FixedRun> {
  const { openSegmenterSession } = await import('./segmenterSession.js');
  const segmenter = await openSegmenterSession({ ...request, cache: null });
  const slice = drawFixedSlice(128);
  const clicks = [{ label: 'include' as const, normalised: { x: 0.5, y: 0.5 } }];
  const prompts = { clicks, box: null, scribbles: [] };
  const prompt = { slice, prompts, previousLowResLogits: null };
  await segmenter.segment(prompt);
  const { lowResLogits, elapsedMs } = await segmenter.segment(prompt);
  await segmenter.release();
  return { values: lowResLogits, elapsedMs };
}

/** Greedy tokens leave no room for tolerance: a provider that rounds a token away is not used. */
async function runPolicy(request: RequestOf<'loadPolicy'>): Promise<FixedRun> {
  const { openPolicySession } = await import('./policySession.js'); // heavy: only where it is needed
  const session = await openPolicySession(request);
  const { widthPx, heightPx } = request.manifest.policy.image;
  const mask = emptyMask(widthPx, heightPx);
  const data = Uint8Array.from({ length: mask.data.length * 3 }, (_, p) => (p * 7) % 251);
  const prompt = {
    kind: 'generate' as const,
    systemPrompt: request.manifest.policy.systemPrompt,
    userPrompt: 'Request: probe',
    image: { width: widthPx, height: heightPx, channels: 3, data },
  };
  const hooks = { onText: () => undefined, isCancelled: () => false };
  await session.generate(prompt, hooks);
  const begun = performance.now();
  const { tokenIds } = await session.generate(prompt, hooks);
  const elapsedMs = performance.now() - begun;
  await session.release();
  return { values: Float32Array.from(tokenIds), elapsedMs };
}

const runFixed = (request: ProbeRequest): Promise<FixedRun> =>
  request.kind === 'loadSegmenter' ? runSegmenter(request) : runPolicy(request);

/** Largest difference as a share of the largest value; Infinity when the lengths differ or a value is no number. */
export function compareRuns(values: Float32Array, reference: Float32Array): number {
  if (values.length !== reference.length) return Infinity;
  let difference = 0;
  let largest = Number.MIN_VALUE;
  for (let p = 0; p < values.length; p++) {
    const wanted = reference[p] ?? 0;
    const distance = Math.abs((values[p] ?? NaN) - wanted);
    if (Number.isNaN(distance)) return Infinity;
    difference = Math.max(difference, distance);
    largest = Math.max(largest, Math.abs(wanted));
  }
  return difference / largest;
}

/** The provider first: where it cannot start, no time is spent on the CPU. */
export async function probeProvider(request: ProbeRequest): Promise<ProbeReply> {
  try {
    const tried = await runFixed(request);
    const execution = { ...request.execution, provider: 'cpu' };
    const reference = await runFixed({ ...request, execution });
    return {
      kind: 'ran',
      difference: compareRuns(tried.values, reference.values),
      elapsedMs: tried.elapsedMs,
      cpuMs: reference.elapsedMs,
    };
  } catch (thrown) {
    return { kind: 'failed', reason: describeReason(thrown) };
  }
}

/** The last sentence of onnxruntime's message; what stands before it is source files and line numbers. */
function describeReason(thrown: unknown): string {
  const fault = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  const message = fault instanceof Error ? fault.message : String(fault);
  return (
    message
      .trim()
      .split(/\n|: (?=[A-Z])/)
      .at(-1) ?? message
  );
}
