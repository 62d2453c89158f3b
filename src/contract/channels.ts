import { z } from 'zod';

import type { SeriesId, SessionId, StudyId } from '../domain/brand.js';
import type { PackedMask } from '../domain/mask.js';
import { MAX_SCRIBBLE_POINTS } from '../domain/prompts.js';
import { editTools } from '../domain/session.js';
import type {
  Decision,
  RunState,
  SegmentationSession,
  SessionSummary,
  Step,
  StopReason,
} from '../domain/session.js';
import type {
  DerivedFile,
  IntensityWindow,
  Refusal,
  Series,
  StudySummary,
} from '../domain/study.js';
import { batchMethods } from './batchChannels.js';
import type { BatchEvent, BatchMethodResults } from './batchChannels.js';
import { deidentificationMethods, deidentifySchema } from './deidentification.js';
import type { DeidentificationResults } from './deidentification.js';
import type { IbisErrorShape } from './errors.js';
import { exportFormats } from './exportFormats.js';
import type { PolicyTarget } from './manifest.js';
import { measurementMethods } from './measurementChannels.js';
import type { MeasurementEvent, MeasurementMethodResults } from './measurementChannels.js';
import { packedMaskSchema } from './packedMask.js';
import { propagationMethods } from './propagationChannels.js';
import type { PropagationMethodResults, SlicePropagated } from './propagationChannels.js';
import { reviewMethods } from './reviewChannels.js';
import type { ReviewMethodResults } from './reviewChannels.js';
import { segmentationMethods } from './segmentationChannels.js';
import type { SegmentationEvent, SegmentationMethodResults } from './segmentationChannels.js';
import { segmentationFileMethods } from './segmentationFileChannels.js';
import type { SegmentationFileResults } from './segmentationFileChannels.js';
import { sessionFileMethods } from './sessionFileChannels.js';
import type { SessionFileResults } from './sessionFileChannels.js';
import { segmentToolMethods } from './segmentTools.js';
import type { SegmentToolResults } from './segmentTools.js';
import { surfaceMethods } from './surfaceChannels.js';
import type { SurfaceMethodResults } from './surfaceChannels.js';

/**
 * The channel table: every method that the renderer may call, with the shape of its parameters. Preload's
 * `window.ibis`, main's relay and the engine's dispatcher are all derived from it. Results are typed here
 * and trusted: they come from our own engine.
 */
const seriesId = z.string().transform((id) => id as SeriesId); // branding at the edge
const sessionId = z.string().transform((id) => id as SessionId); // branding at the edge
const studyId = z.string().transform((id) => id as StudyId); // branding at the edge
const window = z.object({ centre: z.number(), width: z.number().positive() });
const axis = z.enum(['acquired', 'axial', 'coronal', 'sagittal']);
const normalisedPoint = z.object({ x: z.number().min(0).max(1), y: z.number().min(0).max(1) });
const nothing = z.object({});

export { exportFormats };
export type { ExportFormat } from './exportFormats.js';

/** Answered by main itself: they need Electron. */
export const mainMethods = {
  /** Native dialog; [] when dismissed. */
  pickFiles: z.object({ kind: z.enum(['files', 'folder']) }),
  pickExportFolder: nothing,
  revealInFolder: z.object({ path: z.string() }),
  /** Onto the clipboard: the page itself has no permission at all. */
  copyText: z.object({ text: z.string().max(1_000_000) }),
  restartEngine: nothing,
  getEngineState: nothing,
} as const;

