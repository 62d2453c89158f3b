import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

import { ZipFile } from 'yazl';

import { MANIFEST_NAME } from '../../contract/sessionFile.js';
import type { SessionFileManifest } from '../../contract/sessionFile.js';
import { SESSION_FILE_SUFFIX } from '../../contract/sessionFileSuffix.js';
import { toWriteError, unfinishedName } from '../export/madeFile.js';

/** A member to be, and where its bytes are now. */
export interface SessionFileMember {
  readonly path: string;
  readonly source: string;
}

/** All files below a folder, under their places in it. */
export async function listMembers(folder: string): Promise<SessionFileMember[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
    .map((source) => ({
      path: path.relative(folder, source).split(path.sep).join('/'),
      source,
    }));
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer); // no encoding is set
  return hash.digest('hex');
}

/** `name.ibis`, or `name-2.ibis` where that is taken. */
export function findFreeFile(file: string): string {
  const { dir, name } = path.parse(file);
  let free = file;
  for (let number = 2; existsSync(free); number++)
    free = path.join(dir, `${name}-${String(number)}${SESSION_FILE_SUFFIX}`);
  return free;
}

/**
 * Writes the file whole or not at all: under another name first. Images are stored as they are (most are compressed or do
 * not compress), the rest is deflated. Resolves with its size in bytes; rejects with IbisError where it cannot write.
 */
export async function writeSessionFile(
  file: string,
  header: Omit<SessionFileManifest, 'files'>,
  members: readonly SessionFileMember[],
): Promise<number> {
  const unfinished = unfinishedName(file);
  try {
    await mkdir(path.dirname(file), { recursive: true });
    const files: SessionFileManifest['files'] = [];
    for (const member of members) {
      const { size } = await stat(member.source);
      files.push({ path: member.path, bytes: size, sha256: await hashFile(member.source) });
    }
    const manifest: SessionFileManifest = { ...header, files };
    const zip = new ZipFile();
    zip.addBuffer(Buffer.from(JSON.stringify(manifest, null, 1)), MANIFEST_NAME);
    for (const member of members)
      zip.addFile(member.source, member.path, { compress: !member.path.startsWith('images/') });
    zip.end();
    // A member that cannot be read is told of by the archive, not by its stream.
    const failed = new AbortController();
    zip.on('error', (thrown: unknown) => {
      failed.abort(thrown);
    });
    await pipeline(zip.outputStream, createWriteStream(unfinished, { mode: 0o600 }), {
      signal: failed.signal,
    });
    await rename(unfinished, file);
    return (await stat(file)).size;
  } catch (thrown) {
    await rm(unfinished, { force: true });
    throw toWriteError(thrown);
  }
}
