import path from 'node:path';

import type { Deidentification, DeidentificationResults } from '../contract/deidentification.js';
import type { IbisEvent } from '../contract/channels.js';
import { IbisError } from '../contract/errors.js';
import type { SeriesId } from '../domain/brand.js';
import { createDeidentifier, deidentifyFiles, loadKey, previewFiles } from './deidentify/index.js';
import type { Deidentifier } from './deidentify/index.js';
import type { Library } from './dicom/index.js';
import type { EngineHandlers } from './dispatch.js';
import { findFolderWithout } from './export/exportFolder.js';
import type { Jobs } from './jobs.js';
import type { Studies } from './studies.js';

/** The folder, in the one that the user chose, that copies go into. */
const COPIES = 'deidentified';

export interface DeidentificationOfExports {
  readonly handlers: Pick<EngineHandlers, keyof DeidentificationResults>;
  /** For exports of what derives from images. Null asks for none. */
  choose(options: Deidentification | null): Deidentifier | undefined;
}

/** De-identified copies of open series, and the same stand-ins for all that is exported of them. */
export function createDeidentification(options: {
  readonly dataDir: string;
  readonly library: Library;
  readonly studies: Studies;
  readonly jobs: Jobs;
  readonly emit: (event: IbisEvent) => void;
}): DeidentificationOfExports {
  const { dataDir, library, studies, jobs, emit } = options;
  const prepare = (chosen: Deidentification): Deidentifier =>
    createDeidentifier(chosen, loadKey(dataDir));

  /** Every file of the series once, in the order of their slices. Throws where they are not DICOM. */
  const listFiles = (seriesIds: readonly SeriesId[]): readonly string[] => {
    const files = seriesIds.flatMap((seriesId) => {
      const series = studies.getSeries(seriesId);
      if (series.sourceKind !== 'dicom')
        throw new IbisError(
          'unsupported-format',
          'These images are not DICOM: there are no attributes to take out. Names may still stand in file names and in the pixels.',
        );
      return series.volumes.flatMap((_, phaseIndex) =>
        library.getInstances(seriesId, phaseIndex).map(({ file }) => file),
      );
    });
    return [...new Set(files)];
  };

  return {
    choose: (chosen) => (chosen === null ? undefined : prepare(chosen)),
    handlers: {
      previewDeidentification: async ({ seriesIds, options: chosen }) =>
        previewFiles(listFiles(seriesIds), prepare(chosen)),
      exportDeidentified: async ({ seriesIds, options: chosen, outDir, jobId }) => {
        if (!path.isAbsolute(outDir))
          throw new IbisError('usage', 'The export folder must be given by its whole path.');
        const files = listFiles(seriesIds);
        const folder = findFolderWithout(outDir, [COPIES]);
        const made = await jobs.run(jobId, (signal) =>
          deidentifyFiles(files, prepare(chosen), {
            outDir: path.join(folder, COPIES),
            signal,
            onProgress: (done, total) => {
              emit({ kind: 'jobProgressed', jobId, label: 'De-identifying', done, total });
            },
          }),
        );
        const lost = made.refused.length;
        return {
          files: made.files,
          notes: [
            ...made.warnings,
            ...(lost === 0 ? [] : [`${String(lost)} of the files could not be read any more.`]),
            ...(folder === outDir || made.files.length === 0
              ? []
              : [
                  `The folder held an export already: this one lies in "${path.basename(folder)}".`,
                ]),
          ],
        };
      },
    },
  };
}