/** Relayed to the engine. */
export const engineMethods = {
  getAppInfo: nothing,
  /** Opens paths; progress and cancel through `jobId`. */
  openPaths: z.object({ paths: z.array(z.string()).min(1), jobId: z.string() }),
  openDemoStudy: nothing,
  cancelJob: z.object({ jobId: z.string() }),
  listStudies: nothing,
  getSeries: z.object({ seriesId }),
  /** The window that the engine takes where the files name none; null: each image has its own. */
  computeWindow: z.object({ seriesId, phaseIndex: z.number().int().nonnegative() }),
  closeStudy: z.object({ studyId }),
  listModels: nothing,
  /** Warns before Run of a request outside the policy's training. */
  checkRequest: z.object({ policyId: z.string(), text: z.string() }),
  /** Tells the engine what is on screen, so that it encodes the slice and its neighbours while idle. */
  noteShownSlice: z.object({
    seriesId,
    phaseIndex: z.number().int().nonnegative(),
    axis,
    sliceIndex: z.number().int().nonnegative(),
    window: window.nullable(),
    segmenterId: z.string(),
  }),
  /** Window null: the file's VOI, else 1st to 99th percentile. */
  startSession: z.object({
    seriesId,
    phaseIndex: z.number().int().nonnegative(),
    axis,
    sliceIndex: z.number().int().nonnegative(),
    window: window.nullable(),
    prompt: z.string().max(2000),
    policyId: z.string(),
    segmenterId: z.string(),
    maxSteps: z.number().int().min(1).max(100).default(20),
  }),
  /** Runs until the policy stops; resolves at once, the rest comes as events. */
  runSession: z.object({ sessionId }),
  /** One policy step, then paused. */
  stepSession: z.object({ sessionId }),
  pauseSession: z.object({ sessionId }),
  /** Ends the run within one token; the session stays and can be run again. */
  cancelSession: z.object({ sessionId }),
  addClick: z.object({
    sessionId,
    label: z.enum(['include', 'exclude']),
    normalised: normalisedPoint,
  }),
  removeClick: z.object({ sessionId, clickIndex: z.number().int().nonnegative() }),
  /** In place of the box before. */
  setBox: z
    .object({ sessionId, topLeft: normalisedPoint, bottomRight: normalisedPoint })
    .refine(({ topLeft, bottomRight }) => topLeft.x < bottomRight.x && topLeft.y < bottomRight.y),
  removeBox: z.object({ sessionId }),
  addScribble: z.object({
    sessionId,
    label: z.enum(['include', 'exclude']),
    points: z.array(normalisedPoint).min(1).max(MAX_SCRIBBLE_POINTS),
  }),
  /** By the step that drew it. */
  removeScribble: z.object({ sessionId, stepIndex: z.number().int().nonnegative() }),
  /** One stroke over the mask in force; `region` is what it covers. One that changes nothing makes no step. */
  editMask: z.object({ sessionId, tool: z.enum(editTools), region: packedMaskSchema }),
  undoStep: z.object({ sessionId }),
  /**
   * Puts the way to a step in force (null: the beginning): what was undone is done again, and any step can be gone on
   * from. Steps that are not on the way stay as branches. Pauses a run.
   */
  goToStep: z.object({ sessionId, stepIndex: z.number().int().nonnegative().nullable() }),
  /** The user's hand is on the image: a run drops its turn and waits until the hand acts or lets go. */
  holdRun: z.object({ sessionId, isDrawing: z.boolean() }),
  decideSession: z.object({ sessionId, decision: z.enum(['accepted', 'rejected', 'edited']) }),
  getSession: z.object({ sessionId }),
  /** Opens a stored session's study again where it is not open, so that its steps can be shown on the image. */
  reopenSession: z.object({ sessionId }),
  /**
   * An export that lies in `outDir` already is left alone (the new one goes into a folder beside it), unless
   * `replace` says otherwise.
   */
  exportSession: z.object({
    sessionId,
    formats: z.array(z.enum(exportFormats)).min(1),
    outDir: z.string(),
    replace: z.boolean().default(false),
    deidentify: deidentifySchema,
  }),
  ...segmentationMethods,
  ...segmentationFileMethods,
  ...deidentificationMethods,
  ...sessionFileMethods,
  ...segmentToolMethods,
  ...measurementMethods,
  ...propagationMethods,
  ...surfaceMethods,
  ...reviewMethods,
  ...batchMethods,
} as const;

export interface ModelStatus {
  readonly id: string;
  readonly role: 'policy' | 'segmenter';
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly source: string;
  readonly targets: readonly PolicyTarget[];
  /** Null when it may be used; else why not. */
  readonly problem: IbisErrorShape | null;
}

export interface ProviderStatus {
  readonly available: readonly string[]; // as onnxruntime-node lists them
  readonly used: string; // 'cpu', 'webgpu', ...
  /** Why the preferred one is not used; '' when it is. */
  readonly note: string;
}

export interface AppInfo {
  readonly version: string;
  readonly nodeVersion: string;
  readonly engineProcessId: number;
  readonly dataDir: string;
  /** As the operating system knows them; '' where it does not say. */
  readonly userName: string;
  readonly provider: ProviderStatus;
  /** Sessions that were running when the app last ended. */
  readonly interruptedSessions: readonly SessionSummary[];
  readonly demoStudy: { readonly available: boolean; readonly prompt: string };
}

export type EngineState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'stopped'; readonly reason: string };

