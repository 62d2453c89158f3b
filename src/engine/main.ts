import { toErrorShape } from '../contract/errors.js';
import { toEngineSchema } from '../contract/engineMessages.js';
import type { FromEngine } from '../contract/engineMessages.js';
import { createEngine } from './index.js';
import type { Engine } from './index.js';
import { logFault } from './log.js';

/**
 * Entry of the engine's process (plain Node 24, forked by main). It ends when told to, when it cannot start,
 * and when main is gone: an engine without a window would hold the database for nobody.
 */
function send(message: FromEngine): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

const fromEnvironment = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
};

async function end(engine: Engine | null, code: number): Promise<never> {
  try {
    await engine?.close();
  } catch (thrown) {
    logFault('close', thrown);
  }
  process.exit(code);
}

async function answer(engine: Engine, raw: unknown): Promise<void> {
  const parsed = toEngineSchema.safeParse(raw);
  if (!parsed.success) {
    console.error('ibis engine: bad-message');
    return;
  }
  const message = parsed.data;
  switch (message.kind) {
    case 'call':
      send({
        kind: 'reply',
        callId: message.callId,
        reply: await engine.call(message.method, message.params),
      });
      break;
    case 'resolve':
      send({
        kind: 'reply',
        callId: message.callId,
        reply: await engine.resolve(message.resource),
      });
      break;
    case 'shutdown':
      await end(engine, 0);
  }
}

// A half-broken engine must not go on writing; main offers a restart, and what was stored is kept.
process.on('uncaughtException', (thrown) => {
  logFault('uncaught', thrown);
  process.exit(1);
});
process.on('SIGINT', () => undefined); // Ctrl+C in a terminal reaches main too, which ends us in order

// Calls that come before the engine is ready wait for it.
const starting = (async () =>
  createEngine({
    dataDir: fromEnvironment('IBIS_DATA_DIR'),
    resourcesDir: fromEnvironment('IBIS_RESOURCES_DIR'),
    version: process.env.IBIS_APP_VERSION ?? '',
    emit: (event) => send({ kind: 'event', event }),
  }))();

process.on('message', (raw) => {
  void starting.then((engine) => answer(engine, raw)).catch(() => undefined); // a failed start is told below
});
process.on('disconnect', () => {
  void starting.then(
    (engine) => end(engine, 0),
    () => process.exit(1),
  );
});

try {
  await starting;
  send({ kind: 'ready' });
} catch (thrown) {
  logFault('start', thrown);
  // Sent before the end, or main would only see an exit code.
  process.send?.({ kind: 'failed', error: toErrorShape(thrown) } satisfies FromEngine, () =>
    process.exit(1),
  );
}
