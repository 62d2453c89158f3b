import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

import { openPromise } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';

import { IbisError } from '../../contract/errors.js';
import {
  MANIFEST_NAME,
  SESSION_FILE_VERSION,
  sessionFileKindSchema,
  sessionFileManifestSchema,
} from '../../contract/sessionFile.js';
import type { SessionFileManifest } from '../../contract/sessionFile.js';

// 100 000 members take 15 MB to name.
const MOST_MANIFEST_BYTES = 32 * 1024 ** 2;
// Images are not deflated, so a file does not unpack to many times its size; rows, trace and pictures may.
const MOST_GROWTH = 4;
const FREE_GROWTH_BYTES = 512 * 1024 ** 2;

const damaged = (what: string, cause?: unknown): IbisError =>
  new IbisError(
    'broken-file',
    `The session file is damaged (${what}) and was not opened. Copy it again from its source.`,
    { cause },
  );

const notOurs = (cause?: unknown): IbisError =>
  new IbisError('unsupported-format', 'This is not a session file of Ibis.', { cause });

const ZIP_HEADER_BYTES = 30; // of a member, before its name (APPNOTE 4.3.7)

/** A file whose first member is the manifest, as Ibis writes it first: also told where the directory at the end is lost. */
async function beginsAsOurs(file: string): Promise<boolean> {
  const start = Buffer.alloc(ZIP_HEADER_BYTES + MANIFEST_NAME.length);
  try {
    const handle = await open(file);
    await handle.read(start).finally(() => handle.close());
  } catch {
    return false;
  }
  return (
    start.toString('latin1', 0, 2) === 'PK' &&
    start.toString('latin1', ZIP_HEADER_BYTES) === MANIFEST_NAME
  );
}

function parseManifest(text: string): SessionFileManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    throw damaged('its manifest cannot be read', thrown);
  }
  const kind = sessionFileKindSchema.safeParse(json);
  if (!kind.success) throw notOurs(kind.error);
  if (kind.data.schemaVersion > SESSION_FILE_VERSION)
    throw new IbisError(
      'unsupported-format',
      `The session file was written by a newer Ibis (version ${String(kind.data.schemaVersion)}, this one knows ${String(SESSION_FILE_VERSION)}). Open it with the newer version.`,
    );
  const parsed = sessionFileManifestSchema.safeParse(json);
  if (!parsed.success) throw damaged('its manifest is not what Ibis writes', parsed.error);
  return parsed.data;
}

/** Members by name; throws where one is there twice, or the directory speaks of more than the file may unpack to. */
async function listEntries(zip: ZipFile): Promise<ReadonlyMap<string, Entry>> {
  const entries = new Map<string, Entry>();
  let bytes = 0;
  for await (const entry of zip.eachEntry()) {
    if (entries.has(entry.fileName)) throw damaged('a part is there twice');
    entries.set(entry.fileName, entry);
    bytes += entry.uncompressedSize;
    if (bytes > zip.fileSize * MOST_GROWTH + FREE_GROWTH_BYTES)
      throw new IbisError(
        'unsupported-format',
        'The session file unpacks to far more than its size, as no file that Ibis writes does. It was not opened.',
      );
  }
  return entries;
}

/** Writes a member to `target`; throws unless its bytes are what the manifest says. */
async function extract(
  source: Readable,
  target: string,
  expected: SessionFileManifest['files'][number],
): Promise<void> {
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
  await pipeline(source, hashing, createWriteStream(target, { mode: 0o600, flags: 'wx' }));
  if (hash.digest('hex') !== expected.sha256) throw damaged('a part is not what its manifest says');
}

/**
 * Unpacks a session file below `folder` (empty), under the names that the manifest allows and no others, and gives its
 * manifest. Throws IbisError: 'unsupported-format' where it is no session file or a newer one, 'broken-file' where
 * anything of it is missing, too much or changed.
 */
export async function readSessionFile(file: string, folder: string): Promise<SessionFileManifest> {
  let zip: ZipFile;
  try {
    zip = await openPromise(file, {
      lazyEntries: true,
      autoClose: false,
      strictFileNames: true, // names that lead out of a folder are errors
      validateEntrySizes: true, // and so are members that are longer than they say
    });
  } catch (thrown) {
    const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    if (isMissing) throw new IbisError('not-found', 'The session file does not exist.');
    if (await beginsAsOurs(file)) throw damaged('its end is missing', thrown);
    throw notOurs(thrown);
  }
  try {
    const entries = await listEntries(zip);
    const first = entries.get(MANIFEST_NAME);
    if (first === undefined) throw notOurs();
    if (first.uncompressedSize > MOST_MANIFEST_BYTES) throw damaged('its manifest is too large');
    const manifest = parseManifest(
      (await buffer(await zip.openReadStreamPromise(first))).toString('utf8'),
    );
    if (entries.size !== manifest.files.length + 1)
      throw damaged('it has other parts than its manifest says');
    for (const expected of manifest.files) {
      const entry = entries.get(expected.path);
      if (entry?.uncompressedSize !== expected.bytes)
        throw damaged('a part is missing or has another size');
      await extract(
        await zip.openReadStreamPromise(entry),
        path.join(folder, expected.path),
        expected,
      );
    }
    return manifest;
  } catch (thrown) {
    if (thrown instanceof IbisError) throw thrown;
    const isFull = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOSPC';
    if (isFull)
      throw new IbisError('disk-full', 'The disk is full: the session file was not opened.');
    throw damaged('it cannot be unpacked', thrown);
  } finally {
    zip.close();
  }
}
