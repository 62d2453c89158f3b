import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';

import type {
  EngineMethodName,
  IbisEvent,
  MethodParams,
  MethodResults,
  Reply,
} from '../../../src/contract/channels.js';
import type { FromEngine } from '../../../src/contract/engineMessages.js';
import { repoRoot, resourcesDir } from './helpers.js';

const engineFile = path.join(repoRoot, 'out', 'main', 'engine.js');
const nodeFile = path.join(repoRoot, 'node_modules', 'node', 'bin', 'node');

/** The built engine as main runs it: its own process, plain Node, killed without a word. */
export class EngineUnderTest {
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
