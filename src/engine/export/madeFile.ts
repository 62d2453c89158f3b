import { mkdir, writeFile } from 'node:fs/promises';
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

/** Writes one file into `outDir` (made if missing) and gives its path. Rejects with IbisError where it cannot. */
export async function writeMadeFile(outDir: string, made: MadeFile): Promise<string> {
  const file = path.join(outDir, made.name);
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, made.bytes);
  } catch (thrown) {
    throw toWriteError(thrown);
  }
  return file;
}
