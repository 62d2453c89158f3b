import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { IbisError } from '../../contract/errors.js';

export interface MadeFile {
  readonly name: string;
  /** Parts are written one after the other. */
  readonly bytes: Uint8Array | string | readonly Uint8Array[];
}

/** What node:fs says, in the words of an export. */
export function toWriteError(thrown: unknown): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : '';
  if (code === 'ENOSPC')
    return new IbisError(
      'disk-full',
      'The disk is full: the export is not complete. Free some space and export again.',
    );
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new IbisError('permission', 'The export folder may not be written. Choose another one.');
  if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR')
    return new IbisError(
      'permission',
      'The export folder cannot be made: something of another kind has that name. Choose another one.',
    );
  return thrown;
}

/** Written under this name first: nobody takes half a file for a whole one. */
export const unfinishedName = (file: string): string => `${file}.part`;

/**
 * Writes one file into `outDir` (made if missing) and gives its path: whole or not at all, in place of what has its name.
 * Rejects with IbisError where it cannot.
 */
export async function writeMadeFile(outDir: string, made: MadeFile): Promise<string> {
  const file = path.join(outDir, made.name);
  const unfinished = unfinishedName(file);
  try {
    await mkdir(path.dirname(file), { recursive: true });
    try {
      await writeFile(unfinished, made.bytes);
      await rename(unfinished, file);
    } catch (thrown) {
      await rm(unfinished, { force: true });
      throw thrown;
    }
  } catch (thrown) {
    throw toWriteError(thrown);
  }
  return file;
}
