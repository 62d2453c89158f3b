import { cutVolume } from '../../domain/cutVolume.js';
import { dot, length, subtract, worldToVoxel } from '../../domain/geometry.js';
import type { Vec3 } from '../../domain/geometry.js';
import type { Measurement, MeasurementKind } from '../../domain/measurement.js';
import type { Series } from '../../domain/study.js';
import { describeDerivedSeries, referenceImage } from './derivedObject.js';
import { concepts, nameQuantity, nameUnit, PRIVATE_SCHEME } from './measurementCodes.js';
import {
  codeItem,
  containerItem,
  coordinateItem,
  imageItem,
  numberItem,
  personItem,
  textItem,
  uidItem,
} from './srContent.js';
import type { ContentItem, Coordinates } from './srContent.js';
import type { SourceHeader } from './sourceHeader.js';
import { RESEARCH_NOTICE } from './types.js';
import type { Software, SourceImage } from './types.js';
import { createUid, encodeDicom, formatDateTime } from './writeDicom.js';

const COMPREHENSIVE_SR = '1.2.840.10008.5.1.4.1.1.88.33';
const COMPREHENSIVE_3D_SR = '1.2.840.10008.5.1.4.1.1.88.34';

export interface MeasurementReportInput {
  readonly series: Series;
  /** Files of the images of each phase, in the order of its volume. */
  readonly phases: readonly (readonly SourceImage[])[];
  readonly measurements: readonly Measurement[];
  readonly header: SourceHeader;
  readonly software: Software;
  readonly observerName: string; // as DICOM writes names: 'Doe^Jane'
  readonly now: Date;
}

export const kindNames: Readonly<Record<MeasurementKind, string>> = {
  length: 'Length',
  angle: 'Angle',
  bidirectional: 'Bidirectional',
  ellipse: 'Ellipse',
  rectangle: 'Rectangle',
  arrow: 'Arrow',
};

/** A UUID as a UID (PS3.5 B.2), so that a measurement is the same one in every report of it. */
const uidOfUuid = (uuid: string): string => `2.25.${BigInt(`0x${uuid.replaceAll('-', '')}`)}`;

const referenceFrame = (image: SourceImage): object => ({
  ...referenceImage(image),
  ...(image.frameCount > 1 ? { ReferencedFrameNumber: String(image.info.frameNumber) } : {}),
});

/** The image that a measurement lies on; undefined for one across the images. */
const imageOf = (
  { phases }: MeasurementReportInput,
  { image, phaseIndex }: Measurement,
): SourceImage | undefined =>
  image === null
    ? undefined
    : phases[phaseIndex]?.find(
        ({ info }) =>
          info.sopInstanceUID === image.sopInstanceUID && info.frameNumber === image.frameNumber,
      );

/** How points go into a report: on the image that they lie on, else in space. */
type Place = (points: readonly Vec3[]) => Coordinates;

function placeOn(input: MeasurementReportInput, measurement: Measurement): Place {
  const image = imageOf(input, measurement);
  const volume = input.series.volumes[measurement.phaseIndex];
  const cut = volume === undefined ? null : cutVolume(volume, 'acquired', measurement.sliceIndex);
  if (image === undefined || cut === null)
    return (points) => ({
      kind: 'space',
      numbers: points.flat(),
      frameOfReferenceUID: input.series.frameOfReferenceUID,
    });
  return (points) => ({
    kind: 'image',
    // In DICOM the centre of the first pixel is at (0.5, 0.5).
    numbers: points.flatMap(([x, y, z]) => {
      const { i, j } = worldToVoxel(cut.geometry, { x, y, z });
      return [i + 0.5, j + 0.5];
    }),
    reference: referenceFrame(image),
  });
}

const pointsOf = ({ points }: Measurement): readonly Vec3[] =>
  points.map(({ x, y, z }): Vec3 => [x, y, z]);

