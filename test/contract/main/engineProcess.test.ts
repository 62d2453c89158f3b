import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, afterEach, describe, expect, it } from 'vitest';

import type { EngineState, IbisEvent } from '../../../src/contract/channels.js';
import { startEngineProcess } from '../../../src/main/engineProcess.js';
import type { EngineProcess } from '../../../src/main/engineProcess.js';
import { makeDataDir, repoRoot, resourcesDir } from '../engine/helpers.js';

describe("the engine's life, as main leads it", () => {
  const dataDir = makeDataDir();
  const scripts = mkdtempSync(path.join(tmpdir(), 'ibis-engines-'));
  const events: IbisEvent[] = [];
  let engine: EngineProcess;

  const start = (options: { engineFile?: string; missing?: string; data?: string } = {}): void => {
    events.length = 0;
    engine = startEngineProcess({
      nodeFile: path.join(repoRoot, 'node_modules', 'node', 'bin', 'node'),
      engineFile: options.engineFile ?? path.join(repoRoot, 'out', 'main', 'engine.js'),
      describeMissing: () => options.missing ?? null,
      env: {
        ...process.env,
        IBIS_DATA_DIR: options.data ?? dataDir,
        IBIS_RESOURCES_DIR: resourcesDir,
      },
      onEvent: (event) => events.push(event),
    });
  };
  const script = (name: string, text: string): string => {
    const file = path.join(scripts, name);
    writeFileSync(file, text);
    return file;
  };
  const states = (): EngineState[] =>
    events.flatMap((event) => (event.kind === 'engineStateChanged' ? [event.state] : []));
  const until = (kind: EngineState['kind']): Promise<void> =>
    expect.poll(() => engine.getState().kind, { timeout: 15_000 }).toBe(kind);
  const pid = async (): Promise<number> => {
    const reply = await engine.call('getAppInfo', {});
    return reply.ok ? (reply.value as { engineProcessId: number }).engineProcessId : -1;
  };

  afterEach(() => engine.shutdown());
  afterAll(() => {
    rmSync(dataDir, { recursive: true, force: true });
    rmSync(scripts, { recursive: true, force: true });
  });

  it('answers calls that were made before it was ready', async () => {
    start();
    const reply = await engine.call('listStudies', {});
    expect(reply).toEqual({ ok: true, value: [] });
    expect(states().map(({ kind }) => kind)).toEqual(['starting', 'ready']);
  });

  it('gives calls in flight an answer when it is killed, and works again after a restart', async () => {
    start();
    const first = await pid();
    const demo = engine.call('openDemoStudy', {});
    process.kill(first, 'SIGKILL');
    expect(await demo).toMatchObject({ ok: false, error: { code: 'engine-stopped' } });
    expect(engine.getState()).toMatchObject({ kind: 'stopped' });
    expect(await engine.call('listStudies', {})).toMatchObject({
      ok: false,
      error: { code: 'engine-stopped' },
    });
    await engine.restart();
    const second = await pid();
    expect(second).toBeGreaterThan(0);
    expect(second).not.toBe(first);
  });

  it('starts one engine where it is asked for twice at once', async () => {
    start();
    process.kill(await pid(), 'SIGKILL');
    await until('stopped');
    events.length = 0;
    await Promise.all([engine.restart(), engine.restart()]);
    await until('ready');
    expect(states().map(({ kind }) => kind)).toEqual(['starting', 'ready']);
  });

  it('is ended in order by a shutdown, and the process is gone', async () => {
    start();
    const running = await pid();
    await engine.shutdown();
    expect(() => process.kill(running, 0)).toThrow();
  });

  it('tells why it cannot start: the database is from a newer version', async () => {
    start();
    await pid();
    await engine.shutdown();
    const { default: Database } = await import('better-sqlite3');
    const database = new Database(path.join(dataDir, 'database', 'ibis.db'));
    const version = Number(database.pragma('user_version', { simple: true }));
    database.pragma('user_version = 9999');
    start();
    await until('stopped');
    const state = engine.getState();
    expect(state.kind === 'stopped' ? state.reason : '').toMatch(/newer Ibis/);
    database.pragma(`user_version = ${version}`);
    database.close();
  });

  it('tells what is missing, and starts nothing', () => {
    start({ missing: 'The engine is missing. Run "npm run build".' });
    expect(engine.getState()).toEqual({
      kind: 'stopped',
      reason: 'The engine is missing. Run "npm run build".',
    });
  });

  it('survives an engine that crashes at once', async () => {
    start({ engineFile: script('crash.mjs', 'process.exit(7);') });
    const reply = await engine.call('listStudies', {});
    expect(reply).toMatchObject({ ok: false, error: { code: 'engine-stopped' } });
    const state = engine.getState();
    expect(state.kind === 'stopped' ? state.reason : '').toContain('exit code 7');
  });

  it('ends an engine that does not listen', async () => {
    start({
      engineFile: script(
        'deaf.mjs',
        'process.on("message", () => {}); process.send({ kind: "ready" }); setInterval(() => {}, 1000);',
      ),
    });
    await until('ready');
    const askedMs = performance.now();
    await engine.shutdown();
    expect(performance.now() - askedMs).toBeLessThan(6000);
    expect(engine.getState().kind).toBe('stopped');
  });

  it('drops what is no message of the contract', async () => {
    start();
    expect(await engine.call('no such method', {})).toMatchObject({
      ok: false,
      error: { code: 'bad-message' },
    });
    expect(await engine.call('openPaths', { paths: 'x' })).toMatchObject({
      ok: false,
      error: { code: 'bad-message' },
    });
  });
});
