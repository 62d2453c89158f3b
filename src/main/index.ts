import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

import { app, clipboard, ipcMain, protocol, session } from 'electron';
import type { BrowserWindow } from 'electron';

import type { IbisEvent } from '../contract/channels.js';
import { serveRendererFile } from './appProtocol.js';
import { pickExportFolder, pickFiles, revealInFolder } from './dialogs.js';
import { serveDicomResource } from './dicomProtocol.js';
import { startEngineProcess } from './engineProcess.js';
import { readLaunchOptions, rendererAddress } from './launchOptions.js';
import type { LaunchOptions } from './launchOptions.js';
import { describeMissingEngine, findLocations } from './locations.js';
import { setMenu } from './menu.js';
import { EVENT_CHANNEL, INVOKE_CHANNEL, relayCall } from './relay.js';
import type { MainHandlers } from './relay.js';
import { cutNetwork, lockNavigation, lockSession } from './security.js';
import { openWindow } from './window.js';

/** The Electron shell: window, protocols, relay and the engine's life. No voxel, no SQL, no native module here. */

const locations = findLocations({
  mainDir: import.meta.dirname,
  packaged: app.isPackaged,
  electronResources: process.resourcesPath,
  platform: process.platform,
});
// Set by electron-vite in development only; an installed app never listens to it.
const devServer = app.isPackaged ? null : (process.env.ELECTRON_RENDERER_URL ?? null);
const rendererBase = devServer ?? 'app://ibis/index.html';
const rendererOrigin = devServer === null ? 'app://ibis' : new URL(devServer).origin;

// As the command line reads it: empty is unset, and a relative path is meant from here.
const wantedDataDir = process.env.IBIS_DATA_DIR ?? '';
const dataDir = wantedDataDir === '' ? app.getPath('userData') : path.resolve(wantedDataDir);
mkdirSync(dataDir, { recursive: true, mode: 0o700 });
// The single-instance lock is taken on userData, so it is one instance a data folder.
app.setPath('userData', dataDir);
app.setPath('sessionData', path.join(dataDir, 'browser'));

// Tests and containers that run as root pass --no-sandbox from outside; the two together end Chromium.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox();
cutNetwork(app, devServer);
lockNavigation(app);
const privileges = {
  standard: true,
  secure: true,
  supportFetchAPI: true,
  stream: true,
  codeCache: true,
};
protocol.registerSchemesAsPrivileged([
  { scheme: 'app', privileges },
  // The page fetches across schemes; without corsEnabled Electron 41 and later refuse (electron#51152).
  { scheme: 'dicom', privileges: { ...privileges, codeCache: false, corsEnabled: true } },
]);

let window: BrowserWindow | null = null;
const sendEvent = (event: IbisEvent): void => {
  if (window !== null && !window.isDestroyed()) window.webContents.send(EVENT_CHANNEL, event);
};

const launchOptionsOf = (argv: readonly string[], workingDir: string): LaunchOptions =>
  readLaunchOptions({
    argv,
    env: process.env,
    runsFromCheckout: !app.isPackaged,
    workingDir,
    fileExists: existsSync,
  });

/** A second start shows the window that is there, and opens its studies in it: sessions live in the engine. */
function takeSecondStart(options: LaunchOptions): void {
  if (window === null) return;
  if (window.isMinimized()) window.restore();
  window.focus();
  if (options.paths.length > 0) void window.loadURL(rendererAddress(rendererBase, options));
}

function run(): void {
  // Forked before Electron is ready: both start at the same time.
  const engine = startEngineProcess({
    nodeFile: locations.nodeFile,
    engineFile: locations.engineFile,
    describeMissing: () => describeMissingEngine(locations),
    onEvent: sendEvent,
    env: {
      ...process.env,
      NODE_OPTIONS: undefined, // meant for Electron's Node, if for any
      ELECTRON_RUN_AS_NODE: undefined,
      IBIS_DATA_DIR: dataDir,
      IBIS_RESOURCES_DIR: locations.resourcesDir,
      IBIS_APP_VERSION: app.getVersion(),
    },
  });

  const inWindow = async <T>(use: (opened: BrowserWindow) => Promise<T>, none: T): Promise<T> =>
    window === null ? none : use(window);
  const handlers: MainHandlers = {
    pickFiles: ({ kind }) => inWindow((opened) => pickFiles(opened, kind), []),
    pickExportFolder: () => inWindow(pickExportFolder, null),
    revealInFolder: async (params) => {
      revealInFolder(params.path);
      return Promise.resolve(null);
    },
    copyText: async ({ text }) => {
      await clipboard.writeText(text);
      return null;
    },
    restartEngine: async () => {
      await engine.restart();
      return null;
    },
    getEngineState: () => Promise.resolve(engine.getState()),
  };

  ipcMain.handle(INVOKE_CHANNEL, (event, method: unknown, params: unknown) => {
    const frame = event.senderFrame;
    const fromOurPage =
      frame !== null &&
      frame.parent === null &&
      event.sender === window?.webContents &&
      frame.origin === rendererOrigin;
    if (!fromOurPage)
      return { ok: false, error: { code: 'bad-message', message: 'Not allowed from here.' } };
    return relayCall(method, params, {
      handlers,
      callEngine: (name, given) => engine.call(name, given),
    });
  });

  app.on('second-instance', (_event, argv, workingDir) => {
    takeSecondStart({ ...launchOptionsOf(argv, workingDir), openDemo: false });
  });
  app.on('window-all-closed', () => {
    app.quit();
  });
  let engineClosed = false;
  app.on('will-quit', (event) => {
    if (engineClosed) return;
    event.preventDefault();
    void engine.shutdown().finally(() => {
      engineClosed = true;
      app.quit();
    });
  });

  void app.whenReady().then(() => {
    lockSession(session.defaultSession, devServer);
    protocol.handle('app', (request) => serveRendererFile(locations.rendererDir, request.url));
    protocol.handle('dicom', (request) =>
      serveDicomResource(request.url, {
        resolve: (resource) => engine.resolve(resource),
        rendererOrigin,
      }),
    );
    setMenu(process.platform, app.isPackaged);
    window = openWindow({
      address: rendererAddress(rendererBase, launchOptionsOf(process.argv, process.cwd())),
      preloadFile: locations.preloadFile,
      dataDir,
    });
    window.on('closed', () => {
      window = null;
    });
  });
}

if (app.requestSingleInstanceLock()) run();
else app.quit();
