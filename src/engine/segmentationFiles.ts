import path from 'node:path';

import { IbisError } from '../contract/errors.js';
import type { SegmentationFileResults } from '../contract/segmentationFileChannels.js';
import type { SegmentationId } from '../domain/brand.js';
import type { SegmentStatistics } from '../domain/segmentStatistics.js';
import type { Series } from '../domain/study.js';
import type { Library } from './dicom/index.js';
import type { DeidentificationOfExports } from './deidentification.js';
import type { EngineHandlers } from './dispatch.js';
import { exportSegmentation } from './export/exportSegmentation.js';
import type { SourceImage, VolumeSource } from './export/types.js';
import { imagesOf, placeSegmentation } from './segmentationPlace.js';
import { findImported, importLabel } from './segmentations/findImported.js';
import { getGrid } from './segmentations/grid.js';
import type { Segmentations } from './segmentations/index.js';
import type { LiveSegmentations } from './segmentations/liveSegmentations.js';
import type { SliceSource } from './slices.js';
import type { Store } from './store/index.js';
import type { Studies } from './studies.js';

type FileHandlers = Pick<EngineHandlers, keyof SegmentationFileResults>;

const requireWholePath = (place: string, what: string): void => {
  if (!path.isAbsolute(place))
    throw new IbisError('usage', `The ${what} must be given by its whole path.`);
};

/** A volume as an exporter sees it: with the file of each image. */
function describeSource(library: Library, series: Series, phaseIndex: number): VolumeSource {
  const infos = imagesOf(series, phaseIndex);
  const files = library.getInstances(series.seriesId, phaseIndex);
  if (files.length !== infos.length)
    throw new IbisError('no-series', 'The files of this series have changed. Open it again.');
  const images = infos.flatMap((info, k): SourceImage[] => {
    const from = files[k];
    return from === undefined ? [] : [{ file: from.file, frameCount: from.frameCount, info }];
  });
  return { kind: series.sourceKind, geometry: getGrid(series, phaseIndex), images };
}

/** A file's name, or one for a DICOM series that tells nothing of the patient. */
const nameSource = ({ sourceKind, description, seriesNumber }: Series): string =>
  sourceKind === 'dicom' ? `series-${String(seriesNumber ?? 1)}` : description;

/** Reads segmentations out of files, and writes them. */
export function createSegmentationFiles(options: {
  readonly segmentations: Segmentations;
  readonly live: LiveSegmentations;
  readonly store: Store;
  readonly studies: Studies;
  readonly library: Library;
  readonly slices: SliceSource;
  readonly deidentification: DeidentificationOfExports;
  readonly measure: (
    segmentationId: SegmentationId,
    segmentNumber: number,
  ) => Promise<SegmentStatistics>;
  readonly version: string;
}): FileHandlers {
  const {
    segmentations,
    live,
    store,
    studies,
    library,
    slices,
    deidentification,
    measure,
    version,
  } = options;
  return {
    importSegmentation: async ({ seriesId, phaseIndex, path: file, search, keepKnown }) => {
      requireWholePath(file, 'file');
      const here = seriesId === null ? null : { seriesId, phaseIndex };
      const open = new Set(studies.list().flatMap((study) => study.series.map((s) => s.seriesId)));
      if (seriesId !== null) open.add(seriesId);
      const { place, data, notes } = await placeSegmentation(
        file,
        { here, search },
        [...open].map((id) => studies.getSeries(id)),
      );
      if (data.segments.length === 0)
        throw new IbisError('empty-mask', 'The file holds no segment: there is nothing to import.');
      const known = keepKnown ? findImported({ live, store }, place, data) : null;
      if (known !== null) {
        const sentence = 'It had been imported before: what was made of it is shown.';
        const { segmentation } = segmentations.get(known);
        return { segmentation, isKnown: true, notes: [sentence, ...notes] };
      }
      const segmentation = segmentations.importData(place, data, importLabel(path.basename(file)));
      return { segmentation, isKnown: false, notes };
    },
    exportSegmentation: async ({ segmentationId, formats, outDir, deidentify }) => {
      requireWholePath(outDir, 'export folder');
      // One moment of it: what is edited meanwhile is not exported by halves.
      const { segmentation } = segmentations.get(segmentationId);
      const data = segmentations.getData(segmentationId);
      const { seriesId, phaseIndex } = segmentation;
      const series = studies.getSeries(seriesId);
      const { files, notes, folder } = await exportSegmentation(
        {
          data,
          source: describeSource(library, series, phaseIndex),
          sourceName: nameSource(series),
          measure: (segmentNumber) => measure(segmentationId, segmentNumber),
          drawSlice: async (sliceIndex) => {
            const window = null;
            const slice = { seriesId, phaseIndex, axis: 'acquired', sliceIndex, window } as const;
            const { image, plane } = await slices.prepare(slice);
            return { ...image, pixelSpacingMm: plane.pixelSpacingMm };
          },
          software: { name: 'Ibis', version },
          now: new Date(),
          deidentifier: deidentification.choose(deidentify),
        },
        formats,
        outDir,
      );
      const moved =
        folder === outDir || files.length === 0
          ? []
          : [`The folder held an export already: this one lies in "${path.basename(folder)}".`];
      return { files, notes: [...notes, ...moved] };
    },
  };
}
