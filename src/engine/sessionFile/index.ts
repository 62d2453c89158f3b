import { existsSync, openSync, readSync, closeSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { IbisError } from '../../contract/errors.js';
import { SESSION_FILE_VERSION } from '../../contract/sessionFile.js';
import { SESSION_FILE_SUFFIX } from '../../contract/sessionFileSuffix.js';
import type { SessionFileResults } from '../../contract/sessionFileChannels.js';
import type { SessionId } from '../../domain/brand.js';
import type { Series } from '../../domain/study.js';
import type { Library } from '../dicom/index.js';
import type { EngineHandlers } from '../dispatch.js';
import { RESEARCH_NOTICE } from '../export/index.js';
import { encodeRgbPng } from '../export/overlayPicture.js';
import type { SliceSource } from '../slices.js';
import {
  getSession,
  getSessionSource,
  mergeStore,
  openSessionDatabase,
  placeSession,
  requireOnlySession,
  writeSessionDatabase,
} from '../store/index.js';
import type { Store } from '../store/index.js';
import type { Studies } from '../studies.js';
import { findImages } from './findImages.js';
import { readSessionFile } from './readSessionFile.js';
import { findFreeFile, writeSessionFile } from './writeSessionFile.js';
import type { SessionFileMember } from './writeSessionFile.js';

const PNG_MAGIC = [0x89, 0x50];

/** What a stored image is called in the file: the library reads what it is from its bytes, people from its name. */
function suffixOf(file: string, sourceKind: Series['sourceKind']): 'dcm' | 'nii' | 'png' | 'jpg' {
  if (sourceKind === 'dicom') return 'dcm';
  if (sourceKind === 'nifti') return 'nii';
  const head = Buffer.alloc(PNG_MAGIC.length);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, head, 0, head.length, 0);
  closeSync(descriptor);
  return PNG_MAGIC.every((byte, at) => head[at] === byte) ? 'png' : 'jpg';
}

/** All files of a series, of every phase; one that holds several images once. */
function listImageFiles(library: Library, series: Series): SessionFileMember[] {
  const files = series.volumes.flatMap(({ phaseIndex }) =>
    library.getInstances(series.seriesId, phaseIndex).map(({ file }) => file),
  );
  return [...new Set(files)].map((source, at) => ({
    path: `images/${String(at).padStart(6, '0')}.${suffixOf(source, series.sourceKind)}`,
    source,
  }));
}

async function listMembers(folder: string): Promise<SessionFileMember[]> {
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

/** Writes whole sessions as files, and takes them in from files. */
export function createSessionFiles(options: {
  readonly store: Store;
  readonly library: Library;
  readonly studies: Studies;
  readonly slices: SliceSource;
  readonly exportSession: EngineHandlers['exportSession'];
  /** Forgets what is in memory of a session whose rows are about to change; throws while it runs. */
  readonly letGo: (sessionId: SessionId) => void;
  readonly dataDir: string;
  readonly version: string;
}): Pick<EngineHandlers, keyof SessionFileResults> {
  const { store, library, studies, slices, dataDir } = options;

  /** A folder for the user alone, gone when `work` is done, or at the next start: it holds patients' pictures. */
  const inPrivateFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
    const folder = await mkdtemp(path.join(library.unpackedDir, 'session-file-'));
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };

  const exportSessionFile: EngineHandlers['exportSessionFile'] = ({
    sessionId,
    file,
    images,
    replace,
  }) =>
    inPrivateFolder(async (folder) => {
      if (!path.isAbsolute(file) || !file.endsWith(SESSION_FILE_SUFFIX))
        throw new IbisError(
          'usage',
          `The session file must be given by its whole path, which ends in ${SESSION_FILE_SUFFIX}.`,
        );
      const { settings } = getSession(store, sessionId);
      await studies.reopen(getSessionSource(store, sessionId));
      const { series, image } = await slices.prepare(settings);
      const traced = await options.exportSession({
        sessionId,
        formats: ['trace'],
        outDir: folder,
        replace: true,
        deidentify: null,
      });
      await writeFile(
        path.join(folder, 'slice.png'),
        encodeRgbPng(image.width, image.height, image.rgb),
      );
      writeSessionDatabase(store, sessionId, path.join(folder, 'session.db'));
      const imageFiles = images === 'included' ? listImageFiles(library, series) : [];
      const target = replace ? file : findFreeFile(file);
      const bytes = await writeSessionFile(
        target,
        {
          kind: 'ibis-session',
          schemaVersion: SESSION_FILE_VERSION,
          tool: `Ibis ${options.version}`,
          notice: RESEARCH_NOTICE,
          writtenAt: store.now().toISOString(),
          databaseVersion: Number(store.database.pragma('user_version', { simple: true })),
          sessionId,
          series: {
            seriesInstanceUID: series.seriesInstanceUID,
            sourceKind: series.sourceKind,
          },
          slice: { sha256: image.key, width: image.width, height: image.height },
          images,
          privacy: 'as-stored',
        },
        [...(await listMembers(folder)), ...imageFiles],
      );
      return { file: target, bytes, imageFiles: imageFiles.length, notes: traced.notes };
    });

  const openSessionFile: EngineHandlers['openSessionFile'] = ({ file, jobId }) =>
    inPrivateFolder(async (folder) => {
      const manifest = await readSessionFile(file, folder);
      const sessionId = manifest.sessionId as SessionId; // branding at the edge
      const received = path.join(folder, 'session.db');
      if (!existsSync(received))
        throw new IbisError('broken-file', 'The session file holds no session.');
      const database = openSessionDatabase(received);
      try {
        requireOnlySession(store, database, sessionId);
        const { settings } = getSession({ ...store, database }, sessionId);
        const place = await findImages(
          { studies, slices, importedDir: path.join(dataDir, 'imported'), jobId },
          settings,
          manifest,
          folder,
        );
        placeSession(database, place);
      } finally {
        database.close();
      }
      // Taken in by the rules of a merge: nothing that a person did here is lost to a file.
      const source = path.join(folder, 'data', 'database');
      await mkdir(source, { recursive: true });
      await rename(received, path.join(source, 'ibis.db'));
      options.letGo(sessionId);
      const counts = mergeStore(store, path.join(folder, 'data'), () => undefined);
      const fate =
        counts.added > 0 ? 'added' : counts.continued > 0 ? 'continued' : 'already-there';
      return { sessionId, seriesId: getSession(store, sessionId).settings.seriesId, fate };
    });

  return { exportSessionFile, openSessionFile };
}