/** Both ends of the longer axis, then of the shorter one, as ELLIPSE has them: by their lengths where they are told. */
function majorAxisFirst(points: readonly Vec3[], place: Place): readonly Vec3[] {
  const lengths = [points.slice(0, 2), points.slice(2)].map((axis) => {
    const { kind, numbers } = place(axis);
    const size = kind === 'image' ? 2 : 3;
    return Math.hypot(...numbers.slice(0, size).map((n, at) => n - (numbers[at + size] ?? n)));
  });
  return (lengths[0] ?? 0) >= (lengths[1] ?? 0)
    ? points
    : [...points.slice(2), ...points.slice(0, 2)];
}

/** The outline of an ellipse or a rectangle, or the line of another measurement. */
function drawGraphic(
  measurement: Measurement,
  place: Place,
): { readonly type: string; readonly coordinates: Coordinates } {
  const points = pointsOf(measurement);
  if (measurement.kind === 'ellipse')
    return { type: 'ELLIPSE', coordinates: place(majorAxisFirst(points, place)) };
  if (measurement.kind !== 'rectangle') return { type: 'POLYLINE', coordinates: place(points) };
  const coordinates = place([...points, ...points.slice(0, 1)]); // closed
  return { type: coordinates.kind === 'image' ? 'POLYLINE' : 'POLYGON', coordinates };
}

/** Each axis is a length of its own with a line of its own; the longer one comes first among the quantities. */
function drawAxes(measurement: Measurement, place: Place): readonly ContentItem[] {
  const points = pointsOf(measurement);
  const axes = [points.slice(0, 2), points.slice(2)];
  const lengthOf = ([from, to]: readonly Vec3[]): number =>
    from === undefined || to === undefined ? 0 : length(subtract(from, to));
  return axes
    .toSorted((a, b) => lengthOf(b) - lengthOf(a))
    .map((axis) => coordinateItem('INFERRED FROM', concepts.path, 'POLYLINE', place(axis)));
}

function describeContent(
  input: MeasurementReportInput,
  measurement: Measurement,
): readonly ContentItem[] {
  const { kind, label, quantities } = measurement;
  const place = placeOn(input, measurement);
  const tell = (children: (at: number) => readonly ContentItem[]): readonly ContentItem[] =>
    quantities.map((quantity, at) => {
      const { concept, derivation } = nameQuantity(quantity, input.series.modality);
      return numberItem(concept, { value: quantity.value, unit: nameUnit(quantity.unit) }, [
        ...(derivation === null
          ? []
          : [codeItem('HAS CONCEPT MOD', concepts.derivation, derivation)]),
        ...children(at),
      ]);
    });
  if (kind === 'bidirectional') {
    const lines = drawAxes(measurement, place);
    return tell((at) => lines.slice(at, at + 1));
  }
  const { type, coordinates } = drawGraphic(measurement, place);
  if (kind === 'ellipse' || kind === 'rectangle')
    return [coordinateItem('CONTAINS', concepts.region, type, coordinates), ...tell(() => [])];
  const line = [coordinateItem('INFERRED FROM', concepts.path, type, coordinates)];
  return kind === 'arrow'
    ? [textItem('CONTAINS', concepts.comment, label === '' ? kindNames.arrow : label, line)]
    : tell(() => line);
}

function describeGroup(
  input: MeasurementReportInput,
  measurement: Measurement,
  n: number,
): ContentItem {
  const { kind, label, measurementId } = measurement;
  const isRegion = kind === 'ellipse' || kind === 'rectangle';
  return containerItem(
    concepts.group,
    [
      textItem(
        'HAS OBS CONTEXT',
        concepts.trackingIdentifier,
        label === '' ? `${kindNames[kind]} ${n + 1}` : label,
      ),
      uidItem('HAS OBS CONTEXT', concepts.trackingUid, uidOfUuid(measurementId)),
      ...describeContent(input, measurement),
    ],
    isRegion ? '1410' : '1501', // Planar ROI Measurements; Measurement and Qualitative Evaluation Group
  );
}

