import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from '@playwright/test';

import type { EngineMethodName, MethodParams, MethodResults } from '../../src/contract/channels.js';
import type { SegmentationId } from '../../src/domain/brand.js';
import { packMask } from '../../src/domain/mask.js';
import type { PackedMask } from '../../src/domain/mask.js';
import { startEngineProcess } from '../../src/main/engineProcess.js';
import { repoRoot } from '../e2e/support/launch.js';
import { writeLargeCt } from '../fixtures/makeSeries.js';
import { record } from './support/results.js';
import type { Measurement } from './support/results.js';

const SIZE = 512;
const SLICES = 300;
const SEGMENTS = 100;
const SLICES_EACH = 30;
const TICK_MS = 10; // of Linux's clock of processes

/** Wobbly balls of some 40 voxels across that do not touch each other, each somewhere along the series. */
function drawSegment(n: number): { readonly sliceIndex: number; readonly region: PackedMask }[] {
  const first = (n * 37) % (SLICES - SLICES_EACH);
  const [x, y] = [60 + 44 * (n % 10), 60 + 44 * Math.floor(n / 10)];
  return Array.from({ length: SLICES_EACH }, (_, at) => {
    const radius = 8 + 9 * Math.sin((Math.PI * (at + 1)) / (SLICES_EACH + 1));
    const data = new Uint8Array(SIZE * SIZE);
    for (let row = y - 21; row <= y + 21; row++)
      for (let column = x - 21; column <= x + 21; column++) {
        const [dx, dy] = [column - x, row - y];
        const wobble = 1 + 0.2 * Math.sin(5 * Math.atan2(dy, dx) + n);
        if (Math.hypot(dx, dy) <= radius * wobble) data[row * SIZE + column] = 1;
      }
    return { sliceIndex: first + at, region: packMask({ width: SIZE, height: SIZE, data }) };
  });
}

/** The engine as main starts it: its own process, called over its channel. */
async function startEngine(dataDir: string) {
  const engine = startEngineProcess({
    nodeFile: path.join(repoRoot, 'node_modules', 'node', 'bin', 'node'),
    engineFile: path.join(repoRoot, 'out', 'main', 'engine.js'),
    env: {
      ...process.env,
      IBIS_DATA_DIR: dataDir,
      IBIS_RESOURCES_DIR: path.join(repoRoot, 'resources'),
    },
    describeMissing: () => null,
    onEvent: () => undefined,
  });
  const call = async <M extends EngineMethodName>(
    method: M,
    params: MethodParams<M>,
  ): Promise<MethodResults[M]> => {
    const reply = await engine.call(method, params);
    if (!reply.ok) throw new Error(reply.error.message);
    return reply.value as MethodResults[M]; // our own engine's reply to this method
  };
  const { engineProcessId } = await call('getAppInfo', {});
  return { call, pid: engineProcessId, stop: () => engine.shutdown() };
}

interface Took {
  readonly wallMs: number;
  readonly spentMs: number;
  readonly peakMiB: number;
}

/** The machine may be shared: beside the time on the wall stands what the process took of the processor (Linux). */
async function timed<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<Took & { readonly value: T }> {
  const spent = (): number => {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The name in parentheses may hold spaces: the fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return TICK_MS * (Number(fields[11]) + Number(fields[12]));
  };
  writeFileSync(`/proc/${String(pid)}/clear_refs`, '5'); // the peak begins anew
  const [spentBefore, begunMs] = [spent(), performance.now()];
  const value = await work();
  const wallMs = performance.now() - begunMs;
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
  const peakMiB = Number(peak?.[1]) / 1024;
  return { wallMs, spentMs: spent() - spentBefore, peakMiB, value };
}

const describe = (name: string, took: Took, targetMs: number, note: string): Measurement[] => [
  {
    ...{ name, value: took.wallMs, unit: 'ms', target: targetMs },
    note: `${took.spentMs.toFixed(0)} ms of processor time${note}`,
  },
  {
    ...{ name: `${name}, peak memory`, value: took.peakMiB, unit: 'MiB', target: 1024 },
    note: 'resident, of the engine',
  },
];

test('a SEG of 100 segments on a 512 x 512 x 300 CT, written and opened by the engine', async () => {
  // Beside the repository and not in /tmp, which may be memory.
  const folder = mkdtempSync(path.join(repoRoot, '.cache', 'bench-seg-'));
  const studyDir = path.join(folder, 'ct');
  mkdirSync(studyDir);
  writeLargeCt(studyDir);
  const { call, pid, stop } = await startEngine(path.join(folder, 'data'));
  const { studies } = await call('openPaths', { paths: [studyDir], jobId: 'open' });
  const seriesId = studies[0]?.series[0]?.seriesId;
  if (seriesId === undefined) throw new Error('the CT was not opened');
  const volume = { seriesId, phaseIndex: 0 };
  const { segmentationId } = await call('createSegmentation', {
    ...{ ...volume, segmentationLabel: 'Bench' },
  });
  for (let n = 0; n < SEGMENTS; n++) {
    await call('addSegment', { segmentationId, segmentLabel: `Organ ${String(n + 1)}` });
    await call('paintSegment', {
      ...{ segmentationId, segmentNumber: n + 1, axis: 'acquired', mode: 'add' },
      ...{ toolLabel: 'Brush', range: null, slices: drawSegment(n) },
    });
  }

  const masksOf = async (id: SegmentationId): Promise<unknown[]> => {
    const all: unknown[] = [];
    for (let sliceIndex = 0; sliceIndex < SLICES; sliceIndex += 10)
      all.push(
        (await call('getSegmentMasks', { segmentationId: id, axis: 'acquired', sliceIndex })).masks,
      );
    return all;
  };
  const drawn = await masksOf(segmentationId);
  const round = async (format: 'seg' | 'labelmap-seg', name: string) => {
    const outDir = path.join(folder, format);
    const asked = { segmentationId, formats: [format], outDir, deidentify: null };
    const written = await timed(pid, () => call('exportSegmentation', asked));
    const file = path.join(outDir, name);
    const opened = await timed(pid, () => call('importSegmentation', { ...volume, path: file }));
    expect(await masksOf(opened.value.segmentation.segmentationId)).toEqual(drawn);
    return { written, opened, sizeMiB: statSync(file).size / 2 ** 20 };
  };
  const binary = await round('seg', 'segmentation.dcm');
  const labelmap = await round('labelmap-seg', 'segmentation-labelmap.dcm');
  await stop();
  rmSync(folder, { recursive: true, force: true });

  const sizeOf = ({ sizeMiB }: typeof binary): string => `; ${sizeMiB.toFixed(0)} MiB`;
  record(
    ...describe('SEG of 100 segments, BINARY, written', binary.written, 10_000, sizeOf(binary)),
    ...describe('SEG of 100 segments, BINARY, opened and stored', binary.opened, 2000, ''),
    ...describe('the same as LABELMAP, written', labelmap.written, 10_000, sizeOf(labelmap)),
    ...describe('the same as LABELMAP, opened and stored', labelmap.opened, 2000, ''),
    {
      name: 'SEG opened, LABELMAP / BINARY',
      value: labelmap.opened.wallMs / binary.opened.wallMs,
      unit: 'times',
    },
  );
});
