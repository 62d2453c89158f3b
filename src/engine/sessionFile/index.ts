import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { IbisEvent, ParsedParams } from '../../contract/channels.js';
import { IbisError } from '../../contract/errors.js';
import { SESSION_FILE_VERSION } from '../../contract/sessionFile.js';
import type {
  ExportedSessionFile,
  SessionFileResults,
} from '../../contract/sessionFileChannels.js';
import { SESSION_FILE_SUFFIX } from '../../contract/sessionFileSuffix.js';
import type { SessionId } from '../../domain/brand.js';
import type { DeidentificationOfExports } from '../deidentification.js';
import type { Library } from '../dicom/index.js';
import type { EngineHandlers } from '../dispatch.js';
import { RESEARCH_NOTICE } from '../export/index.js';
import { encodeRgbPng } from '../export/overlayPicture.js';
import type { LiveSegmentations } from '../segmentations/liveSegmentations.js';
import type { SliceSource } from '../slices.js';
import {
  getSession,
  getSessionSource,
  listMeasurements,
  loadStoredSegmentation,
  mergeStore,
  openSessionDatabase,
  placeSession,
  readReceived,
  writeSessionDatabase,
} from '../store/index.js';
import type { ReceivedContent, Store } from '../store/index.js';
import type { Studies } from '../studies.js';
import { findImages, requireItsImages } from './findImages.js';
import { listImageFiles, nameImages } from './listImages.js';
import { readSessionFile } from './readSessionFile.js';
import { takeIdentityOut } from './withoutIdentity.js';
import { findFreeFile, listMembers, writeSessionFile } from './writeSessionFile.js';

/** Writes whole sessions as files, and takes them in from files. */
export function createSessionFiles(options: {
  readonly store: Store;
  readonly library: Library;
  readonly studies: Studies;
  readonly slices: SliceSource;
  readonly live: LiveSegmentations;
  readonly deidentification: DeidentificationOfExports;
  readonly exportSession: EngineHandlers['exportSession'];
  /** Forgets what is in memory of a session whose rows are about to change; throws while it runs. */
  readonly letGo: (sessionId: SessionId) => void;
  readonly emit: (event: IbisEvent) => void;
  readonly dataDir: string;
  readonly version: string;
}): Pick<EngineHandlers, keyof SessionFileResults> {
  const { store, library, studies, slices, live, dataDir } = options;

  /** A folder for the user alone, gone when `work` is done, or at the next start: it holds patients' pictures. */
  const inPrivateFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
    const folder = await mkdtemp(path.join(library.unpackedDir, 'session-file-'));
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };

  /** What was written, read as whoever receives it will: what could not be opened is not handed on. */
  const readOwn = (file: string, sessionId: SessionId): ReceivedContent => {
    const database = openSessionDatabase(file);
    try {
      return readReceived(store, database, sessionId);
    } catch (cause) {
      throw new IbisError(
        'database-damaged',
        'Something that is stored of this session, or of a segmentation or measurement of its series, cannot be read: the session file was not written.',
        { cause },
      );
    } finally {
      database.close();
    }
  };

  const writeInto = async (
    folder: string,
    { sessionId, file, images, replace, deidentify }: ParsedParams<'exportSessionFile'>,
  ): Promise<ExportedSessionFile> => {
    const members = path.join(folder, 'members');
    await mkdir(members);
    const deidentifier = options.deidentification.choose(deidentify);
    const { settings } = getSession(store, sessionId);
    await studies.reopen(getSessionSource(store, sessionId));
    const { series, image } = await slices.prepare(settings);
    const traced = await options.exportSession({
      sessionId,
      formats: ['trace'],
      outDir: members,
      replace: true,
      deidentify,
    });
    await writeFile(
      path.join(members, 'slice.png'),
      encodeRgbPng(image.width, image.height, image.rgb),
    );
    const files = listImageFiles(library, series);
    const own = path.join(members, 'session.db');
    const plain = deidentifier === undefined ? own : path.join(folder, 'plain.db');
    const counts = writeSessionDatabase(store, sessionId, plain);
    const content = readOwn(plain, sessionId);
    requireItsImages(series, content);
    const nameless =
      deidentifier === undefined
        ? null
        : await takeIdentityOut({
            ...{ deidentifier, series, files, images },
            study: studies.getStudyOf(series.seriesId),
            wanted: { content, sliceSha256: image.key },
            from: plain,
            to: own,
            workDir: folder,
          });
    const imageFiles = images === 'included' ? nameImages(nameless?.files ?? files, series) : [];
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
        sessionId: deidentifier?.mapId(sessionId) ?? sessionId,
        series: {
          seriesInstanceUID: (nameless?.series ?? series).seriesInstanceUID,
          sourceKind: series.sourceKind,
        },
        slice: { sha256: image.key, width: image.width, height: image.height },
        images,
        privacy: deidentifier === undefined ? 'as-stored' : 'de-identified',
      },
      [...(await listMembers(members)), ...imageFiles],
    );
    return {
      ...{ file: target, bytes, imageFiles: imageFiles.length },
      ...counts,
      notes: [...(nameless?.notes ?? []), ...traced.notes],
    };
  };

  const exportSessionFile: EngineHandlers['exportSessionFile'] = (params) => {
    if (!path.isAbsolute(params.file) || !params.file.endsWith(SESSION_FILE_SUFFIX))
      throw new IbisError(
        'usage',
        `The session file must be given by its whole path, which ends in ${SESSION_FILE_SUFFIX}.`,
      );
    return inPrivateFolder((folder) => writeInto(folder, params));
  };

  /** What was in memory of it is read again, and told to the window. */
  const announce = ({ segmentations }: ReceivedContent, sessionId: SessionId): void => {
    for (const { segmentationId } of segmentations) {
      live.forget(segmentationId);
      live.add(loadStoredSegmentation(store, segmentationId));
    }
    const { seriesId } = getSession(store, sessionId).settings;
    for (const measurement of listMeasurements(store, seriesId))
      options.emit({ kind: 'measurementChanged', measurement });
  };

  const openSessionFile: EngineHandlers['openSessionFile'] = ({ file, jobId }) =>
    inPrivateFolder(async (folder) => {
      const manifest = await readSessionFile(file, folder);
      const sessionId = manifest.sessionId as SessionId; // branding at the edge
      const received = path.join(folder, 'session.db');
      if (!existsSync(received))
        throw new IbisError('broken-file', 'The session file holds no session.');
      const database = openSessionDatabase(received);
      let content: ReceivedContent;
      try {
        content = readReceived(store, database, sessionId);
        const place = await findImages(
          { studies, slices, importedDir: path.join(dataDir, 'imported'), jobId },
          content,
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
      const { segmentations, measurements, ...counts } = mergeStore(
        store,
        path.join(folder, 'data'),
        () => undefined,
      );
      announce(content, sessionId);
      const fate =
        counts.added > 0 ? 'added' : counts.continued > 0 ? 'continued' : 'already-there';
      const { seriesId } = getSession(store, sessionId).settings;
      return { sessionId, seriesId, fate, segmentations, measurements };
    });

  return { exportSessionFile, openSessionFile };
}
