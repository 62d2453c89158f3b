import type { DataSet } from 'dicom-parser';

import type { DerivedFile } from '../../domain/study.js';
import { getFirstItem, getItems, getString } from './attributes.js';
import type { ParsedHeader } from './readHeader.js';

export const SEGMENTATION_STORAGE = '1.2.840.10008.5.1.4.1.1.66.4';
export const LABEL_MAP_SEGMENTATION_STORAGE = '1.2.840.10008.5.1.4.1.1.66.7';
export const STRUCTURE_SET_STORAGE = '1.2.840.10008.5.1.4.1.1.481.3';
export const REPORT_STORAGES: readonly string[] = [
  '1.2.840.10008.5.1.4.1.1.88.22', // Enhanced SR
  '1.2.840.10008.5.1.4.1.1.88.33', // Comprehensive SR
  '1.2.840.10008.5.1.4.1.1.88.34', // Comprehensive 3D SR
];
/** Title of a report by TID 1500. */
export const MEASUREMENT_REPORT = '126000';

const SEGMENTATIONS = [SEGMENTATION_STORAGE, LABEL_MAP_SEGMENTATION_STORAGE, STRUCTURE_SET_STORAGE];

export const isMeasurementReport = (dataSet: DataSet): boolean =>
  REPORT_STORAGES.includes(getString(dataSet, 'x00080016')) &&
  getString(getFirstItem(dataSet, 'x0040a043') ?? dataSet, 'x00080100') === MEASUREMENT_REPORT;

/** Items that lie in items, a sequence within the next. */
const follow = (dataSet: DataSet, ...tags: readonly string[]): readonly DataSet[] =>
  tags.reduce<readonly DataSet[]>(
    (items, tag) => items.flatMap((item) => getItems(item, tag)),
    [dataSet],
  );

/** UIDs of the series that an object says it was made on; [] where it does not say. */
export function getReferencedSeries(dataSet: DataSet): readonly string[] {
  const items = [
    ...follow(dataSet, 'x00081115'), // Common Instance Reference, in the same study
    ...follow(dataSet, 'x00081200', 'x00081115'), // in other studies
    ...follow(dataSet, 'x30060010', 'x30060012', 'x30060014'), // of a structure set
    ...follow(dataSet, 'x0040a375', 'x00081115'), // evidence of a report
  ];
  const uids = items.map((item) => getString(item, 'x0020000e'));
  return [...new Set(uids)].filter((uid) => uid !== '');
}

/**
 * What kind of object about images a file is; null: images, or nothing that Ibis reads. A SEG has pixels as an image has,
 * but they mean nothing by themselves.
 */
export function findDerivedKind({
  dataSet,
  mediaStorageClass,
}: ParsedHeader): DerivedFile['kind'] | null {
  const storageClass = getString(dataSet, 'x00080016') || mediaStorageClass;
  const modality = getString(dataSet, 'x00080060');
  if (SEGMENTATIONS.includes(storageClass) || modality === 'SEG' || modality === 'RTSTRUCT')
    return 'segmentation';
  return isMeasurementReport(dataSet) ? 'measurements' : null;
}
