/**
 * Run in a process of its own by killed.test.ts: paints on a segmentation for ever, undoing now and then, and says
 * each act that is stored. argv: data folder, segmentation to go on with ('' for a new one).
 */
import { writeSync } from 'node:fs';

import type { SegmentationId } from '../../../src/domain/brand.js';
import { openLive, paint, segmentationOf } from './sampleSegmentation.js';
import { mustOpen } from './sampleSession.js';

const [, , dataDir = '', wanted = ''] = process.argv;
const store = mustOpen(dataDir);
const segmentationId = wanted === '' ? segmentationOf(store) : (wanted as SegmentationId); // argv is the edge
const live = openLive(store);
for (let n = live.get(segmentationId).revision; ; n++) {
  if (n % 4 === 3) live.step(segmentationId, 'undo');
  else paint(live, segmentationId, n);
  const { revision } = live.get(segmentationId);
  writeSync(1, `${segmentationId} ${String(revision)}\n`); // straight to the pipe, nothing buffered
}
