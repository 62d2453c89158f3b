import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

import type { EngineState, IbisEvent, Reply } from '../contract/channels.js';
import type { FromEngine, ResolvedResource, ToEngine } from '../contract/engineMessages.js';

export interface EngineProcess {
  getState(): EngineState;
  /** Always settles: with the engine's reply, or with 'engine-stopped' when it ends first. */
  call(method: string, params: unknown): Promise<Reply<unknown>>;
  /** What to stream for a dicom:// address. */
  resolve(resource: string): Promise<Reply<ResolvedResource>>;
  /** Starts the engine where it is not running; ends a running one first. */
  restart(): Promise<void>;
  /** Lets the engine close its database, then ends it. */
  shutdown(): Promise<void>;
}

export interface EngineLaunch {
  readonly nodeFile: string;
  readonly engineFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Why it cannot be started at all, or null. */
  readonly describeMissing: () => string | null;
  readonly onEvent: (event: IbisEvent) => void;
}

const SHUTDOWN_GRACE_MS = 3000; // enough for a checkpoint of the database; then the engine is killed

type PendingCall = (reply: Reply<unknown>) => void;

/** The engine's life: forked, watched, restarted on demand. Announces each change as `engineStateChanged`. */
export function startEngineProcess(launch: EngineLaunch): EngineProcess {
  let state: EngineState = { kind: 'starting' };
  let child: ChildProcess | null = null;
  let nextCallId = 1;
  const pending = new Map<number, PendingCall>();

  const setState = (next: EngineState): void => {
    state = next;
    launch.onEvent({ kind: 'engineStateChanged', state: next });
  };

  const failPending = (message: string): void => {
    const calls = [...pending.values()];
    pending.clear();
    for (const settle of calls) settle({ ok: false, error: { code: 'engine-stopped', message } });
  };

  const start = (): void => {
    if (child !== null) return; // asked for twice at once: one engine on one database
    const missing = launch.describeMissing();
    if (missing !== null) {
      setState({ kind: 'stopped', reason: missing });
      return;
    }
    setState({ kind: 'starting' });
    const started = fork(launch.engineFile, [], {
      execPath: launch.nodeFile,
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: launch.env,
    });
    child = started;
    let failure: string | null = null;
    let ended = false;
    // Both 'error' (could not be started) and 'exit' may come, in either order and alone.
    const end = (reason: string): void => {
      if (ended) return;
      ended = true;
      if (child === started) child = null;
      setState({ kind: 'stopped', reason });
      failPending('The engine stopped. Restart it; what was stored is kept.');
    };
    started.on('message', (message) => {
      const fromEngine = message as FromEngine; // our own engine, typed by the contract
      switch (fromEngine.kind) {
        case 'ready':
          setState({ kind: 'ready' });
          break;
        case 'failed':
          failure = fromEngine.error.message;
          break;
        case 'event':
          launch.onEvent(fromEngine.event);
          break;
        case 'reply': {
          const settle = pending.get(fromEngine.callId);
          pending.delete(fromEngine.callId);
          settle?.(fromEngine.reply);
          break;
        }
      }
    });
    started.on('error', (error) => {
      end(`The engine could not be started: ${error.message}`);
    });
    started.on('exit', (code, signal) => {
      end(failure ?? `The engine ended unexpectedly (${signal ?? `exit code ${String(code)}`}).`);
    });
  };

  const post = (message: ToEngine): boolean => {
    if (child === null || !child.connected) return false;
    // A channel that closes under the message is told by 'exit', which settles the call.
    child.send(message, () => undefined);
    return true;
  };

  const ask = (makeMessage: (callId: number) => ToEngine): Promise<Reply<unknown>> =>
    new Promise((resolve) => {
      const callId = nextCallId++;
      pending.set(callId, resolve);
      if (post(makeMessage(callId))) return;
      pending.delete(callId);
      resolve({
        ok: false,
        error: { code: 'engine-stopped', message: 'The engine is not running. Restart it.' },
      });
    });

  const shutdown = async (): Promise<void> => {
    const ending = child;
    if (ending === null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => ending.kill('SIGKILL'), SHUTDOWN_GRACE_MS);
      ending.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      if (!post({ kind: 'shutdown' })) ending.kill('SIGKILL');
    });
  };

  start();
  return {
    getState: () => state,
    call: (method, params) => ask((callId) => ({ kind: 'call', callId, method, params })),
    resolve: (resource) =>
      ask((callId) => ({ kind: 'resolve', callId, resource })) as Promise<Reply<ResolvedResource>>, // our own engine's reply to 'resolve'
    restart: async () => {
      await shutdown();
      start();
    },
    shutdown,
  };
}
