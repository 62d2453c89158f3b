import { describe, expect, it } from 'vitest';

import { compareRuns } from '../../../src/engine/inference/probe.js';
import {
  chooseProvider,
  listAvailableProviders,
  probeInChild,
} from '../../../src/engine/inference/providers.js';
import { getPolicyModel, loadModels } from '../../../src/engine/inference/models.js';
import { loadMinisam, repository } from './models.js';
import type { Probe } from '../../../src/engine/inference/providers.js';

const loadTiny = async () =>
  getPolicyModel(await loadModels([`${repository}/test/fixtures/policies`]), 'tiny-idefics3');

const [best] = await listAvailableProviders();

describe('execution providers', () => {
  it('are those that onnxruntime-node has on this machine, the processor last', async () => {
    const available = await listAvailableProviders();
    expect(available.at(-1)).toBe('cpu');
    expect(available).not.toContain('tensorrt');
  });

  it('fall back to the processor with a note that says why', async () => {
    const status = await chooseProvider({ model: await loadMinisam(), preferred: '' });
    expect(status.available).toContain('cpu');
    // On a machine with a graphics card the first may be used: then there is nothing to explain.
    if (status.used === 'cpu' && status.available.length > 1)
      expect(status.note).toMatch(/is not used: .+\./);
    else expect(status.used).toBe(status.available[0]);
  });

  it('say so when IBIS_PROVIDER asks for one that is not there', async () => {
    const status = await chooseProvider({ model: await loadMinisam(), preferred: 'abacus' });
    expect(status.used).toBe('cpu');
    expect(status.note).toContain('"abacus"');
  });

  it('are not tried when the processor is asked for', async () => {
    const probe: Probe = () => Promise.reject(new Error('tried'));
    const status = await chooseProvider({ model: await loadMinisam(), preferred: 'cpu', probe });
    expect(status).toMatchObject({ used: 'cpu', note: '' });
  });

  const withReply =
    (reply: Awaited<ReturnType<Probe>>): Probe =>
    () =>
      Promise.resolve(reply);
  it.skipIf(best === 'cpu')(
    'are used when they agree with the processor and are faster',
    async () => {
      const probe = withReply({ kind: 'ran', difference: 0.001, elapsedMs: 5, cpuMs: 90 });
      const status = await chooseProvider({ model: await loadMinisam(), preferred: '', probe });
      expect(status).toMatchObject({ used: best, note: '' });
    },
  );

  it.skipIf(best === 'cpu')('are refused when they disagree with it or are slower', async () => {
    const model = await loadMinisam();
    const wrong = withReply({ kind: 'ran', difference: 0.3, elapsedMs: 5, cpuMs: 90 });
    const slow = withReply({ kind: 'ran', difference: 0, elapsedMs: 40_000, cpuMs: 90 });
    expect(await chooseProvider({ model, preferred: '', probe: wrong })).toMatchObject({
      used: 'cpu',
      note: expect.stringContaining("differs from the CPU's by 30.0%") as string,
    });
    expect(await chooseProvider({ model, preferred: '', probe: slow })).toMatchObject({
      used: 'cpu',
      note: expect.stringContaining('slower than the CPU') as string,
    });
  });

  it('are tried in a process of their own, on the very model', async () => {
    const { manifest, filesDir } = await loadTiny();
    const reply = await probeInChild(
      { kind: 'loadPolicy', manifest, filesDir, execution: { provider: 'cpu', intraOpThreads: 1 } },
      60_000,
    );
    expect(reply).toMatchObject({ kind: 'ran', difference: 0 });
  });

  it('are given up when the trial does not answer in time', async () => {
    const { manifest, filesDir } = await loadTiny();
    const reply = await probeInChild(
      { kind: 'loadPolicy', manifest, filesDir, execution: { provider: 'cpu', intraOpThreads: 1 } },
      1,
    );
    expect(reply).toEqual({ kind: 'failed', reason: 'it did not answer within 0 s' });
  });

  it('are compared by the largest difference, and never pass with a value that is no number', () => {
    expect(compareRuns(Float32Array.of(1, -4), Float32Array.of(1, -4))).toBe(0);
    expect(compareRuns(Float32Array.of(1.5, -4), Float32Array.of(1, -4))).toBe(0.125);
    expect(compareRuns(Float32Array.of(NaN), Float32Array.of(1))).toBe(Infinity);
    expect(compareRuns(Float32Array.of(1), Float32Array.of(1, 2))).toBe(Infinity);
  });
});
