import { mkdtempSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

import { toErrorShape } from '../../contract/errors.js';
import type { OpenPathsResult } from '../../contract/channels.js';
import type { DerivedFile, Refusal } from '../../domain/study.js';
import type { Library } from './library.js';
import { isHidden, openFile, type Candidate } from './openFile.js';
import type { Instance } from './types.js';

export interface OpenPathsOptions {
  readonly library: Library;
  /** `total` grows while folders and archives are looked into. */
  readonly onProgress?: (done: number, total: number, label: string) => void;
  readonly signal?: AbortSignal;
}

const fromPath = (file: string): Candidate => ({
  file,
  fileName: path.basename(file),
  identity: file,
  depth: 0,
});

// How long the event loop may be held before others get their turn.
const TURN_MS = 12;

/** Lets other work of the engine through every few milliseconds. */
function makeYielder(): () => Promise<void> {
  let turnStart = performance.now();
  return async () => {
    if (performance.now() - turnStart < TURN_MS) return;
    await new Promise(setImmediate);
    turnStart = performance.now();
  };
}

const nothing = { studies: [], refused: [], derived: [] } as const;

interface Found {
  readonly candidates: Candidate[];
  readonly refused: Refusal[];
}

/** Files below a path, in name order. Links to folders are not followed: they may go in circles. */
async function collectFiles(
  start: string,
  found: Found,
  pause: () => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const folders = [start];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    await pause();
    if (signal?.aborted === true) return;
    let entries;
    try {
      entries = readdirSync(folder, { withFileTypes: true });
    } catch {
      const reason = 'The folder may not be read: check its permissions.';
      found.refused.push({ fileName: path.basename(folder), code: 'permission', reason });
      continue;
    }
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (isHidden(entry.name)) continue;
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) folders.push(full);
      else if (entry.isFile() || (entry.isSymbolicLink() && isRegularFile(full)))
        found.candidates.push(fromPath(full));
    }
  }
}

function isRegularFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * Files named by a DICOMDIR; only those below its own folder, whatever it says. The letters' case and a
 * trailing version differ between media and file systems: tried as written, then in lower case.
 */
function resolveReferenced(directory: string, referenced: readonly (readonly string[])[]): Found {
  const base = path.dirname(directory);
  const found: Found = { candidates: [], refused: [] };
  for (const parts of referenced) {
    const safe = parts.every((part) => part !== '' && part !== '..' && !/[/\\]/.test(part));
    const file = [parts, parts.map((part) => part.toLowerCase())]
      .map((variant) => path.join(base, ...variant))
      .find((candidate) => safe && isRegularFile(candidate));
    if (file !== undefined) found.candidates.push(fromPath(file));
    else {
      const reason = 'The DICOMDIR names this file, but it is not there.';
      found.refused.push({ fileName: parts.at(-1) ?? '', code: 'not-found', reason });
    }
  }
  return found;
}

/**
 * Opens folders (recursive), files, zip archives and DICOMDIRs into the library. Only headers are read. A
 * file that cannot be opened is refused with a sentence, and the rest still opens; nothing throws but a
 * broken invariant. Cancelling keeps nothing of this call.
 */
export async function openPaths(
  paths: readonly string[],
  options: OpenPathsOptions,
): Promise<OpenPathsResult> {
  // A folder for each opening: what is left in it that nothing refers to (of an archive that was cancelled,
  // or refused in part) goes with the opening.
  const unpackedDir = mkdtempSync(path.join(options.library.unpackedDir, 'opening-'));
  try {
    return await openInto(unpackedDir, paths, options);
  } finally {
    options.library.removeUnusedBelow(unpackedDir);
  }
}

async function openInto(
  unpackedDir: string,
  paths: readonly string[],
  { library, onProgress, signal }: OpenPathsOptions,
): Promise<OpenPathsResult> {
  const pause = makeYielder();
  const isCancelled = (): boolean => signal?.aborted === true;
  const refused: Refusal[] = [];
  const instances: Instance[] = [];
  const derived: DerivedFile[] = [];
  const queue: Candidate[] = [];
  const named = new Set(paths.map((entry) => path.resolve(entry)));

  for (const start of named) {
    let isFolder = false;
    try {
      isFolder = statSync(start).isDirectory();
    } catch {
      const reason = 'The file or folder does not exist, or may not be read.';
      refused.push({ fileName: path.basename(start), code: 'not-found', reason });
      continue;
    }
    if (isFolder) {
      const found: Found = { candidates: [], refused };
      await collectFiles(start, found, pause, signal);
      for (const candidate of found.candidates) queue.push(candidate);
    } else queue.push(fromPath(start));
  }

  if (isCancelled()) return { ...nothing, cancelled: true };
  const seen = new Set<string>();
  const enqueue = (candidates: readonly Candidate[]): void => {
    for (const candidate of candidates) queue.push(candidate);
  };
  for (let next = 0; next < queue.length; next++) {
    if (isCancelled()) return { ...nothing, cancelled: true };
    const candidate = queue[next];
    if (candidate === undefined || seen.has(candidate.file)) continue;
    seen.add(candidate.file);
    // Before as well as after: unpacking an archive takes a while, and its name is what to show meanwhile.
    if (/\.(zip|gz)$/i.test(candidate.fileName))
      onProgress?.(next, queue.length, candidate.fileName);
    try {
      const opened = await openFile(candidate, unpackedDir, signal);
      if (opened.kind === 'instance') instances.push(opened.instance);
      else if (opened.kind === 'derived') derived.push(opened.derived);
      else if (opened.kind === 'more') enqueue(opened.candidates);
      else if (named.has(candidate.file)) {
        // An index that was opened by itself; met inside a folder, its files are found anyway.
        const referenced = resolveReferenced(candidate.file, opened.referenced);
        if (opened.referenced.length === 0)
          refused.push({
            fileName: candidate.fileName,
            code: 'no-pixels',
            reason: 'The DICOMDIR names no files.',
          });
        enqueue(referenced.candidates);
        refused.push(...referenced.refused);
      }
    } catch (thrown) {
      const { code, message } = toErrorShape(thrown);
      if (code === 'cancelled') return { ...nothing, cancelled: true };
      refused.push({ fileName: candidate.fileName, code, reason: message });
    }
    onProgress?.(next + 1, queue.length, candidate.fileName);
    await pause();
  }
  library.keepUnpacked(derived.map((file) => file.path));
  return { studies: library.addInstances(instances), refused, derived, cancelled: false };
}
