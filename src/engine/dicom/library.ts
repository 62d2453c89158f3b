import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import { IbisError, type IbisErrorShape } from '../../contract/errors.js';
import type { ResolvedResource } from '../../contract/engineMessages.js';
import type { ImageId, SeriesId, StudyId } from '../../domain/brand.js';
import { err, type Result } from '../../domain/result.js';
import type { Series, StudySummary, Volume } from '../../domain/study.js';
import { createCacheFolder } from './cacheFolder.js';
import { createDecodePool } from './decodePool.js';
import { createFramePixels } from './framePixels.js';
import { buildSeries, summariseStudy, type OpenSeries } from './groupStudies.js';
import { loadSlice, loadVolume, type LoadOptions } from './loadVolume.js';
import { makeThumbnail } from './thumbnail.js';
import type { BuiltVolume, Instance, StoredFrame } from './types.js';

/** One image of a volume and the file it came from: what an exporter reads the source header of. */
export interface InstanceRef {
  /** The file as stored: DICOM Part 10 (a member taken out of an archive lies in the cache), NIfTI or picture. */
  readonly file: string;
  readonly sopInstanceUID: string;
  readonly sopClassUID: string;
  readonly frameNumber: number; // one-based
  readonly frameCount: number; // of the file
}

export interface Library {
  listStudies(): readonly StudySummary[];
  /** Null when it is not open. */
  getSeries(seriesId: SeriesId): Series | null;
  closeStudy(studyId: StudyId): void;
  /** Rejects with IbisError: 'not-found', 'broken-file', 'cancelled', ... */
  resolveFrame(imageId: ImageId, signal?: AbortSignal): Promise<ResolvedResource>;
  /** A PNG of at most 128 px, made once. Rejects with IbisError. */
  resolveThumbnail(seriesId: SeriesId): Promise<ResolvedResource>;
  /** All slices of a phase in modality values. */
  loadVolume(
    seriesId: SeriesId,
    phaseIndex: number,
    options?: LoadOptions,
  ): Promise<Result<Volume, IbisErrorShape>>;
  /**
   * One stored slice as a Volume of one slice (its own k is 0), decoded without the others: all that an
   * 'acquired' slice needs, and there also where the images form no volume.
   */
  loadSlice(
    seriesId: SeriesId,
    phaseIndex: number,
    sliceIndex: number,
    options?: LoadOptions,
  ): Promise<Result<Volume, IbisErrorShape>>;
  /** In slice order; [] when the series or phase is not there. */
  getInstances(seriesId: SeriesId, phaseIndex: number): readonly InstanceRef[];
  /** Ends the decode workers and removes the cache. */
  close(): Promise<void>;

  /** For openPaths: takes in opened files; studies that they touch are returned. */
  addInstances(instances: readonly Instance[]): readonly StudySummary[];
  readonly unpackedDir: string;
  /** For openPaths: these are read later, though no open series refers to them. */
  keepUnpacked(files: readonly string[]): void;
  /** For openPaths: removes the copies below a folder of `unpackedDir` that no open series refers to. */
  removeUnusedBelow(folder: string): void;
}

export interface LibraryOptions {
  /** Decoded frames, thumbnails and unpacked archives; made if missing, private to the user. */
  readonly cacheDir: string;
  readonly maxCacheBytes?: number;
  readonly decodeWorkers?: number;
  readonly decodeTimeoutMs?: number;
}

