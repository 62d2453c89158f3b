import { fork } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { workerEntry } from '../workerEntry.js';
import { refuseTelemetry } from './telemetry.js';
import { verifyModel } from './models.js';
import { probeReplySchema } from './probeProtocol.js';
import { defaultThreads } from './segmenter.js';
import type { ProviderStatus } from '../../contract/channels.js';
import type { InstalledModel } from './models.js';
import type { ProbeReply, ProbeRequest } from './probeProtocol.js';

// Fastest first. All but 'cpu' are tried before they are trusted.
const PREFERENCE = ['cuda', 'coreml', 'dml', 'webgpu', 'cpu'] as const;
// Of the largest logit. The WebGPU kernels differ from the CPU's by 0.006 of it, half precision by about 0.01.
const MAX_DIFFERENCE = 0.02;
const TIMEOUT_MS = 30_000;

const NAMES: Readonly<Record<string, string>> = {
  cuda: 'CUDA',
  coreml: 'Core ML',
  dml: 'DirectML',
  webgpu: 'WebGPU',
};

export type Probe = (request: ProbeRequest, timeoutMs: number) => Promise<ProbeReply>;

/**
 * Picks how a model is run: the preferred provider that onnxruntime-node has, after it gave the CPU's result
 * on a fixed input, and faster; else the CPU, with a note that says why. `preferred` is IBIS_PROVIDER.
 */
export async function chooseProvider({
  model,
  preferred = process.env['IBIS_PROVIDER'] ?? '',
  timeoutMs = TIMEOUT_MS,
  probe = probeInChild,
}: {
  readonly model: InstalledModel;
  readonly preferred?: string;
  readonly timeoutMs?: number;
  readonly probe?: Probe;
}): Promise<ProviderStatus> {
  const available = await listAvailableProviders();
  const notes: string[] = [];
  if (preferred !== '' && !available.includes(preferred))
    notes.push(
      `IBIS_PROVIDER asks for "${preferred}", which this machine's ONNX Runtime does not have (it has ${available.join(', ')}).`,
    );
  const candidates = preferred === '' ? available : available.filter((name) => name === preferred);
  for (const provider of candidates) {
    if (provider === 'cpu') break;
    const request = toProbeRequest(model, provider);
    await verifyModel(model);
    const refusal = judge(await probe(request, timeoutMs));
    if (refusal === null) return { available, used: provider, note: notes.join(' ') };
    notes.push(`${NAMES[provider] ?? provider} is not used: ${refusal}`);
  }
  return { available, used: 'cpu', note: notes.join(' ') };
}

/** Why a provider is not used, or null. */
function judge(reply: ProbeReply): string | null {
  if (reply.kind === 'failed') return `${reply.reason.replace(/\.$/, '')}.`;
  if (reply.difference > MAX_DIFFERENCE)
    return `its result differs from the CPU's by ${(reply.difference * 100).toFixed(1)}% on the same input.`;
  if (reply.elapsedMs > reply.cpuMs)
    return `it is slower than the CPU (${reply.elapsedMs.toFixed(0)} ms against ${reply.cpuMs.toFixed(0)} ms).`;
  return null;
}

/** As onnxruntime-node lists them, best first; those whose libraries are not there are left out. */
export async function listAvailableProviders(): Promise<string[]> {
  refuseTelemetry();
  const { listSupportedBackends } = await import('onnxruntime-node');
  const listed = listSupportedBackends().filter(
    ({ name, bundled }) => bundled || hasProviderLibrary(name),
  );
  return PREFERENCE.filter((name) => listed.some((backend) => backend.name === name));
}

/** CUDA's libraries are no part of the npm package; who wants them puts them beside it. */
function hasProviderLibrary(name: string): boolean {
  const folder = path.dirname(
    createRequire(import.meta.url).resolve('onnxruntime-node/package.json'),
  );
  const binaries = path.join(folder, 'bin', 'napi-v6', process.platform, process.arch);
  return (
    existsSync(binaries) &&
    readdirSync(binaries).some((file) => file.includes(`onnxruntime_providers_${name}.`))
  );
}

function toProbeRequest({ manifest, filesDir }: InstalledModel, provider: string): ProbeRequest {
  const execution = { provider, intraOpThreads: defaultThreads() };
  return manifest.role === 'segmenter'
    ? { kind: 'loadSegmenter', filesDir, manifest, execution, cache: null }
    : { kind: 'loadPolicy', filesDir, manifest, execution };
}

/** In a process of its own: a driver that hangs or crashes takes nothing else with it. */
export const probeInChild: Probe = (request, timeoutMs) =>
  new Promise((resolve) => {
    refuseTelemetry();
    const child = fork(fileURLToPath(workerEntry('inferenceWorker')), [], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const finish = (reply: ProbeReply): void => {
      clearTimeout(timer);
      child.kill('SIGKILL'); // it holds nothing that needs an orderly end
      resolve(reply);
    };
    const timer = setTimeout(() => {
      const seconds = (timeoutMs / 1000).toFixed(0);
      finish({ kind: 'failed', reason: `it did not answer within ${seconds} s` });
    }, timeoutMs);
    child.once('message', (message) => {
      const parsed = probeReplySchema.safeParse(message);
      finish(
        parsed.success ? parsed.data : { kind: 'failed', reason: 'its trial was not understood' },
      );
    });
    child.once('error', () => {
      finish({ kind: 'failed', reason: 'its trial could not be started' });
    });
    child.once('exit', () => {
      finish({ kind: 'failed', reason: 'its trial crashed' });
    });
    child.send(request);
  });
