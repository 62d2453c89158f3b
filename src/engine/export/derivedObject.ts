import type { CodedConcept } from '../../domain/segmentation.js';
import type { SourceHeader } from './sourceHeader.js';
import type { Software, SourceImage, VolumeSource } from './types.js';
import { createUid, formatDateTime } from './writeDicom.js';

/** What every DICOM object says that derives from the images of a series. */

export const toCodeItem = ({ value, scheme, meaning }: CodedConcept): object => ({
  ...(value.length <= 16 ? { CodeValue: value } : { LongCodeValue: value }),
  CodingSchemeDesignator: scheme,
  CodeMeaning: meaning,
});

export const referenceImage = (image: SourceImage): object => ({
  ReferencedSOPClassUID: image.info.sopClassUID,
  ReferencedSOPInstanceUID: image.info.sopInstanceUID,
});

/** Throws where the slice is not one of the source's. */
export function imageOfSlice(source: VolumeSource, k: number): SourceImage {
  const image = source.images[k];
  if (image === undefined) throw new Error('the mask lies outside the source images');
  return image;
}

/** Slices with position and orientation: where the source says where it lies in the patient. */
export function hasPlane(image: SourceImage): boolean {
  const { position, columnDirection, rowDirection } = image.info;
  return position !== null && columnDirection !== null && rowDirection !== null;
}

/** Patient, study and equipment of an object that derives from the source: a new instance of a new series. */
export function describeDerivedSeries(
  input: {
    readonly header: SourceHeader;
    readonly seriesDescription: string;
    readonly software: Software;
    readonly now: Date;
  },
  modality: 'SEG' | 'RTSTRUCT' | 'SR',
): Record<string, unknown> {
  const { header, software, seriesDescription } = input;
  const { date, time } = formatDateTime(input.now);
  return {
    ...header.carriedOn,
    StudyInstanceUID: header.studyInstanceUID,
    SeriesInstanceUID: createUid(),
    Modality: modality,
    SeriesNumber: String(9000 + ((Number.parseInt(header.seriesNumber, 10) || 0) % 1000)),
    SeriesDescription: seriesDescription.slice(0, 64),
    SeriesDate: date,
    SeriesTime: time,
    InstanceNumber: '1',
    ...(header.bodyPart === '' ? {} : { BodyPartExamined: header.bodyPart }),
    Manufacturer: 'Ibis',
    ManufacturerModelName: software.name,
    DeviceSerialNumber: '0',
    SoftwareVersions: software.version,
  };
}

/** The images that `ks` name, each once. */
export const listReferencedImages = (
  source: VolumeSource,
  ks: Iterable<number>,
): readonly SourceImage[] => [
  ...new Map(
    [...ks].map((k) => {
      const image = imageOfSlice(source, k);
      return [image.info.sopInstanceUID, image] as const;
    }),
  ).values(),
];
