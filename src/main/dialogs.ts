import { existsSync } from 'node:fs';
import path from 'node:path';

import { dialog, shell } from 'electron';
import type { BrowserWindow } from 'electron';

import { IbisError } from '../contract/errors.js';

/** Native dialog for studies; [] when dismissed. */
export async function pickFiles(
  window: BrowserWindow,
  kind: 'files' | 'folder',
): Promise<readonly string[]> {
  const picked = await dialog.showOpenDialog(window, {
    title: kind === 'folder' ? 'Open a folder of images' : 'Open images',
    properties:
      kind === 'folder' ? ['openDirectory', 'multiSelections'] : ['openFile', 'multiSelections'],
  });
  return picked.canceled ? [] : picked.filePaths;
}

export async function pickExportFolder(window: BrowserWindow): Promise<string | null> {
  const picked = await dialog.showOpenDialog(window, {
    title: 'Export to a folder',
    buttonLabel: 'Export here',
    properties: ['openDirectory', 'createDirectory'],
  });
  return picked.canceled ? null : (picked.filePaths[0] ?? null);
}

/** Shows a file in the system's file manager; never opens or runs it. */
export function revealInFolder(file: string): void {
  if (!path.isAbsolute(file) || !existsSync(file))
    throw new IbisError('not-found', 'The file is no longer there.');
  shell.showItemInFolder(file);
}