/** Opened studies in memory, and the way to their pixels. */
export function createLibrary({
  cacheDir,
  maxCacheBytes,
  decodeWorkers,
  decodeTimeoutMs,
}: LibraryOptions): Library {
  const cache = createCacheFolder({ cacheDir, maxBytes: maxCacheBytes });
  const pool = createDecodePool({ size: decodeWorkers, timeoutMs: decodeTimeoutMs });
  const pixels = createFramePixels(cache, pool);
  const openSeries = new Map<string, OpenSeries>();
  const frames = new Map<string, StoredFrame>();
  const thumbnails = new Map<string, Promise<ResolvedResource>>();
  const keptFiles = new Set<string>();

  const studyOf = (studyKey: string): StudySummary | null =>
    summariseStudy(
      [...openSeries.values()].filter((entry) => (entry.series.studyId as string) === studyKey), // keys are unbranded
    );

  const forget = (seriesKey: string): void => {
    for (const volume of openSeries.get(seriesKey)?.volumes ?? [])
      for (const frame of volume.frames) frames.delete(frame.info.imageId);
    openSeries.delete(seriesKey);
  };

  const addToSeries = (seriesKey: string, added: readonly Instance[]): void => {
    // A newly opened file replaces what was opened before under the same UID; within one opening, the
    // first stays and the others are told of.
    const merged = new Map<string, Instance>();
    for (const instance of openSeries.get(seriesKey)?.instances ?? [])
      merged.set(instance.instanceKey, instance);
    const fresh = new Set<string>();
    let repeated = 0;
    for (const instance of added) {
      if (fresh.has(instance.instanceKey)) repeated++;
      else merged.set(instance.instanceKey, instance);
      fresh.add(instance.instanceKey);
    }
    forget(seriesKey);
    const built = buildSeries([...merged.values()], repeated);
    if (built === null) return;
    openSeries.set(seriesKey, built);
    for (const volume of built.volumes)
      for (const frame of volume.frames) frames.set(frame.info.imageId, frame);
  };

  const findVolume = (seriesId: SeriesId, phaseIndex: number): BuiltVolume | IbisErrorShape => {
    const found = openSeries.get(seriesId);
    if (found === undefined)
      return { code: 'no-series', message: 'The series is not open: open its files first.' };
    return (
      found.volumes[phaseIndex] ?? {
        code: 'bad-slice',
        message: `There is no phase ${String(phaseIndex)}: the series has ${String(found.volumes.length)}.`,
      }
    );
  };

  const thumbnailFrame = (seriesId: SeriesId): StoredFrame => {
    const volume = openSeries.get(seriesId)?.volumes[0];
    const frame = volume?.frames[volume.frames.length >> 1];
    if (frame === undefined) throw new IbisError('not-found', 'The series is not open.');
    return frame;
  };

  const storeThumbnail = async (frame: StoredFrame, key: string): Promise<ResolvedResource> => {
    const png = makeThumbnail(await pixels.load(frame), frame.info);
    const { file, length } = await cache.put(key, png);
    return { file, offset: 0, length, contentType: 'image/png' };
  };

  const filesOf = (entries: Iterable<OpenSeries>): Set<string> =>
    new Set(
      [...entries].flatMap(({ instances }) =>
        instances.flatMap(({ file, frames: [frame] }) =>
          frame === undefined ? [file] : [file, frame.source.file],
        ),
      ),
    );

  const filesInUse = (): Set<string> => new Set([...filesOf(openSeries.values()), ...keptFiles]);

  /** Removes those unpacked copies (zip members, gunzipped files) of `files` that no open series refers to. */
  const removeUnused = (files: Iterable<string>): void => {
    const inUse = filesInUse();
    for (const file of files)
      if (file.startsWith(cache.unpackedDir) && !inUse.has(file)) rmSync(file, { force: true });
  };

  return {
    unpackedDir: cache.unpackedDir,
    keepUnpacked: (files) => {
      for (const file of files) keptFiles.add(file);
    },
    removeUnusedBelow: (folder) => {
      const below = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name));
      const inUse = filesInUse();
      if (below.some((file) => inUse.has(file))) removeUnused(below);
      else rmSync(folder, { recursive: true, force: true });
    },
    addInstances: (instances) => {
      const bySeries = Map.groupBy(instances, (instance) => instance.seriesKey);
      const before = [...bySeries.keys()].flatMap((seriesKey) => openSeries.get(seriesKey) ?? []);
      for (const [seriesKey, added] of bySeries) addToSeries(seriesKey, added);
      removeUnused(filesOf(before)); // of files that were opened again
      const touched = new Set(instances.map((instance) => instance.studyKey));
      return [...touched].flatMap((studyKey) => studyOf(studyKey) ?? []);
    },
    listStudies: () => {
      const keys = new Set([...openSeries.values()].map((entry) => entry.series.studyId));
      return [...keys].flatMap((studyKey) => studyOf(studyKey) ?? []);
    },
    getSeries: (seriesId) => openSeries.get(seriesId)?.series ?? null,
    closeStudy: (studyId) => {
      const closed = [...openSeries.values()].filter((entry) => entry.series.studyId === studyId);
      for (const { series } of closed) forget(series.seriesId);
      removeUnused(filesOf(closed));
    },
    resolveFrame: async (imageId, signal) => {
      const frame = frames.get(imageId);
      if (frame === undefined)
        throw new IbisError('not-found', 'The image is not open: open its files first.');
      return pixels.resolve(frame, signal);
    },
    resolveThumbnail: async (seriesId) => {
      const frame = thumbnailFrame(seriesId);
      const key = `${pixels.cacheKey(frame)}-thumbnail`;
      const entry = cache.get(key);
      if (entry !== null) return { ...entry, offset: 0, contentType: 'image/png' };
      const making = thumbnails.get(key) ?? storeThumbnail(frame, key);
      thumbnails.set(key, making);
      return making.finally(() => thumbnails.delete(key));
    },
    loadVolume: async (seriesId, phaseIndex, options) => {
      const volume = findVolume(seriesId, phaseIndex);
      return 'code' in volume ? err(volume) : loadVolume(volume, pixels, options);
    },
    loadSlice: async (seriesId, phaseIndex, sliceIndex, options) => {
      const volume = findVolume(seriesId, phaseIndex);
      return 'code' in volume ? err(volume) : loadSlice(volume, sliceIndex, pixels, options);
    },
    getInstances: (seriesId, phaseIndex) => {
      const found = openSeries.get(seriesId);
      const instanceOf = new Map(
        found?.instances.flatMap((instance) =>
          instance.frames.map((frame) => [frame.info.imageId, instance] as const),
        ),
      );
      return (found?.volumes[phaseIndex]?.frames ?? []).flatMap(({ info }) => {
        const instance = instanceOf.get(info.imageId);
        if (instance === undefined) return [];
        const { file, sopInstanceUID, sopClassUID } = instance;
        const frameCount = instance.frames.length;
        return [{ file, sopInstanceUID, sopClassUID, frameNumber: info.frameNumber, frameCount }];
      });
    },
    close: async () => {
      await pool.close();
      await cache.close();
    },
  };
}
