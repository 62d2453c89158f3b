import { accessSync, constants, existsSync, statSync } from 'node:fs';
import path from 'node:path';

import { IbisError } from '../contract/errors.js';

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
