import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { IbisError } from '../../contract/errors.js';
import type { MeasurementMethodResults } from '../../contract/measurementChannels.js';
import type { MeasurementId } from '../../domain/brand.js';
import type { DeidentificationOfExports } from '../deidentification.js';
import type { Library } from '../dicom/index.js';
import type { EngineHandlers } from '../dispatch.js';
import { exportMeasurements } from '../export/exportMeasurements.js';
import type { SourceImage } from '../export/types.js';
import { parseDicomFile } from '../import/dicomSeg.js';
import { readMeasurementReport } from '../import/measurementReport.js';
import { isMeasurementKnown, listMeasurements } from '../store/index.js';
import type { Store } from '../store/index.js';
import type { Studies } from '../studies.js';
import type { Measurements } from './index.js';

type FileHandlers = Pick<
  EngineHandlers,
  Extract<keyof MeasurementMethodResults, 'importMeasurements' | 'exportMeasurements'>
>;

const requireWholePath = (place: string, what: string): void => {
  if (!path.isAbsolute(place))
    throw new IbisError('usage', `The ${what} must be given by its whole path.`);
};

/** Rejects with 'not-found' where it cannot be read, 'broken-file' where it is no DICOM. */
async function parseReportFile(place: string) {
  const bytes = await readFile(place).catch((cause: unknown) => {
    throw new IbisError('not-found', 'The file cannot be read: is it there, and may it be read?', {
      cause,
    });
  });
  try {
    return parseDicomFile(bytes).header.dataSet;
  } catch (cause) {
    throw new IbisError('unsupported-format', 'This file is no DICOM file, so no DICOM SR.', {
      cause,
    });
  }
}

/** Reads measurements out of reports of other programs, and writes them. */
export function createMeasurementFiles(options: {
  readonly store: Store;
  readonly studies: Studies;
  readonly library: Library;
  readonly measurements: Measurements;
  readonly deidentification: DeidentificationOfExports;
  readonly version: string;
}): FileHandlers {
  const { store, studies, library, measurements, deidentification, version } = options;
  return {
    importMeasurements: async ({ seriesId, path: place }) => {
      requireWholePath(place, 'file');
      const series = studies.getSeries(seriesId);
      const read = readMeasurementReport(await parseReportFile(place), series);
      const here = new Set<string>(
        listMeasurements(store, seriesId).map(({ measurementId }) => measurementId),
      );
      const fresh = read.measurements.filter(({ uuid }) => !here.has(uuid));
      const already = read.measurements.length - fresh.length;
      const added = await measurements.add(
        seriesId,
        fresh.map(({ uuid, ...drawn }) => ({
          ...drawn,
          seriesId,
          visible: true,
          // Its own id, so that it is the same measurement in every report of it; another where that one is taken.
          measurementId: (isMeasurementKnown(store, uuid) ? randomUUID() : uuid) as MeasurementId, // branding at the edge
        })),
      );
      return {
        measurements: added,
        notes: [
          ...read.notes,
          ...(already === 0
            ? []
            : [`${String(already)} of the report are here already: left as they are.`]),
        ],
      };
    },
    exportMeasurements: async ({ seriesId, formats, outDir, deidentify }) => {
      requireWholePath(outDir, 'export folder');
      const series = studies.getSeries(seriesId);
      const stored = listMeasurements(store, seriesId);
      if (stored.length === 0)
        throw new IbisError('not-found', 'This series has no measurements: nothing to export.');
      const phases = series.volumes.map((volume, phaseIndex): readonly SourceImage[] => {
        const files = library.getInstances(seriesId, phaseIndex);
        return volume.images.flatMap((info, k) => {
          const from = files[k];
          return from === undefined ? [] : [{ file: from.file, frameCount: from.frameCount, info }];
        });
      });
      const { folder, ...written } = await exportMeasurements(
        {
          study: studies.getStudyOf(seriesId),
          series,
          phases,
          measurements: stored,
          software: { name: 'Ibis', version },
          observerName: 'Ibis^User',
          now: new Date(),
          deidentifier: deidentification.choose(deidentify),
        },
        formats,
        outDir,
      );
      const moved =
        folder === outDir || written.files.length === 0
          ? []
          : [`The folder held an export already: this one lies in "${path.basename(folder)}".`];
      return { files: written.files, notes: [...written.notes, ...moved] };
    },
  };
}
