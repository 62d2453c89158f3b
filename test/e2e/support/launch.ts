import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { _electron, type ElectronApplication, type Page } from '@playwright/test';

import { findInstalledElectron } from '../../../scripts/lib/electronRuntime.mjs';
import { launchArguments } from '../../../scripts/lib/launchArguments.mjs';
import { processTree } from './processes.js';

export const repoRoot = path.resolve(import.meta.dirname, '..', '..', '..');

export interface LaunchedIbis {
  readonly app: ElectronApplication;
  readonly page: Page;
  readonly dataDir: string;
  readonly mainPid: number;
  /** Everything that the page wrote to its console as an error or a warning, and exceptions. */
  readonly complaints: readonly string[];
  /** Pid of the engine that main forked; null while there is none. */
  enginePid(): number | null;
  screenshot(name: string): Promise<string>;
  /** Ends app and engine at once, as a power failure would; then the data folder can be opened again. */
  kill(): Promise<void>;
  /** Closes the window as a user would; the data folder goes too unless the caller gave it. */
  close(): Promise<void>;
}

/** Opens the built app in the real Electron, with a data folder of its own. */
export async function launchIbis(
  options: {
    readonly dataDir?: string;
    /** Paths to open, or switches. */
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<LaunchedIbis> {
  const electron = findInstalledElectron();
  if (electron === null) throw new Error('No Electron is installed. Run "npm run setup" first.');
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(os.tmpdir(), 'ibis-e2e-')));
  const app = await _electron.launch({
    executablePath: electron.executable,
    cwd: repoRoot,
    // SwiftShader draws where there is no GPU; the switch only quiets its warning.
    args: [repoRoot, ...launchArguments, '--enable-unsafe-swiftshader', ...(options.args ?? [])],
    env: { ...process.env, IBIS_DATA_DIR: dataDir, ...options.env },
  });
  const page = await app.firstWindow();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  // Not asked of the app: a promise inside its main process may be collected before it answers.
  const mainPid = app.process().pid;
  if (mainPid === undefined) throw new Error('Electron did not start.');

  const enginePid = (): number | null =>
    processTree(mainPid).find(({ command }) => /[\\/]engine\.js$/.test(command))?.pid ?? null;

  return {
    app,
    page,
    dataDir,
    mainPid,
    complaints,
    enginePid,
    kill: async () => {
      const engine = enginePid();
      const gone = once(app.process(), 'exit'); // before that, a next one would find the first still there
      process.kill(mainPid, 'SIGKILL');
      try {
        if (engine !== null) process.kill(engine, 'SIGKILL');
      } catch {
        // It noticed first that its window was gone.
      }
      await gone;
    },
    screenshot: async (name) => {
      const folder = path.join(repoRoot, 'test-results', 'screenshots');
      mkdirSync(folder, { recursive: true });
      const file = path.join(folder, `${name}.png`);
      await page.screenshot({ path: file });
      return file;
    },
    close: async () => {
      await app.close();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}
