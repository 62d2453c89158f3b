import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { IbisEvent } from '../../../src/contract/channels.js';
import { createEngine } from '../../../src/engine/index.js';
import type { Engine } from '../../../src/engine/index.js';

export const repoRoot = path.join(import.meta.dirname, '..', '..', '..');
export const resourcesDir = path.join(repoRoot, 'resources');

export interface TestEngine {
  readonly engine: Engine;
  readonly dataDir: string;
  readonly events: IbisEvent[];
  /** Resolves with the first event that fits, past ones included. */
  waitFor(fits: (event: IbisEvent) => boolean): Promise<IbisEvent>;
  close(): Promise<void>;
}

export const makeDataDir = (): string => mkdtempSync(path.join(tmpdir(), 'ibis-test-'));

/** An engine in this process on a data folder of its own; a given folder is kept at close. */
export async function openTestEngine(
  options: { dataDir?: string; resourcesDir?: string } = {},
): Promise<TestEngine> {
  const dataDir = options.dataDir ?? makeDataDir();
  const events: IbisEvent[] = [];
  const listeners = new Set<(event: IbisEvent) => void>();
  const engine = await createEngine({
    dataDir,
    resourcesDir: options.resourcesDir ?? resourcesDir,
    version: 'test',
    emit: (event) => {
      events.push(event);
      for (const listener of listeners) listener(event);
    },
  });
  return {
    engine,
    dataDir,
    events,
    waitFor: (fits) =>
      new Promise((resolve) => {
        const past = events.find(fits);
        if (past !== undefined) {
          resolve(past);
          return;
        }
        const listener = (event: IbisEvent): void => {
          if (!fits(event)) return;
          listeners.delete(listener);
          resolve(event);
        };
        listeners.add(listener);
      }),
    close: async () => {
      await engine.close();
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
