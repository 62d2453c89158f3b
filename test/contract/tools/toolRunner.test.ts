import { afterAll, describe, expect, it } from 'vitest';

import { packBlock, unpackBox } from '../../../src/domain/segmentSlices.js';
import { copyValues } from '../../../src/engine/tools/copyValues.js';
import { createToolRunner } from '../../../src/engine/tools/toolRunner.js';
import type { ToolRequest } from '../../../src/engine/tools/toolRequest.js';
import { axialGrid } from '../../fixtures/axialGrid.js';

const runner = createToolRunner();
afterAll(() => runner.close());

const geometry = axialGrid([8, 1, 1]);
const pack = (bits: number[]) =>
  packBlock(
    { offset: [0, 0, 0], dimensions: [8, 1, 1], data: Uint8Array.from(bits) },
    geometry.dimensions,
  );
const request = (facts: Partial<ToolRequest>): ToolRequest => ({
  tool: { kind: 'grow', radiiMm: [1, 1, 1] },
  segmentNumber: 1,
  geometry,
  segments: new Map([[1, pack([0, 0, 0, 1, 0, 0, 0, 0])]]),
  values: null,
  ...facts,
});
/** The segment has one slice: a tool that changes it gives all of it. */
const voxels = (output: Awaited<ReturnType<typeof runner.run>>) => [
  ...unpackBox(output.changed.get(1) ?? new Map(), [0, 0, 0], geometry.dimensions).data,
];

/** A ball that fills a 240 x 240 x 150 volume: a second of work or more. */
function makeLongWork(): ToolRequest {
  const dimensions = [240, 240, 150] as const;
  const data = new Uint8Array(240 * 240 * 150);
  for (let k = 0, at = 0; k < 150; k++)
    for (let j = 0; j < 240; j++)
      for (let i = 0; i < 240; i++, at++)
        if (Math.hypot(i - 120, j - 120, (k - 75) * 1.6) < 116) data[at] = 1;
  const slices = packBlock({ offset: [0, 0, 0], dimensions, data }, dimensions);
  return request({
    tool: { kind: 'smooth-jointly', segmentNumbers: [1], deviationMm: 8 },
    geometry: axialGrid(dimensions),
    segments: new Map([[1, slices]]),
  });
}

describe('The tool worker', () => {
  it('gives back the voxels of the segment', async () => {
    expect(voxels(await runner.run(request({})))).toEqual([0, 0, 1, 1, 1, 0, 0, 0]);
  });

  it('takes the values that a tool looks at without a copy', async () => {
    const data = Int16Array.of(5, 5, 1, 5, 5, 1, 5, 5);
    const values = await copyValues({ geometry, data }, { min: [1, 0, 0], max: [7, 0, 0] });
    expect([...values.data]).toEqual([5, 1, 5, 5, 1, 5, 5]);
    const tool = {
      kind: 'threshold' as const,
      range: { lower: 5, upper: 5 },
      region: { kind: 'box' as const, min: { i: 1, j: 0, k: 0 }, max: { i: 7, j: 0, k: 0 } },
      combination: 'replace' as const,
    };
    expect(voxels(await runner.run(request({ tool, values })))).toEqual([0, 1, 0, 1, 1, 0, 1, 1]);
    expect(values.data).toHaveLength(0);
    expect(data).toHaveLength(8);
  });

  it('says in a sentence why a tool cannot do it', async () => {
    const tool = {
      kind: 'keep-island' as const,
      voxel: { i: 0, j: 0, k: 0 },
      connectivity: 'faces' as const,
    };
    await expect(runner.run(request({ tool }))).rejects.toMatchObject({
      message: 'The segment has nothing at this place. Click inside one of its parts.',
    });
    expect(voxels(await runner.run(request({})))).toHaveLength(8);
  });

  it('tells its progress, and leaves the thread that asked free all the while', async () => {
    const work = makeLongWork();
    const shares: number[] = [];
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const tool = { kind: 'median' as const, radiusMm: 5 };
    await runner.run({ ...work, tool }, { onProgress: (share) => shares.push(share) });
    clearInterval(timer);
    expect(shares.length).toBeGreaterThan(0);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(turns).toBeGreaterThan(20); // had it been blocked, none or one
  });

  it('stops in the middle when it is cancelled, and works on for the next', async () => {
    const work = makeLongWork();
    const cancelling = new AbortController();
    const cancelled = runner.run(work, { signal: cancelling.signal });
    const waiting = runner.run(request({}));
    setTimeout(() => cancelling.abort(), 300);
    const stopped = cancelled.then(
      () => 'finished',
      (reason: unknown) => reason,
    );
    // The one that waited can only be answered once the cancelled one has given up its place.
    await expect(stopped).resolves.toMatchObject({ code: 'cancelled' });
    expect(voxels(await waiting)).toEqual([0, 0, 1, 1, 1, 0, 0, 0]);
    // Cancelled before it began: never starts.
    const never = runner.run(work, { signal: AbortSignal.abort() });
    await expect(never).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('drops one that is cancelled while it waits, and goes on with the one at work', async () => {
    const atWork = runner.run({ ...makeLongWork(), tool: { kind: 'median', radiusMm: 5 } });
    let isDone = false;
    const done = atWork.then(() => (isDone = true));
    const cancelling = new AbortController();
    const waiting = runner.run(request({}), { signal: cancelling.signal });
    cancelling.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    expect(isDone).toBe(false);
    await done;
  });

  it('outlives a worker that dies', async () => {
    const dying = createToolRunner({
      entry: () => new URL('data:text/javascript,setTimeout(() => process.exit(3), 50)'),
    });
    await expect(dying.run(request({}))).rejects.toMatchObject({ code: 'failed' });
    await dying.close();
  });

  it('refuses work once it is closed', async () => {
    const closed = createToolRunner();
    await closed.close();
    await expect(closed.run(request({}))).rejects.toMatchObject({ code: 'cancelled' });
  });
});