/** Images that measurements lie on; of one across the images, all of its phase. */
function listImages(input: MeasurementReportInput): readonly SourceImage[] {
  const images = input.measurements.flatMap((measurement) => {
    const image = imageOf(input, measurement);
    return image === undefined ? (input.phases[measurement.phaseIndex] ?? []) : [image];
  });
  return [...new Set(images)];
}

/** Why a measurement cannot stand in a report; '' where it can. */
export function whyNotReported(input: MeasurementReportInput, measurement: Measurement): string {
  const name = measurement.label === '' ? kindNames[measurement.kind] : `"${measurement.label}"`;
  if (measurement.kind !== 'arrow' && measurement.quantities.length === 0)
    return `${name} reaches beyond the image and has no value: it was left out.`;
  if (imageOf(input, measurement) !== undefined) return '';
  if (input.series.frameOfReferenceUID === '')
    return `${name} lies across the images, which do not say where they lie in the patient: it was left out.`;
  const [a, b, c, d] = pointsOf(measurement);
  if (measurement.kind !== 'ellipse' || a === undefined || b === undefined) return '';
  const [u, v] = [subtract(b, a), subtract(d ?? a, c ?? b)];
  return Math.abs(dot(u, v)) > 1e-3 * length(u) * length(v)
    ? `${name} is an ellipse across slices that are sheared (gantry tilt), which DICOM cannot tell: it was left out.`
    : '';
}

/**
 * A DICOM SR (Part 10) by TID 1500: a group a measurement, its values coded in SNOMED CT and UCUM, its points on the very
 * image (SOP Instance and frame) or, for planes across the images, in the patient (Comprehensive 3D SR). A new instance of
 * a new series in the source's study.
 */
export function encodeMeasurementReport(input: MeasurementReportInput): Uint8Array {
  const { header, measurements, series, now } = input;
  const { date, time } = formatDateTime(now);
  const images = listImages(input);
  const isFlat = measurements.every((each) => imageOf(input, each) !== undefined);
  const { BodyPartExamined: _bodyPart, ...derived } = describeDerivedSeries(
    { ...input, seriesDescription: 'Measurements' },
    'SR',
  );
  const instances = [
    ...new Map(images.map((image) => [image.info.sopInstanceUID, referenceImage(image)])).values(),
  ];
  const { RelationshipType: _root, ...content } = containerItem(
    concepts.report,
    [
      codeItem('HAS CONCEPT MOD', concepts.language, concepts.english),
      codeItem('HAS OBS CONTEXT', concepts.observerType, concepts.person),
      personItem('HAS OBS CONTEXT', concepts.personName, input.observerName),
      codeItem('HAS CONCEPT MOD', concepts.procedureReported, concepts.imagingProcedure),
      containerItem(concepts.imageLibrary, [
        containerItem(
          concepts.imageLibraryGroup,
          images.map((image) => imageItem('CONTAINS', referenceFrame(image))),
        ),
      ]),
      containerItem(
        concepts.measurements,
        measurements.map((each, n) => describeGroup(input, each, n)),
      ),
    ],
    '1500',
  );
  return encodeDicom({
    ...derived,
    SOPClassUID: isFlat ? COMPREHENSIVE_SR : COMPREHENSIVE_3D_SR,
    SOPInstanceUID: createUid(),
    ReferencedPerformedProcedureStepSequence: [],
    PerformedProcedureCodeSequence: [],
    CompletionFlag: 'PARTIAL',
    CompletionFlagDescription: RESEARCH_NOTICE,
    VerificationFlag: 'UNVERIFIED',
    ContentDate: date,
    ContentTime: time,
    CodingSchemeIdentificationSequence: [PRIVATE_SCHEME],
    CurrentRequestedProcedureEvidenceSequence: [
      {
        StudyInstanceUID: header.studyInstanceUID,
        ReferencedSeriesSequence: [
          { ReferencedSOPSequence: instances, SeriesInstanceUID: series.seriesInstanceUID },
        ],
      },
    ],
    ...content,
  });
}
