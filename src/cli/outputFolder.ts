import { accessSync, constants, existsSync, statSync } from 'node:fs';
import path from 'node:path';

import { IbisError } from '../contract/errors.js';
import { writeMadeFile } from '../engine/export/madeFile.js';

/**
 * Throws 'permission' where results could not be written into `folder`, which need not be there yet. Asked
 * before the work, which may take minutes; makes nothing, so that a wrong command leaves no folder behind.
 */
export function requireWritableFolder(folder: string): void {
  let nearest = path.resolve(folder);
  while (!existsSync(nearest) && path.dirname(nearest) !== nearest) nearest = path.dirname(nearest);
  const refuse = (why: string): IbisError =>
    new IbisError('permission', `The results cannot be written to ${folder}: ${why}.`);
  if (!existsSync(nearest) || !statSync(nearest).isDirectory())
    throw refuse(`${nearest} is not a folder`);
  try {
    accessSync(nearest, constants.W_OK);
  } catch {
    throw refuse(`${nearest} may not be written`);
  }
}

/** The same for a single file, which may be there already and is then replaced. */
export function requireWritableFile(file: string): void {
  requireWritableFolder(path.dirname(path.resolve(file)));
  if (existsSync(file) && statSync(file).isDirectory())
    throw new IbisError('permission', `${file} is a folder. Name a file in it.`);
}

/** Writes one file into a folder that is made if missing; rejects with IbisError where it cannot. */
export async function writeOutput(file: string, bytes: Uint8Array | string): Promise<void> {
  const { dir, base } = path.parse(path.resolve(file));
  await writeMadeFile(dir, { name: base, bytes });
}
