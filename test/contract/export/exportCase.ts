import { mkdtempSync } from 'node:fs';
import path from 'node:path';

import type { ModelId, SeriesId, SessionId } from '../../../src/domain/brand.js';
import { voxelToWorld } from '../../../src/domain/geometry.js';
import { emptyMask, packMask } from '../../../src/domain/mask.js';
import type { Mask } from '../../../src/domain/mask.js';
import { computeSlicePlane, imageToVoxel } from '../../../src/domain/plane.js';
import type { SliceAxis } from '../../../src/domain/plane.js';
import { extractSlice } from '../../../src/domain/slice.js';
import { noPrompts } from '../../../src/domain/prompts.js';
import type { Click, Prompts } from '../../../src/domain/prompts.js';
import type { SegmentationSession, Step } from '../../../src/domain/session.js';
import { createLibrary, openPaths } from '../../../src/engine/dicom/index.js';
import type { Library } from '../../../src/engine/dicom/index.js';
import type { ExportInput, ExportSource } from '../../../src/engine/export/index.js';

interface Cut {
  readonly axis: SliceAxis;
  readonly sliceIndex?: number;
}

/** Opens a folder or file with the engine's own library and cuts its only (or largest) grid along `axis`. */
async function withSource<T>(
  from: string,
  cut: Cut,
  workDir: string,
  use: (source: ExportSource, library: Library, seriesId: SeriesId) => T | Promise<T>,
): Promise<T> {
  const library = createLibrary({ cacheDir: mkdtempSync(path.join(workDir, 'cache-')) });
  try {
    const { studies } = await openPaths([from], { library });
    const largest = studies
      .flatMap((study) => study.series)
      .toSorted((a, b) => b.imageCount - a.imageCount)[0];
    const series = largest === undefined ? null : library.getSeries(largest.seriesId);
    const volume = series?.volumes[0];
    if (series === null || volume?.geometry == null) throw new Error(`no grid in ${from}`);
    const plane = computeSlicePlane(volume.geometry, cut.axis);
    const instances = library.getInstances(series.seriesId, 0);
    const source: ExportSource = {
      kind: series.sourceKind,
      geometry: volume.geometry,
      images: volume.images.map((info, k) => ({
        info,
        file: instances[k]?.file ?? '',
        frameCount: instances[k]?.frameCount ?? 1,
      })),
      plane,
      sliceIndex: cut.sliceIndex ?? Math.floor(plane.sliceCount / 2),
    };
    return await use(source, library, series.seriesId);
  } finally {
    await library.close();
  }
}

export const openSource = (from: string, cut: Cut, workDir: string): Promise<ExportSource> =>
  withSource(from, cut, workDir, (source) => source);

/** The source and a mask of its slice's pixels above 500, found on the slice as the agent sees it. */
export const openBrightMask = (
  from: string,
  cut: Cut,
  workDir: string,
): Promise<{ readonly source: ExportSource; readonly mask: Mask }> =>
  withSource(from, cut, workDir, async (source, library, seriesId) => {
    const volume = await library.loadVolume(seriesId, 0);
    if (!volume.ok) throw new Error(volume.error.message);
    const slice = extractSlice(volume.value, source.plane, source.sliceIndex);
    const data = Uint8Array.from(slice.values, (value) => (value > 500 ? 1 : 0));
    return { source, mask: { width: slice.width, height: slice.height, data } };
  });

/** A lopsided figure: no flip, transposition or shift leaves it or its centroid as it is. */
export function lopsidedMask({ plane }: ExportSource): Mask {
  const mask = emptyMask(plane.width, plane.height);
  const set = (column: number, row: number): void => {
    if (column < plane.width && row < plane.height) mask.data[row * plane.width + column] = 1;
  };
  for (let n = 0; n < plane.width * 0.6; n++) set(n + 1, 1);
  for (let n = 0; n < plane.height * 0.4; n++) set(1, n + 1);
  set(plane.width - 1, Math.floor(plane.height * 0.7));
  return mask;
}

export const centroidOf = ({ geometry, plane, sliceIndex }: ExportSource, mask: Mask): number[] => {
  const points = [...mask.data].flatMap((value, p) => {
    if (value !== 1) return [];
    const point = { column: p % mask.width, row: Math.floor(p / mask.width) };
    return [voxelToWorld(geometry, imageToVoxel(plane, sliceIndex, point))];
  });
  return (['x', 'y', 'z'] as const).map(
    (axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length,
  );
};

export const userClick: Click = {
  index: 0,
  label: 'include',
  placedBy: 'user',
  normalised: { x: 0.25, y: 0.5 },
  voxel: { i: 4, j: 5, k: 6 },
  world: { x: 1.5, y: -2.5, z: 3.5 },
};
export const policyClick: Click = { ...userClick, placedBy: 'policy' };

export function stepOf(
  action: Step['action'],
  mask: Mask | null,
  stepIndex = 0,
  prompts: Prompts = noPrompts,
): Step {
  return {
    stepIndex,
    followsStepIndex: stepIndex === 0 ? null : stepIndex - 1,
    policyText: action.kind === 'click' ? '<think>ü</think><answer>…</answer>' : '',
    reasoning: 'ü',
    action,
    prompts,
    mask: mask === null ? null : packMask(mask),
    score: 0.9,
    elapsedMs: 10,
    policyMs: 7,
    segmenterMs: 3,
    undone: false,
  };
}

/** What the engine hands to the exporter after one click of the policy made `mask`. */
export function exportInput(
  source: ExportSource,
  mask: Mask,
  override: Partial<ExportInput> & { readonly prompt?: string } = {},
): ExportInput {
  const { prompt = 'Segment the left hippocampus.', ...rest } = override;
  const steps = rest.steps ?? [
    { step: { ...stepOf({ kind: 'click', click: policyClick }, mask), followsStepIndex: null } },
  ];
  const session: SegmentationSession = {
    sessionId: 'session-1' as SessionId,
    settings: {
      seriesId: 'series-1' as SeriesId,
      seriesInstanceUID: '1.2.3',
      phaseIndex: 0,
      axis: source.plane.axis,
      sliceIndex: source.sliceIndex,
      window: { centre: 40, width: 400 },
      target: { text: prompt },
      policyId: 'ibis-nano' as ModelId,
      segmenterId: 'minisam' as ModelId,
      maxSteps: 20,
      parseRetries: 1,
      seed: 7,
    },
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:01.000Z',
    runState: 'stopped',
    stopReason: 'policy-stop',
    answer: 'Done.',
    failure: null,
    decision: 'accepted',
    steps: steps.map(({ step }) => step),
    ...noPrompts,
    clicks: [policyClick],
  };
  const { width, height } = source.plane;
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, p) => (p * 31) % 256);
  return {
    session,
    steps,
    models: [{ role: 'policy', modelId: 'ibis-nano', files: { 'decoder.onnx': 'ab'.repeat(32) } }],
    reviews: [],
    source,
    slice: { width, height, rgb },
    renderObservation: (seen) => ({
      width,
      height,
      channels: 3,
      // The mask seen is readable from the picture: red where it is.
      data: Uint8Array.from(rgb, (value, p) =>
        p % 3 === 0 ? (seen?.data[Math.floor(p / 3)] ?? 0) * 255 : value,
      ),
    }),
    software: { name: 'Ibis', version: '0.1.0' },
    now: new Date(2026, 0, 2, 3, 4, 5),
    ...rest,
  };
}
