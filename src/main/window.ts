import path from 'node:path';

import { BrowserWindow, screen } from 'electron';

import { isOnScreen, loadWindowState, saveWindowState } from './windowState.js';

const DEFAULT_SIZE = { width: 1600, height: 1000 };
const MINIMUM_SIZE = { width: 1280, height: 800 };

/** The one window, where it was left. */
export function openWindow(options: {
  readonly address: string;
  readonly preloadFile: string;
  readonly dataDir: string;
}): BrowserWindow {
  const stateFile = path.join(options.dataDir, 'window.json');
  const saved = loadWindowState(stateFile);
  const areas = screen.getAllDisplays().map((display) => display.workArea);
  const placed = saved !== null && isOnScreen(saved, areas) ? saved : null;
  const primary = screen.getPrimaryDisplay().workAreaSize;
  const window = new BrowserWindow({
    width: placed?.width ?? Math.min(DEFAULT_SIZE.width, primary.width),
    height: placed?.height ?? Math.min(DEFAULT_SIZE.height, primary.height),
    ...(placed === null ? {} : { x: placed.x, y: placed.y }),
    minWidth: Math.min(MINIMUM_SIZE.width, primary.width),
    minHeight: Math.min(MINIMUM_SIZE.height, primary.height),
    show: false,
    backgroundColor: '#0b0c0e', // the renderer's own surface: no white flash
    autoHideMenuBar: true,
    title: 'Ibis',
    webPreferences: {
      preload: options.preloadFile,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
    },
  });
  if (placed?.maximised === true) window.maximize();
  window.once('ready-to-show', () => {
    window.show();
  });
  window.on('close', () => {
    saveWindowState(stateFile, {
      ...window.getNormalBounds(),
      maximised: window.isMaximized(),
    });
  });
  // Nothing is lost with the page: sessions live in the engine's database.
  window.webContents.on('render-process-gone', (_event, details) => {
    if (details.reason === 'clean-exit' || details.reason === 'killed') return;
    console.error(`renderer gone: ${details.reason}`);
    window.reload();
  });
  void window.loadURL(options.address);
  return window;
}
