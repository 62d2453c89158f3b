import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { makeBall } from '../../fixtures/makeBall.js';
import { makeDataDir } from '../engine/helpers.js';
import { runCli } from './runCli.js';

const side = 64;
const middle = 32;
const radius = 16;
const work = makeDataDir();
const image = path.join(work, 'ball.nii');
const out = path.join(work, 'out');

const { image: ball, isInside } = makeBall(side, radius);

beforeAll(() => {
  writeFileSync(image, ball);
});
afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

const propagate = (...more: string[]) =>
  runCli(['propagate', image, '--out', out, '--data-dir', path.join(work, 'data'), ...more]);

describe('ibis propagate', () => {
  it('completes a volume from one click on one slice, and lists why each walk ended', async () => {
    const click = ['--include', `${middle},${middle},${middle}`];
    const { code, stdout, stderr } = await propagate('--axis', 'coronal', ...click, '--json');
    expect(stderr).not.toContain('ibis:');
    expect(code).toBe(0);
    const told = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
      given: number[];
      slices: { sliceIndex: number; stemsFrom: number }[];
      ends: { towards: string }[];
      voxels: number;
    };
    expect(told.given).toEqual([middle]);
    expect(told.ends.map(({ towards }) => towards).sort()).toEqual(['down', 'up']);
    expect(JSON.parse(readFileSync(path.join(out, 'propagation.json'), 'utf8'))).toMatchObject({
      axis: 'coronal',
      slices: told.slices,
    });

    const bytes = gunzipSync(readFileSync(path.join(out, 'mask.nii.gz')));
    const voxels = bytes.subarray(bytes.readFloatLE(108));
    let [shared, truth, found] = [0, 0, 0];
    for (let at = 0; at < voxels.length; at++) {
      const inside = isInside(at % side, Math.floor(at / side) % side, Math.floor(at / side ** 2));
      if (inside) truth++;
      if (voxels[at] !== 0) found++;
      if (inside && voxels[at] !== 0) shared++;
    }
    expect(found).toBe(told.voxels);
    expect((2 * shared) / (truth + found)).toBeGreaterThan(0.85);
  });

  it('goes one way only when asked to', async () => {
    const click = ['--include', `${middle},${middle},${middle}`];
    const { code, stdout } = await propagate('--direction', 'up', ...click, '--json');
    expect(code).toBe(0);
    const told = JSON.parse(stdout.trim()) as { slices: { sliceIndex: number }[] };
    expect(told.slices.length).toBeGreaterThan(0);
    for (const { sliceIndex } of told.slices) expect(sliceIndex).toBeGreaterThan(middle);
  });

  it.each([
    [['--exclude', '3,3,3'], 'at least one click'],
    [['--include', '3,3'], 'K,X,Y'],
    [['--include', '99,3,3'], 'slices 0 to 63'],
    [['--include', '32,32,32', '--exclude', '33,3,99'], 'lies outside the slice'],
    [['--include', '32,32,32', '--direction', 'sideways'], 'both, up or down'],
    [['--include', '32,32,32', '--least-score', '7'], 'between 0 and 1'],
  ])('refuses %j with a sentence, and leaves no session', async (words, sentence) => {
    const dataDir = path.join(work, 'refused');
    const { code, stderr } = await propagate(...words, '--data-dir', dataDir);
    expect(code).not.toBe(0);
    expect(stderr).toContain(sentence);
    const listed = await runCli(['session', 'list', '--data-dir', dataDir, '--json']);
    expect(listed.stdout.trim()).toBe('');
  });
});
