import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
}

/**
 * The data folder of the app (Electron's userData for the name "ibis"): a session of the command line is a
 * session like any other, so the app lists it, replays it and can go on with it.
 */
export function defaultDataDir({ platform, env, homeDir }: Machine): string {
  if (env.IBIS_DATA_DIR !== undefined && env.IBIS_DATA_DIR !== '') return env.IBIS_DATA_DIR;
  if (platform === 'darwin') return path.join(homeDir, 'Library', 'Application Support', 'ibis');
  if (platform === 'win32')
    return path.join(env.APPDATA ?? path.join(homeDir, 'AppData', 'Roaming'), 'ibis');
  return path.join(env.XDG_CONFIG_HOME ?? path.join(homeDir, '.config'), 'ibis');
}

/** The data folder that was asked for, else the app's own, as an absolute path. */
export const resolveDataDir = (asked: string | undefined): string =>
  path.resolve(
    asked ?? defaultDataDir({ platform: process.platform, env: process.env, homeDir: homedir() }),
  );

/** The `resources` folder of this checkout or installation: the nearest above the running file. */
export function findResourcesDir(start: string): string {
  const candidate = path.join(start, 'resources');
  if (existsSync(path.join(candidate, 'models'))) return candidate;
  const parent = path.dirname(start);
  if (parent === start) throw new Error('The "resources" folder of Ibis was not found.');
  return findResourcesDir(parent);
}
