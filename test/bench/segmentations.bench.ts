import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from '@playwright/test';

import { packMask } from '../../src/domain/mask.js';
import type { Segment, SegmentSlices } from '../../src/domain/segmentation.js';
import { encodeBinarySeg } from '../../src/engine/export/dicomSeg.js';
import { numberFromOne, toSegSegments } from '../../src/engine/export/segSegments.js';
import { readSourceHeader } from '../../src/engine/export/sourceHeader.js';
import { parseDicomFile, readDicomSeg } from '../../src/engine/import/dicomSeg.js';
import { newSegment } from '../../src/engine/import/newSegment.js';
import { openSource } from '../contract/export/exportCase.js';
import { repoRoot } from '../e2e/support/launch.js';
import { writeLargeCt } from '../fixtures/makeSeries.js';
import { record } from './support/results.js';

const SIZE = 512;
const SLICES = 300;
const SEGMENTS = 100;
const SLICES_EACH = 30;

/** A wobbly ball of about 60 voxels across, somewhere in the volume. */
function drawSegment(n: number): { readonly segment: Segment; readonly slices: SegmentSlices } {
  const first = (n * 37) % (SLICES - SLICES_EACH);
  const [x, y] = [60 + ((n * 97) % 390), 60 + ((n * 61) % 390)];
  const slices = Array.from({ length: SLICES_EACH }, (_, at) => {
    const radius = 15 + 15 * Math.sin((Math.PI * (at + 1)) / (SLICES_EACH + 1));
    const data = new Uint8Array(SIZE * SIZE);
    for (let row = y - 40; row <= y + 40; row++)
      for (let column = x - 40; column <= x + 40; column++) {
        const [dx, dy] = [column - x, row - y];
        const wobble = 1 + 0.2 * Math.sin(5 * Math.atan2(dy, dx) + n);
        if (Math.hypot(dx, dy) <= radius * wobble) data[row * SIZE + column] = 1;
      }
    return [first + at, packMask({ width: SIZE, height: SIZE, data })] as const;
  });
  return { segment: newSegment({ segmentNumber: n + 1 }), slices: new Map(slices) };
}

test('a SEG of 100 segments on a 512 x 512 x 300 CT, written and opened', async () => {
  // Beside the repository and not in /tmp, which may be memory.
  const folder = mkdtempSync(path.join(repoRoot, '.cache', 'bench-seg-'));
  const studyDir = path.join(folder, 'ct');
  mkdirSync(studyDir);
  writeLargeCt(studyDir);
  const source = await openSource(studyDir, { axis: 'acquired' }, folder);
  const segments = Array.from({ length: SEGMENTS }, (_, n) => drawSegment(n));
  const software = { name: 'Ibis', version: 'bench' };
  const file = path.join(folder, 'seg.dcm');
  const beforeMiB = process.memoryUsage.rss() / 2 ** 20;

  /** The machine may be shared: what this process itself took stands beside the wall time. */
  const clock = (): { readonly wallMs: number; readonly spentMs: number } => {
    const { user, system } = process.cpuUsage();
    return { wallMs: performance.now(), spentMs: (user + system) / 1000 };
  };
  const begun = clock();
  const parts = encodeBinarySeg({
    source,
    header: readSourceHeader(source.images[0]?.file ?? ''),
    segments: toSegSegments(numberFromOne(segments), software),
    seriesDescription: 'bench',
    software,
    contentCreatorName: 'Ibis^Agent',
    now: new Date(),
  });
  await writeFile(file, parts);
  const written = clock();
  const read = await readDicomSeg(parseDicomFile(await readFile(file)), {
    geometry: source.geometry,
    seriesInstanceUID: '',
    frameOfReferenceUID: '',
    images: source.images.map(({ info }) => info),
  });
  const opened = clock();
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  rmSync(folder, { recursive: true, force: true });

  expect(read.data.segments.map(({ slices }) => slices)).toEqual(
    segments.map(({ slices }) => slices),
  );
  record(
    {
      name: 'SEG of 100 segments, written',
      value: written.wallMs - begun.wallMs,
      unit: 'ms',
      target: 10_000,
      note: `${(written.spentMs - begun.spentMs).toFixed(0)} ms of processor time`,
    },
    {
      name: 'SEG of 100 segments, opened',
      value: opened.wallMs - written.wallMs,
      unit: 'ms',
      target: 2000,
      note: `${(opened.spentMs - written.spentMs).toFixed(0)} ms of processor time`,
    },
    {
      name: 'SEG of 100 segments, peak memory',
      value: peakMiB,
      unit: 'MiB',
      target: 1024,
      note: `resident, of the whole process; ${beforeMiB.toFixed(0)} MiB before`,
    },
  );
});
