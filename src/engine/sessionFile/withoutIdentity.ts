import { rm } from 'node:fs/promises';
import path from 'node:path';

import { IbisError } from '../../contract/errors.js';
import type { Series, StudySummary } from '../../domain/study.js';
import { copyBareImages, deidentifyFiles } from '../deidentify/index.js';
import type { Deidentifier } from '../deidentify/index.js';
import { createLibrary, openPaths } from '../dicom/index.js';
import { subjectOf } from '../export/withoutIdentity.js';
import { createSliceSource } from '../slices.js';
import { deidentifySessionDatabase } from '../store/index.js';
import type { IdentityChanges, ReceivedContent } from '../store/index.js';
import { doesFit } from './findImages.js';
import { nameImages } from './listImages.js';

/** A session file without what identifies the patient: its images and rows, through the same profile as any export. */

interface NamelessSeries extends Pick<IdentityChanges, 'study' | 'series'> {
  /** The de-identified files, in the order of the originals; [] where there is nothing to take out of them. */
  readonly files: readonly string[];
  readonly notes: readonly string[];
}

const notWritten = (why: string): IbisError =>
  new IbisError('unsupported-format', `The session file was not written: ${why}`);

/** Copies of images that are not DICOM: what draws them, and nothing else. */
async function copyOthers(
  files: readonly string[],
  kind: 'nifti' | 'image',
  outDir: string,
): Promise<Pick<NamelessSeries, 'files' | 'notes'>> {
  const copies = nameImages(files, { sourceKind: kind }).map((copy) =>
    path.join(outDir, copy.path),
  );
  await copyBareImages(files, kind, copies);
  return {
    files: copies,
    notes: [
      'These images are not DICOM: nothing says whether their pixels show a name. Look at them before you pass them on.',
    ],
  };
}

/** Copies of all images of the series, none missing. */
async function copyImages(
  files: readonly string[],
  deidentifier: Deidentifier,
  outDir: string,
): Promise<Pick<NamelessSeries, 'files' | 'notes'>> {
  const made = await deidentifyFiles(files, deidentifier, { outDir });
  if (made.refused.length > 0)
    throw notWritten(
      `${String(made.refused.length)} of its ${String(files.length)} images cannot be read any more, so they cannot be de-identified.`,
    );
  if (made.files.length < files.length)
    throw notWritten(
      'its images may show names in their pixels, and such images are to be left out. Look at them, and export without that option if they name nobody.',
    );
  return { files: made.files, notes: made.warnings };
}

interface Wanted {
  readonly content: ReceivedContent;
  readonly sliceSha256: string;
}

/**
 * The copies as another workstation will open them: one series, that shows the session's slice. What told its phases
 * apart (b-values of diffusion) may have been taken out of them.
 */
async function openCopies(
  outDir: string,
  cacheDir: string,
  { content, sliceSha256 }: Wanted,
): Promise<Pick<NamelessSeries, 'study' | 'series'>> {
  const library = createLibrary({ cacheDir, decodeWorkers: 1 });
  try {
    const opened = await openPaths([outDir], { library });
    const [study] = opened.studies;
    const [series] = study?.series ?? [];
    if (
      study === undefined ||
      series === undefined ||
      opened.refused.length > 0 ||
      !(await doesFit(createSliceSource(library), series.seriesId, content, sliceSha256))
    )
      throw notWritten(
        'without what is to be taken out of them, its images no longer form the same volume: private attributes may have told its phases apart. Keep safe private attributes, then export again.',
      );
    return { study, series };
  } finally {
    await library.close();
  }
}

/** Files and folders of images that are not DICOM may name anybody; they themselves say nothing of a patient. */
function describeOthers(
  study: StudySummary,
  series: Series,
  { mapId, mapUid }: Deidentifier,
): Pick<NamelessSeries, 'study' | 'series'> {
  return {
    study: {
      ...study,
      studyId: mapId(study.studyId) as StudySummary['studyId'], // another id of the same kind
      studyInstanceUID: mapUid(study.studyInstanceUID),
      studyDescription: '',
    },
    series: {
      ...series,
      seriesId: mapId(series.seriesId) as Series['seriesId'], // another id of the same kind
      seriesInstanceUID: mapUid(series.seriesInstanceUID),
      description: '',
    },
  };
}

/**
 * Writes the session database `from` to `to` without identity, and de-identified copies of the images below `workDir`;
 * gives what the manifest says of them. Rejects with IbisError where that cannot be done.
 */
export async function takeIdentityOut(options: {
  readonly deidentifier: Deidentifier;
  readonly study: StudySummary;
  readonly series: Series;
  readonly files: readonly string[];
  readonly images: 'included' | 'referenced';
  readonly wanted: Wanted;
  readonly from: string;
  readonly to: string;
  readonly workDir: string;
}): Promise<NamelessSeries> {
  const { deidentifier, study, series, files, images, wanted, workDir } = options;
  const { sourceKind } = series;
  const isDicom = sourceKind === 'dicom';
  const outDir = path.join(workDir, 'copies');
  // Those of DICOM are needed also where they do not go along: they say what the rows become.
  const isCopied = isDicom || images === 'included';
  const copied = isDicom
    ? await copyImages(files, deidentifier, outDir)
    : isCopied
      ? await copyOthers(files, sourceKind, outDir)
      : { files: [], notes: [] };
  const opened = isCopied ? await openCopies(outDir, path.join(workDir, 'cache'), wanted) : null;
  const nameless =
    opened !== null && isDicom ? opened : describeOthers(study, series, deidentifier);
  const namingFile = isDicom ? (files[0] ?? null) : null;
  deidentifySessionDatabase(options.from, options.to, {
    ...nameless,
    clean: deidentifier.textCleaner(namingFile),
    mapUid: deidentifier.mapUid,
    mapId: deidentifier.mapId,
    moveMoment: deidentifier.momentMover(
      subjectOf(namingFile, series.seriesInstanceUID, deidentifier),
    ),
  });
  await rm(options.from);
  return { ...nameless, ...copied };
}
