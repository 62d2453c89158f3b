import { mkdtempSync, rmSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import path from 'node:path';

import { expect, test } from '@playwright/test';

import type { Vec3 } from '../../src/domain/geometry.js';
import { emptyMask, packMask } from '../../src/domain/mask.js';
import { computeSlicePlane } from '../../src/domain/plane.js';
import type { SliceAxis } from '../../src/domain/plane.js';
import { countVoxels, cutSegmentSlice } from '../../src/domain/segmentSlices.js';
import type { SegmentSlices } from '../../src/domain/segmentation.js';
import { editVoxels } from '../../src/engine/segmentations/editVoxels.js';
import type { FlipRecord } from '../../src/engine/segmentations/editVoxels.js';
import { createLiveSegmentations } from '../../src/engine/segmentations/liveSegmentations.js';
import { noVoxels } from '../../src/engine/segmentations/state.js';
import { computeSegmentStatistics } from '../../src/engine/segmentations/statistics.js';
import { computeStroke, liftMasks } from '../../src/engine/segmentations/strokes.js';
import { closeStore, createStoredSegmentation } from '../../src/engine/store/index.js';
import { newSession, mustOpen } from '../contract/store/sampleSession.js';
import { sampleSegment } from '../contract/store/sampleSegmentation.js';
import { repoRoot } from '../e2e/support/launch.js';
import { axialGrid } from '../fixtures/axialGrid.js';
import { median, quantile, record } from './support/results.js';
import type { Measurement } from './support/results.js';

const dimensions: Vec3 = [512, 512, 300];
const STROKES = 60;
const geometry = axialGrid(dimensions, { spacingMm: [0.7, 0.7, 1] });

/** The machine may be shared: beside the time on the wall stands what this process itself took of the processor. */
interface Took {
  readonly wallMs: number;
  readonly spentMs: number;
}

function timed(work: () => unknown): Took {
  const [before, begunMs] = [process.cpuUsage(), performance.now()];
  work();
  const wallMs = performance.now() - begunMs;
  const { user, system } = process.cpuUsage(before);
  return { wallMs, spentMs: (user + system) / 1000 };
}

const measurement = (
  name: string,
  took: readonly Took[],
  pick: (values: readonly number[]) => number,
  target?: number,
): Measurement => ({
  name,
  value: pick(took.map(({ wallMs }) => wallMs)),
  unit: 'ms',
  ...(target === undefined ? {} : { target }),
  note: `${pick(took.map(({ spentMs }) => spentMs)).toFixed(1)} ms of processor time`,
});

const medianSpent = (took: readonly Took[]): number => median(took.map(({ spentMs }) => spentMs));

/** An ellipsoid with a wobbly outline: no row is like the next. */
function drawOrgan(centre: Vec3, radii: Vec3): SegmentSlices {
  const slices = new Map<number, ReturnType<typeof packMask>>();
  for (let k = 0; k < dimensions[2]; k++) {
    const z = (k - centre[2]) / radii[2];
    if (Math.abs(z) >= 1) continue;
    const mask = emptyMask(512, 512);
    for (let j = 0; j < 512; j++) {
      const y = (j - centre[1]) / radii[1];
      const room = 1 - y * y - z * z;
      if (room <= 0) continue;
      const half = radii[0] * Math.sqrt(room);
      const wobble = (j * 7 + k * 13) % 9;
      const from = Math.max(0, Math.round(centre[0] - half + wobble));
      mask.data.fill(
        1,
        j * 512 + from,
        j * 512 + Math.min(511, Math.round(centre[0] + half - wobble)),
      );
    }
    const packed = packMask(mask);
    if (packed.bounds !== null) slices.set(k, packed);
  }
  return slices;
}

test('acts on a segmentation of 512 x 512 x 300 voxels, stored and taken back', async () => {
  // Beside the repository and not in /tmp, which may be memory.
  const folder = mkdtempSync(path.join(repoRoot, '.cache', 'bench-undo-'));
  const store = mustOpen(folder);
  const live = createLiveSegmentations({ store, emit: () => undefined });
  const organ = drawOrgan([200, 256, 150], [150, 170, 149]);
  const { identity } = createStoredSegmentation(store, {
    ...newSession({ key: 'bench' }),
    phaseIndex: 0,
    geometry,
    state: {
      header: {
        segmentationLabel: 'Abdomen',
        overlap: 'overwrite-all',
        segments: Array.from({ length: 20 }, (_, n) => sampleSegment(n + 1, `Organ ${n + 1}`)),
      },
      voxels: new Map([
        [1, organ],
        [2, drawOrgan([430, 256, 150], [70, 120, 100])],
      ]),
    },
    actLabel: 'New',
  });
  const { segmentationId } = identity;
  live.get(segmentationId);

  const edit = (segmentNumber: number, label: string, region: SegmentSlices): void => {
    live.act(segmentationId, { kind: 'edit', label }, ({ state }) => {
      const before = state.voxels.get(segmentNumber) ?? noVoxels;
      const changedSlices = computeStroke(before, region, 'add');
      const flips: FlipRecord = new Map();
      const wanted = { segmentNumber, changedSlices, source: 'manual' } as const;
      return { state: editVoxels(state, wanted, flips), flips };
    });
  };
  const step = (direction: 'undo' | 'redo'): Took =>
    timed(() => {
      expect(live.step(segmentationId, direction)).not.toBeNull();
    });

  // Strokes that overwrite a neighbour, on slices as stored and across all of them.
  const strokes: Took[] = [];
  for (let n = 0; n < STROKES; n++) {
    const axis: SliceAxis = n % 2 === 0 ? 'axial' : 'coronal';
    const plane = computeSlicePlane(geometry, axis);
    const mask = emptyMask(plane.width, plane.height);
    for (let row = 100 + n; row < 160 + n; row++)
      mask.data.fill(1, row * plane.width + 180 + n, row * plane.width + 380 + n);
    const region = packMask(mask);
    strokes.push(
      timed(() => {
        edit(3, `Brush ${n}`, liftMasks(geometry, axis, [{ sliceIndex: 80 + n, region }]));
      }),
    );
  }
  const undone = Array.from({ length: STROKES }, () => step('undo'));
  const redone = Array.from({ length: STROKES }, () => step('redo'));

  // The same with nothing at hand, as after a restart: what the acts changed is read from the database.
  const restarted = createLiveSegmentations({ store, emit: () => undefined });
  restarted.get(segmentationId);
  const readBack = Array.from({ length: STROKES }, () =>
    timed(() => {
      expect(restarted.step(segmentationId, 'undo')).not.toBeNull();
    }),
  );
  while (restarted.step(segmentationId, 'redo') !== null);
  live.forget(segmentationId);

  // A tool that redraws an organ through the whole volume, over its neighbours.
  const grown = drawOrgan([230, 256, 150], [180, 180, 149]);
  const whole = timed(() => {
    edit(4, 'Grow', grown);
  });
  const wholeUndone = Array.from({ length: 5 }, () => {
    const took = step('undo');
    step('redo');
    return took;
  });

  const slices = live.get(segmentationId).state.voxels.get(4) ?? noVoxels;
  const cut = Array.from({ length: 30 }, (_, n) =>
    timed(() => cutSegmentSlice(slices, computeSlicePlane(geometry, 'sagittal'), 100 + n)),
  );
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const begunMs = performance.now();
  const { voxelCount } = await computeSegmentStatistics({
    segmentNumber: 4,
    slices,
    geometry,
    isCalibrated: true,
    volume: {
      geometry,
      samplesPerPixel: 1,
      data: new Int16Array(512 * 512 * 300),
      photometric: 'MONOCHROME2',
      window: null,
      paddingRange: null,
    },
    unit: 'HU',
  });
  const statisticsMs = performance.now() - begunMs;
  delay.disable();
  expect(voxelCount).toBe(countVoxels(slices));
  closeStore(store);
  rmSync(folder, { recursive: true, force: true });
  const million = `${(voxelCount / 1e6).toFixed(0)} million voxels`;
  record(
    measurement('undo a stroke, 512 x 512 x 300, median', undone, median, 50),
    measurement('undo a stroke, p95', undone, (values) => quantile(values, 0.95), 50),
    measurement('redo a stroke, median', redone, median, 50),
    measurement('undo a stroke after a restart, median', readBack, median, 50),
    {
      name: 'undo a stroke, read from the database / at hand',
      value: medianSpent(readBack) / medianSpent(undone),
      unit: 'times',
      note: 'processor time',
    },
    measurement('store a stroke, median', strokes, median, 50),
    measurement(`undo an edit of ${slices.size} slices, median`, wholeUndone, median, 50),
    measurement(`store an edit of ${slices.size} slices, ${million}`, [whole], median),
    measurement('cut a slice across a segment, median', cut, median),
    { name: `statistics of ${million}`, value: statisticsMs, unit: 'ms' },
    {
      name: 'longest pause of the engine meanwhile',
      value: delay.max / 1e6,
      unit: 'ms',
      target: 50,
    },
  );
});
