import type { MeasurementId, SessionId } from '../../domain/brand.js';
import type { SegmentationData } from '../../domain/segmentation.js';
import type { Action } from '../../domain/session.js';
import { findBurnedIn } from '../deidentify/burnedIn.js';
import type { Deidentifier } from '../deidentify/index.js';
import { parseFileHeader } from '../dicom/parseFileHeader.js';
import type { MeasurementExportInput } from './exportMeasurements.js';
import type { SegmentationExportInput } from './exportSegmentation.js';
import type { ExportInput } from './index.js';
import type { MadeFile } from './madeFile.js';
import type { MeasurementTableInput } from './measurementTables.js';
import type { VolumeSource } from './types.js';

/** What an export is made of, without what identifies the patient. DICOM objects are changed once they are made. */

type Clean = (text: string) => string;

/** The DICOM file that says whom the images show; null where they are not DICOM and name nobody. */
const findNaming = ({ kind, images: [first] }: VolumeSource): string | null =>
  kind === 'dicom' && first !== undefined ? first.file : null;

const cleanerOf = (source: VolumeSource, deidentifier: Deidentifier): Clean =>
  deidentifier.textCleaner(findNaming(source));

/** Whose work is moved in time together: that on one patient, or on one series of images that name nobody. */
export function subjectOf(
  namingFile: string | null,
  seriesInstanceUID: string,
  deidentifier: Deidentifier,
): string {
  return namingFile === null ? seriesInstanceUID : deidentifier.patientNameIn(namingFile);
}

/** An object as it is written: every DICOM file goes through the same profile as the images themselves. */
export const changeMade = (made: MadeFile, deidentifier: Deidentifier): MadeFile =>
  made.name.endsWith('.dcm') && typeof made.bytes !== 'string'
    ? { ...made, bytes: deidentifier.changeObject(made.bytes) }
    : made;

function cleanAction(action: Action, clean: Clean): Action {
  if (action.kind === 'terminate') return { ...action, answer: clean(action.answer) };
  return action.kind === 'unparsed' ? { ...action, problem: clean(action.problem) } : action;
}

export function sessionWithoutIdentity<T extends ExportInput>(
  input: T,
  deidentifier: Deidentifier,
): T {
  const clean = cleanerOf(input.source, deidentifier);
  const { session } = input;
  const { settings } = session;
  const move = deidentifier.momentMover(
    subjectOf(findNaming(input.source), settings.seriesInstanceUID, deidentifier),
  );
  return {
    ...input,
    session: {
      ...session,
      sessionId: deidentifier.mapId(session.sessionId) as SessionId, // another id of the same kind
      answer: session.answer === null ? null : clean(session.answer),
      settings: {
        ...settings,
        seriesInstanceUID: deidentifier.mapUid(settings.seriesInstanceUID),
        target: { ...settings.target, text: clean(settings.target.text) },
      },
    },
    steps: input.steps.map((traced) => {
      const { step } = traced;
      const { action } = step;
      return {
        ...traced,
        step: {
          ...step,
          policyText: clean(step.policyText),
          reasoning: clean(step.reasoning),
          action: cleanAction(action, clean),
        },
      };
    }),
    // Who reviewed it is identified as well as who was imaged.
    reviews: input.reviews.map((review) => ({
      ...review,
      reviewer: '',
      comment: clean(review.comment),
      reviewedAt: move(review.reviewedAt),
    })),
  };
}

/** For the tables of measurements: a DICOM SR is made of the original images, and changed then. */
export function measurementsWithoutIdentity(
  input: MeasurementExportInput,
  deidentifier: Deidentifier,
): MeasurementTableInput {
  const { study, series, measurements, software } = input;
  const { mapUid, mapId, options } = deidentifier;
  const [first] = input.phases.flat();
  const isDicom = series.sourceKind === 'dicom' && first !== undefined;
  const patient = isDicom ? deidentifier.patientNameIn(first.file) : (options.pseudonym ?? '');
  const clean = deidentifier.textCleaner(isDicom ? first.file : null);
  const subject = subjectOf(isDicom ? first.file : null, series.seriesInstanceUID, deidentifier);
  const move = deidentifier.momentMover(subject);
  return {
    study: {
      patientId: patient,
      patientName: patient,
      studyDate: options.dates === 'keep' ? study.studyDate : '',
      studyInstanceUID: mapUid(study.studyInstanceUID),
    },
    series: {
      ...series,
      seriesInstanceUID: mapUid(series.seriesInstanceUID),
      frameOfReferenceUID: mapUid(series.frameOfReferenceUID),
      description: options.cleanDescriptors && isDicom ? clean(series.description) : '',
    },
    measurements: measurements.map((measurement) => ({
      ...measurement,
      measurementId: mapId(measurement.measurementId) as MeasurementId, // another id of the same kind
      label: clean(measurement.label),
      createdAt: move(measurement.createdAt),
      updatedAt: move(measurement.updatedAt),
      image: measurement.image && {
        ...measurement.image,
        sopInstanceUID: mapUid(measurement.image.sopInstanceUID),
      },
    })),
    software,
  };
}

/** Pictures show what the pixels show. Null where nothing says that they name someone. */
export function warnOfPixels({ kind, images }: VolumeSource): string | null {
  const [first] = images;
  return kind === 'dicom' &&
    first !== undefined &&
    findBurnedIn(parseFileHeader(first.file).dataSet) !== null
    ? 'The images may show names in their pixels, and so may the pictures of this export. Look at them before you pass them on.'
    : null;
}

const mapImages = (source: VolumeSource, { mapUid }: Deidentifier): VolumeSource['images'] =>
  source.images.map((image) => ({
    ...image,
    info: { ...image.info, sopInstanceUID: mapUid(image.info.sopInstanceUID) },
  }));

function cleanLabels(data: SegmentationData, clean: Clean): SegmentationData {
  return {
    ...data,
    segmentationLabel: clean(data.segmentationLabel) || 'Segmentation',
    segments: data.segments.map(({ segment, slices }) => ({
      slices,
      segment: {
        ...segment,
        segmentLabel: clean(segment.segmentLabel) || `Segment ${String(segment.segmentNumber)}`,
      },
    })),
  };
}

/** Its `namedSource` is for files that name images themselves; DICOM objects are made of the original ones. */
export function segmentationWithoutIdentity(
  input: SegmentationExportInput,
  deidentifier: Deidentifier,
): SegmentationExportInput {
  const { source } = input;
  return {
    ...input,
    data: cleanLabels(input.data, cleanerOf(source, deidentifier)),
    // The name of a file may be that of a patient.
    sourceName: source.kind === 'dicom' ? input.sourceName : 'source',
    namedSource: { ...source, images: mapImages(source, deidentifier) },
  };
}
