/** Turns a session into files that other programs read. */
import type { ExportFormat, ExportResult } from '../../contract/channels.js';
import { countMaskPixels, emptyMask, packMask, unpackMask } from '../../domain/mask.js';
import type { Mask } from '../../domain/mask.js';
import { IBIS_OVERLAY } from '../../domain/overlay.js';
import { describeOrientation } from '../../domain/plane.js';
import type { ByteImage } from '../../domain/resize.js';
import { assertNever } from '../../domain/result.js';
import { getMaskInForce, isUserAct } from '../../domain/session.js';
import type { Review } from '../../domain/review.js';
import type { SegmentationSession } from '../../domain/session.js';
import type { Deidentifier } from '../deidentify/index.js';
import { encodeBinarySeg } from './dicomSeg.js';
import { formatColour } from './displayColour.js';
import type { MadeFile } from './madeFile.js';
import { computeMaskFrames } from './maskFrames.js';
import { encodeNiftiMask } from './nifti.js';
import { encodeOverlayPicture, encodeRgbPng } from './overlayPicture.js';
import type { SegAlgorithm } from './segDataset.js';
import { describeSegment } from './segmentCodes.js';
import { readSourceHeader } from './sourceHeader.js';
import { describeTrace, getMaskSeen, observationPath } from './traceLines.js';
import type { TracedModel, TracedStep } from './traceLines.js';
import { makeTrainingForm } from './trainingForms.js';
import type { Prompting } from './trainingForms.js';
import type { ExportSource, Software } from './types.js';
import { sessionWithoutIdentity, warnOfPixels } from './withoutIdentity.js';
import { writeFormats } from './writeFormats.js';

export { RESEARCH_NOTICE } from './types.js';
export type { ExportSource, Software, SourceImage } from './types.js';
export type { TracedModel, TracedStep } from './traceLines.js';

export interface ExportInput {
  readonly session: SegmentationSession;
  /** Every step, undone ones too; the store's `loadStepRecords` gives them. */
  readonly steps: readonly TracedStep[];
  readonly models: readonly TracedModel[];
  readonly reviews: readonly Review[];
  readonly source: ExportSource;
  /** The windowed slice, uint8 [height, width, 3], for the overlay. */
  readonly slice: { readonly width: number; readonly height: number; readonly rgb: Uint8Array };
  /** Draws what the policy was given when this mask was on the slice; RGB. */
  readonly renderObservation: (maskSeen: Mask | null) => ByteImage;
  /** How the policy was asked, for training data; undefined where it is not installed. */
  readonly prompting?: Prompting;
  readonly software: Software;
  readonly contentCreatorName?: string; // as DICOM writes names: 'Doe^Jane'
  readonly now: Date;
  /** Takes the patient's identity out of all that is written. */
  readonly deidentifier?: Deidentifier;
}

/** The mask in force at the end; empty where there is none. */
function getFinalMask({ steps, source }: ExportInput): Mask {
  const packed = getMaskInForce(steps.map(({ step }) => step));
  return packed === null ? emptyMask(source.plane.width, source.plane.height) : unpackMask(packed);
}

function describeAlgorithm({ session, steps }: ExportInput): SegAlgorithm {
  const { policyId, segmenterId } = session.settings;
  const inForce = steps.filter(({ step }) => !step.undone);
  const byUser = inForce.map(({ step }) => isUserAct(step.action));
  const byPolicy = byUser.includes(false);
  // Strokes alone: no model had a part in it.
  if (inForce.every(({ step }) => step.action.kind === 'edit')) return { algorithmType: 'MANUAL' };
  return {
    algorithmType: byUser.includes(true) ? 'SEMIAUTOMATIC' : 'AUTOMATIC',
    algorithmName: byPolicy ? `${policyId} + ${segmenterId}` : segmenterId,
  };
}

/** As the overlay. */
const MASK_COLOUR = formatColour(IBIS_OVERLAY.rgb);

