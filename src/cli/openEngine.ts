import { version } from '../../package.json';
import type { IbisEvent } from '../contract/channels.js';
import { createEngine } from '../engine/index.js';
import type { Engine } from '../engine/index.js';
import { requireDatabase } from '../engine/store/index.js';
import { findResourcesDir, resolveDataDir } from './locations.js';

export { version };

export interface CliEngine extends Engine {
  onEvent(listener: (event: IbisEvent) => void): () => void;
}

export const resourcesDir = (): string =>
  process.env.IBIS_RESOURCES_DIR ?? findResourcesDir(import.meta.dirname);

/** The engine of the app, in this process, on the app's data folder unless told otherwise. */
export async function openEngine(dataDir: string | undefined): Promise<CliEngine> {
  const listeners = new Set<(event: IbisEvent) => void>();
  const engine = await createEngine({
    dataDir: resolveDataDir(dataDir),
    resourcesDir: resourcesDir(),
    version,
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
  });
  return {
    ...engine,
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The same for commands that only look at what is stored: a mistyped folder is refused, and not made. */
export async function openStoredEngine(dataDir: string | undefined): Promise<CliEngine> {
  requireDatabase(resolveDataDir(dataDir));
  return openEngine(dataDir);
}