export interface OpenPathsResult {
  readonly studies: readonly StudySummary[];
  readonly refused: readonly Refusal[];
  /** Segmentations and reports among the files: nothing of them is stored before they are imported. */
  readonly derived: readonly DerivedFile[];
  readonly cancelled: boolean;
}

export interface RequestCheck {
  readonly known: boolean;
  /** The target it is taken for, or null. */
  readonly targetName: string | null;
  readonly warning: string; // '' when known
}

export interface ExportResult {
  readonly files: readonly string[];
  /** Sentences: 'The mask is empty: no SEG was written.' */
  readonly notes: readonly string[];
}

/** Results, by method. */
export interface MethodResults
  extends
    SegmentationMethodResults,
    SegmentationFileResults,
    DeidentificationResults,
    SegmentToolResults,
    SessionFileResults,
    MeasurementMethodResults,
    PropagationMethodResults,
    SurfaceMethodResults,
    ReviewMethodResults,
    BatchMethodResults {
  pickFiles: readonly string[];
  pickExportFolder: string | null;
  revealInFolder: null;
  copyText: null;
  restartEngine: null;
  getEngineState: EngineState;
  getAppInfo: AppInfo;
  openPaths: OpenPathsResult;
  openDemoStudy: OpenPathsResult & {
    readonly seriesId: SeriesId | null;
    readonly prompt: string;
    readonly axis: 'axial' | 'coronal' | 'sagittal';
    readonly sliceIndex: number;
  };
  cancelJob: null;
  listStudies: readonly StudySummary[];
  getSeries: Series;
  computeWindow: IntensityWindow | null;
  closeStudy: null;
  listModels: readonly ModelStatus[];
  checkRequest: RequestCheck;
  noteShownSlice: null;
  startSession: SegmentationSession;
  runSession: null;
  stepSession: null;
  pauseSession: null;
  cancelSession: null;
  addClick: SegmentationSession;
  removeClick: SegmentationSession;
  setBox: SegmentationSession;
  removeBox: SegmentationSession;
  addScribble: SegmentationSession;
  removeScribble: SegmentationSession;
  editMask: SegmentationSession;
  undoStep: SegmentationSession;
  goToStep: SegmentationSession;
  holdRun: null;
  decideSession: SegmentationSession;
  getSession: SegmentationSession;
  reopenSession: Series;
  exportSession: ExportResult;
}

/** Facts that the engine (and main, for engineState) announces. */
export type IbisEvent =
  | { readonly kind: 'engineStateChanged'; readonly state: EngineState }
  | {
      readonly kind: 'jobProgressed';
      readonly jobId: string;
      readonly label: string;
      readonly done: number;
      readonly total: number | null;
    }
  | {
      readonly kind: 'policyTextGrew';
      readonly sessionId: SessionId;
      readonly stepIndex: number;
      readonly text: string;
    }
  | { readonly kind: 'stepSaved'; readonly sessionId: SessionId; readonly step: Step }
  | {
      readonly kind: 'sessionChanged';
      readonly sessionId: SessionId;
      readonly runState: RunState;
      readonly stopReason: StopReason | null;
      readonly answer: string | null;
      readonly failure: string | null;
      readonly decision: Decision | null;
      readonly mask: PackedMask | null;
    }
  | {
      readonly kind: 'runHeld';
      readonly sessionId: SessionId;
      /** Why the run waits before its next turn; null: it does not. */
      readonly reason: 'drawing' | 'acting' | 'going-on' | null;
    }
  | { readonly kind: 'providerNoted'; readonly provider: ProviderStatus }
  | SlicePropagated
  | SegmentationEvent
  | MeasurementEvent
  | BatchEvent;

export const allMethods = { ...mainMethods, ...engineMethods };
export type MethodName = keyof typeof allMethods;
export type EngineMethodName = keyof typeof engineMethods;
export type MainMethodName = keyof typeof mainMethods;
export type MethodParams<M extends MethodName> = z.input<(typeof allMethods)[M]>;
export type ParsedParams<M extends MethodName> = z.output<(typeof allMethods)[M]>;

export type Reply<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: IbisErrorShape };

/** `window.ibis`. */
export interface IbisApi {
  invoke<M extends MethodName>(
    method: M,
    params: MethodParams<M>,
  ): Promise<Reply<MethodResults[M]>>;
  onEvent(listener: (event: IbisEvent) => void): () => void;
  /** Path of a dropped file (Electron's webUtils); '' when it has none. */
  pathOfFile(file: File): string;
  readonly platform: string;
}