/** Part 10 bytes, or the sentence that says why there is no SEG. */
function makeSeg(input: ExportInput, frames: ReadonlyMap<number, Uint8Array>): MadeFile | string {
  const { source, session } = input;
  if (source.kind !== 'dicom') return 'The images are not DICOM: no DICOM SEG was written.';
  const firstIndex = [...frames.keys()][0];
  if (firstIndex === undefined) return 'The mask is empty: no DICOM SEG was written.';
  const first = source.images[firstIndex];
  if (first === undefined) throw new Error('the mask lies outside the source images');
  const [width, height] = source.geometry.dimensions;
  const bytes = encodeBinarySeg({
    source,
    header: readSourceHeader(first.file),
    segments: [
      {
        ...describeSegment(session.settings.target.text),
        segmentNumber: 1,
        description: session.settings.target.text,
        colour: MASK_COLOUR,
        algorithm: describeAlgorithm(input),
        slices: new Map([...frames].map(([k, data]) => [k, packMask({ width, height, data })])),
      },
    ],
    seriesDescription: 'Ibis segmentation - research use only',
    software: input.software,
    contentCreatorName: input.contentCreatorName ?? 'Ibis^Agent',
    now: input.now,
  });
  return { name: 'seg.dcm', bytes };
}

function makeTrace(input: ExportInput): MadeFile[] {
  const { session, steps, models, reviews, software, source } = input;
  const orientation = describeOrientation(source.plane);
  const lines = describeTrace(session, steps, models, reviews, software, orientation);
  const images = steps.map((traced) => {
    const packed = getMaskSeen(steps, traced);
    const image = input.renderObservation(packed === null ? null : unpackMask(packed));
    return {
      name: observationPath(traced.step.stepIndex),
      bytes: encodeRgbPng(image.width, image.height, image.data),
    };
  });
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  // Images first: a trace that is there has all that it names.
  return [...images, { name: 'trace.jsonl', bytes: text }];
}

async function makeFiles(
  input: ExportInput,
  format: ExportFormat,
): Promise<readonly (MadeFile | string)[]> {
  const { source, session } = input;
  const mask = getFinalMask(input);
  switch (format) {
    case 'seg':
      return [makeSeg(input, computeMaskFrames(source, mask))];
    case 'nifti': {
      const { label } = describeSegment(session.settings.target.text);
      const bytes = await encodeNiftiMask(source.geometry, computeMaskFrames(source, mask), label);
      const name = 'mask.nii.gz';
      return countMaskPixels(mask) === 0
        ? [{ name, bytes }, 'The mask is empty: the NIfTI file holds zeros only.']
        : [{ name, bytes }];
    }
    case 'trace':
      return makeTrace(input);
    case 'overlay': {
      const { pixelSpacingMm } = source.plane;
      const picture = { ...input.slice, pixelSpacingMm };
      const bytes = encodeOverlayPicture(picture, mask, session);
      return [{ name: 'overlay.png', bytes }];
    }
    case 'sharegpt':
    case 'trl':
    case 'verl':
      return makeTrainingForm(input, format);
    default:
      return assertNever(format);
  }
}

/**
 * Writes the wanted formats into `outDir` (made if missing, files of the same name replaced): `seg.dcm`,
 * `mask.nii.gz`, `trace.jsonl` with `trace_images/`, `overlay.png`, training data in `llamafactory/`, `trl/`, `verl/`.
 * Rejects with IbisError where it cannot write or where a source file is gone or damaged.
 */
export async function exportSession(
  whole: ExportInput,
  formats: readonly ExportFormat[],
  outDir: string,
): Promise<ExportResult> {
  const { deidentifier } = whole;
  const input = deidentifier === undefined ? whole : sessionWithoutIdentity(whole, deidentifier);
  const warning = deidentifier === undefined ? null : warnOfPixels(input.source);
  const isShown = formats.some((format) => format === 'trace' || format === 'overlay');
  const { files, notes } = await writeFormats(formats, (format) => makeFiles(input, format), {
    folder: outDir,
    deidentifier,
  });
  return { files, notes: warning !== null && isShown ? [warning, ...notes] : notes };
}
