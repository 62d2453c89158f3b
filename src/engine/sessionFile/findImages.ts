import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';

import { IbisError } from '../../contract/errors.js';
import type { SessionFileManifest } from '../../contract/sessionFile.js';
import type { SeriesId } from '../../domain/brand.js';
import { liesOnSlice } from '../../domain/measure.js';
import type { Series, SeriesSummary, StudySummary } from '../../domain/study.js';
import { findSlice } from '../measurements/measuredSlice.js';
import { requireSameGrid } from '../segmentations/grid.js';
import type { SliceSource } from '../slices.js';
import type { ReceivedContent, SessionPlace } from '../store/index.js';
import type { Studies } from '../studies.js';

interface Images {
  readonly studies: Studies;
  readonly slices: SliceSource;
}

/** Throws where a segmentation or measurement lies on other images than these. */
export function requireItsImages(
  series: Series,
  { segmentations, measurements }: ReceivedContent,
): void {
  for (const { phaseIndex, geometry } of segmentations)
    requireSameGrid(series, phaseIndex, geometry);
  for (const each of measurements)
    if (!liesOnSlice(findSlice(series, each).cut, each.sliceIndex, each.points))
      throw new IbisError(
        'does-not-fit',
        'A measurement of this series lies on other images than these: slices are missing, or others have come. Open the whole series again.',
      );
}

/**
 * Whether this series is the very one that the content was made on: it shows the slice of the session pixel for pixel,
 * and the segmentations and measurements lie on its voxels and images.
 */
export async function doesFit(
  slices: SliceSource,
  seriesId: SeriesId,
  content: ReceivedContent,
  sliceSha256: string,
): Promise<boolean> {
  try {
    const { series, image } = await slices.prepare({ ...content.settings, seriesId });
    requireItsImages(series, content);
    return image.key === sliceSha256;
  } catch (thrown) {
    if (thrown instanceof IbisError) return false; // it has no such slice, or cannot be read
    throw thrown;
  }
}

/** Series of DICOM are told by their UID; others have none that another machine would know. */
const mayBe = ({ sourceKind, seriesInstanceUID }: SeriesSummary, wanted: SessionFileManifest) =>
  sourceKind === wanted.series.sourceKind &&
  (sourceKind !== 'dicom' || seriesInstanceUID === wanted.series.seriesInstanceUID);

async function findAmong(
  opened: readonly StudySummary[],
  { studies, slices }: Images,
  content: ReceivedContent,
  manifest: SessionFileManifest,
): Promise<SessionPlace | null> {
  for (const { studyId, series } of opened)
    for (const { seriesId, seriesInstanceUID, ...summary } of series)
      if (
        mayBe({ seriesId, seriesInstanceUID, ...summary }, manifest) &&
        (await doesFit(slices, seriesId, content, manifest.slice.sha256))
      )
        return {
          studyId,
          seriesId,
          seriesInstanceUID,
          sourcePaths: studies.getSourcePaths(studyId),
        };
  return null;
}

/** Moves the images to where the database finds them again; those of a file that is opened twice are kept once. */
async function keepImages(
  unpacked: string,
  importedDir: string,
  { files }: SessionFileManifest,
): Promise<string> {
  const id = createHash('sha256');
  for (const file of files) if (file.path.startsWith('images/')) id.update(file.sha256);
  const kept = path.join(importedDir, id.digest('hex').slice(0, 20));
  await mkdir(importedDir, { recursive: true, mode: 0o700 });
  if (!existsSync(kept)) await rename(unpacked, kept);
  return kept;
}

/**
 * The series that a received session is about: one that is open, else the images that came with it, which are opened from
 * a folder of this workstation's own. Throws 'does-not-fit' with what to do where there is none.
 */
export async function findImages(
  images: Images & { readonly importedDir: string; readonly jobId: string },
  content: ReceivedContent,
  manifest: SessionFileManifest,
  unpackedDir: string,
): Promise<SessionPlace> {
  const { studies, importedDir, jobId } = images;
  const atHand = await findAmong(studies.list(), images, content, manifest);
  if (atHand !== null) return atHand;
  const unpacked = path.join(unpackedDir, 'images');
  if (!existsSync(unpacked))
    throw new IbisError(
      'does-not-fit',
      'The session file brings no images, and none of the open series is the one that it is about, with all of its slices. Open its images first, then the file again.',
    );
  const kept = await keepImages(unpacked, importedDir, manifest);
  const opened = await studies.open([kept], jobId);
  if (opened.cancelled) {
    await rm(kept, { recursive: true, force: true });
    throw new IbisError('cancelled', 'Opening the session file was cancelled.');
  }
  const found = await findAmong(opened.studies, images, content, manifest);
  if (found !== null) return found;
  for (const { studyId } of opened.studies) studies.close(studyId);
  await rm(kept, { recursive: true, force: true });
  throw new IbisError(
    'does-not-fit',
    'The images in the session file are not those that the session was made on. It was not opened.',
  );
}
