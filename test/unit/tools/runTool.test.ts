import { describe, expect, it } from 'vitest';

import { segmentToolNames, segmentToolSchema } from '../../../src/contract/segmentTools.js';
import type { SegmentTool } from '../../../src/contract/segmentTools.js';
import type { Vec3 } from '../../../src/domain/geometry.js';
import { applySliceChanges, packBlock, unpackBox } from '../../../src/domain/segmentSlices.js';
import type { SegmentSlices } from '../../../src/domain/segmentation.js';
import { runTool } from '../../../src/engine/tools/runTool.js';
import {
  findValueBox,
  listSegmentsRead,
  sizeOfBox,
} from '../../../src/engine/tools/toolRequest.js';
import { axialGrid } from '../../fixtures/axialGrid.js';
import { drawBlock, showBlock } from './blocks.js';

type Picture = readonly (readonly string[])[];
interface Scene {
  readonly own: Picture;
  readonly others?: Readonly<Record<number, Picture>>;
  readonly values?: readonly number[];
  readonly spacingMm?: Vec3;
}

/** Runs a tool as it comes over the channel on segment 1 of a drawn scene. */
function run(tool: unknown, { own, others = {}, values, spacingMm = [1, 1, 1] }: Scene) {
  const parsed = segmentToolSchema.parse(tool);
  const { dimensions } = drawBlock(own);
  const geometry = axialGrid(dimensions, { spacingMm });
  const pack = (picture: Picture): SegmentSlices => packBlock(drawBlock(picture), dimensions);
  const segments = new Map([[1, pack(own)]]);
  for (const [number, picture] of Object.entries(others))
    segments.set(Number(number), pack(picture));
  const read = new Map(
    listSegmentsRead(parsed, 1).map((number) => [number, segments.get(number) ?? new Map()]),
  );
  const box = findValueBox(parsed, { geometry, segments: read });
  const cropped = (): Int16Array => {
    if (box === null) return new Int16Array(0);
    const [di, dj, dk] = sizeOfBox(box);
    return Int16Array.from({ length: di * dj * dk }, (_, at) => {
      const i = (at % di) + box.min[0];
      const j = (Math.floor(at / di) % dj) + box.min[1];
      const k = Math.floor(at / di / dj) + box.min[2];
      return values?.[(k * dimensions[1] + j) * dimensions[0] + i] ?? 0;
    });
  };
  const output = runTool(
    {
      tool: parsed,
      segmentNumber: 1,
      geometry,
      segments: read,
      values: box && { offset: box.min, dimensions: sizeOfBox(box), data: cropped() },
    },
    () => undefined,
  );
  const show = (slices: SegmentSlices | undefined): string[][] =>
    showBlock(unpackBox(slices ?? new Map(), [0, 0, 0], dimensions));
  const after = (number: number): string[][] =>
    show(
      applySliceChanges(segments.get(number) ?? new Map(), output.changed.get(number) ?? new Map()),
    );
  return {
    own: after(1),
    after,
    changedSlices: [...output.changed].map(([number, slices]) => [number, [...slices.keys()]]),
    created: output.created.map(show),
  };
}

const volume = { kind: 'volume' };
const row = (own: string, others: Record<number, string> = {}): Scene => ({
  own: [[own]],
  others: Object.fromEntries(Object.entries(others).map(([n, picture]) => [n, [[picture]]])),
});
const runOnRow = (tool: unknown, own: string, others: Record<number, string> = {}): string =>
  run(tool, row(own, others)).own.flat().join('/');

describe('Tools on one segment', () => {
  it('takes values in a range: in place of the segment, as well, or away from it', () => {
    const threshold = (combination: string, region: unknown = volume) => ({
      kind: 'threshold',
      range: { lower: 3, upper: 4 },
      region,
      combination,
    });
    const scene = { own: [['##....']], values: [4, 1, 3, 4, 5, 3] };
    expect(run(threshold('replace'), scene).own).toEqual([['#.##.#']]);
    expect(run(threshold('add'), scene).own).toEqual([['####.#']]);
    expect(run(threshold('subtract'), scene).own).toEqual([['.#....']]);
    const box = { kind: 'box', min: { i: 2, j: 0, k: 0 }, max: { i: 99, j: 0, k: 0 } };
    expect(run(threshold('replace', box), scene).own).toEqual([['..##.#']]);
    const segment = { kind: 'segment', segmentNumber: 1 };
    expect(run(threshold('replace', segment), scene).own).toEqual([['#.....']]);
    const empty = { kind: 'segment', segmentNumber: 7 };
    expect(run(threshold('add', empty), scene).own).toEqual([['##....']]);
  });

  it('grows a region in one slice or through the volume', () => {
    const values = [1, 1, 9, 1, 1, 1, 1, 9];
    const grow = (region: unknown) => ({
      kind: 'grow-region',
      seed: { i: 0, j: 0, k: 0 },
      criterion: { kind: 'range', range: { lower: 1, upper: 1 } },
      region,
      combination: 'replace',
    });
    const scene = { own: [['....'], ['....']], values };
    expect(run(grow(volume), scene).own).toEqual([['##..'], ['###.']]);
    expect(run({ ...grow(volume), connectivity: 'corners' }, scene).own).toEqual([
      ['##.#'],
      ['###.'],
    ]);
    const slice = { kind: 'slice', axis: 'acquired', sliceIndex: 0 };
    expect(run(grow(slice), scene).own).toEqual([['##..'], ['....']]);
    const elsewhere = { ...grow(volume), seed: { i: 2, j: 0, k: 0 } };
    expect(() => run(elsewhere, scene)).toThrow(/cannot grow from here/);
  });

  it('fills an outline, and says when it is open', () => {
    const own = [['.###.', '.#.#.', '.###.']];
    const fill = (i: number, j: number) => ({
      kind: 'fill-outline',
      axis: 'acquired',
      voxel: { i, j, k: 0 },
    });
    expect(run(fill(2, 1), { own }).own).toEqual([['.###.', '.###.', '.###.']]);
    expect(() => run(fill(0, 0), { own })).toThrow(/does not enclose/);
    expect(() => run(fill(50, 0), { own })).toThrow(/does not enclose/);
  });

  it('fills holes in 3D or slice by slice', () => {
    const own = [['.###.', '.#.#.', '.###.']];
    expect(run({ kind: 'fill-holes', axis: null }, { own }).own).toEqual(own);
    expect(run({ kind: 'fill-holes', axis: 'axial' }, { own }).own).toEqual([
      ['.###.', '.###.', '.###.'],
    ]);
  });

  it('keeps and removes islands, small ones by mm³', () => {
    expect(runOnRow({ kind: 'keep-largest-island' }, '#.##.#')).toBe('..##..');
    const voxel = { i: 0, j: 0, k: 0 };
    expect(runOnRow({ kind: 'keep-island', voxel }, '#.##.#')).toBe('#.....');
    expect(runOnRow({ kind: 'remove-island', voxel }, '#.##.#')).toBe('..##.#');
    expect(() => runOnRow({ kind: 'keep-island', voxel }, '..##')).toThrow(/nothing at this place/);
    const small = { kind: 'remove-small-islands', minMm3: 4 };
    const scene = { own: [['#.##.#']], spacingMm: [1, 1, 2] as const };
    expect(run(small, scene).own).toEqual([['..##..']]);
  });

  it('smooths, opens, closes, grows, shrinks and hollows by mm', () => {
    expect(runOnRow({ kind: 'median', radiusMm: 1 }, '#...##.##...')).toBe('#...#####...');
    expect(runOnRow({ kind: 'close', radiusMm: 1 }, '.##.##...#..')).toBe('.#####...#..');
    expect(runOnRow({ kind: 'open', radiusMm: 1 }, '.#..###..')).toBe('....###..');
    expect(runOnRow({ kind: 'grow', radiiMm: [2, 2, 2] }, '....#....')).toBe('..#####..');
    expect(runOnRow({ kind: 'shrink', radiiMm: [1, 1, 1] }, '..#####..')).toBe('...###...');
    const hollow = { kind: 'hollow', thicknessMm: 1, side: 'inside' };
    expect(run(hollow, { own: [['.....', '.###.', '.###.', '.###.', '.....']] }).own).toEqual([
      ['.....', '.###.', '.#.#.', '.###.', '.....'],
    ]);
  });

  it('unites, intersects, subtracts and inverts', () => {
    const others = { 2: '.##..' };
    expect(runOnRow({ kind: 'unite', other: 2 }, '##...', others)).toBe('###..');
    expect(runOnRow({ kind: 'intersect', other: 2 }, '##...', others)).toBe('.#...');
    expect(runOnRow({ kind: 'subtract', other: 2 }, '##...', others)).toBe('#....');
    expect(runOnRow({ kind: 'invert', region: volume }, '##...')).toBe('..###');
    const segment = { kind: 'segment', segmentNumber: 2 };
    expect(runOnRow({ kind: 'invert', region: segment }, '##...', others)).toBe('#.#..');
  });

  it('copies a slice to others, mirrored across a line', () => {
    const own = [
      ['#...', '##..'],
      ['....', '...#'],
      ['....', '....'],
    ];
    const copy = { kind: 'copy-slice', axis: 'acquired', from: 0, to: [1, 2] };
    expect(run({ ...copy, combination: 'replace' }, { own }).own).toEqual([
      ['#...', '##..'],
      ['#...', '##..'],
      ['#...', '##..'],
    ]);
    const mirror = { across: 'column', at: 0.5 };
    expect(run({ ...copy, combination: 'add', mirror }, { own }).own).toEqual([
      ['#...', '##..'],
      ['...#', '..##'],
      ['...#', '..##'],
    ]);
    const low = { across: 'row', at: 0.25 };
    expect(run({ ...copy, combination: 'replace', mirror: low }, { own }).own[2]).toEqual([
      '#...',
      '....',
    ]);
    expect(() => run({ ...copy, to: [3], combination: 'replace' }, { own })).toThrow(
      'There is no slice 3: this axis has slices 0 to 2.',
    );
  });

  it('interpolates between drawn slices', () => {
    const own = [['.###.'], ['.....'], ['.###.']];
    expect(run({ kind: 'interpolate-slices', axis: 'acquired' }, { own }).own).toEqual([
      ['.###.'],
      ['.###.'],
      ['.###.'],
    ]);
  });

  it('cuts through one slice or all, inside or outside an outline, on any axis', () => {
    const own = [
      ['####', '####'],
      ['####', '####'],
      ['####', '####'],
    ];
    const left = [
      { x: 0, y: 0 },
      { x: 0.5, y: 0 },
      { x: 0.5, y: 1 },
      { x: 0, y: 1 },
    ];
    const cut = { kind: 'cut', axis: 'acquired', outline: left };
    const first = { first: 0, last: 0 };
    expect(run({ ...cut, slices: first, operation: 'erase-inside' }, { own }).own).toEqual([
      ['..##', '..##'],
      ['####', '####'],
      ['####', '####'],
    ]);
    expect(run({ ...cut, slices: null, operation: 'erase-outside' }, { own }).own).toEqual([
      ['##..', '##..'],
      ['##..', '##..'],
      ['##..', '##..'],
    ]);
    const empty = own.map((slice) => slice.map(() => '....'));
    const last = { first: 1, last: 2 };
    expect(run({ ...cut, slices: last, operation: 'fill-inside' }, { own: empty }).own).toEqual([
      ['....', '....'],
      ['##..', '##..'],
      ['##..', '##..'],
    ]);
    expect(run({ ...cut, slices: first, operation: 'fill-outside' }, { own: empty }).own).toEqual([
      ['..##', '..##'],
      ['....', '....'],
      ['....', '....'],
    ]);
    // The upper third of a coronal image is the patient's head: the last of three slices that go upwards.
    const top = [
      { x: 0, y: 0 },
      { x: 1, y: 0 },
      { x: 1, y: 1 / 3 },
      { x: 0, y: 1 / 3 },
    ];
    const coronal = { kind: 'cut', axis: 'coronal', outline: top, slices: { first: 1, last: 1 } };
    expect(run({ ...coronal, operation: 'erase-inside' }, { own }).own).toEqual([
      ['####', '####'],
      ['####', '####'],
      ['####', '....'],
    ]);
    expect(() =>
      run({ ...cut, slices: { first: 0, last: 9 }, operation: 'erase-inside' }, { own }),
    ).toThrow('There is no slice 9');
  });

  it('tells only of slices that changed, also of those that are empty now', () => {
    const own = [['.#.'], ['...'], ['##.']];
    const { changedSlices, own: kept } = run({ kind: 'keep-largest-island' }, { own });
    expect(kept).toEqual([['...'], ['...'], ['##.']]);
    expect(changedSlices).toEqual([[1, [0]]]);
    expect(run({ kind: 'fill-holes', axis: 'axial' }, { own }).changedSlices).toEqual([]);
  });

  it('leaves an empty segment empty', () => {
    for (const tool of [
      { kind: 'grow', radiiMm: [2, 2, 2] },
      { kind: 'fill-holes', axis: null },
      { kind: 'interpolate-slices', axis: 'axial' },
      { kind: 'keep-largest-island' },
    ])
      expect(runOnRow(tool, '....')).toBe('....');
  });
});

describe('Tools on several segments', () => {
  it('splits islands off: the largest stays, the rest become segments, specks go', () => {
    const { own, created } = run({ kind: 'split-islands', minMm3: 2 }, row('##.###.#'));
    expect(own).toEqual([['...###..']]);
    expect(created).toEqual([[['##......']]]);
  });

  it('smooths segments together', () => {
    const left = ['####....', '####....', '#####...', '####....', '####....'];
    const right = ['....####', '....####', '.....###', '....####', '....####'];
    const { after } = run(
      { kind: 'smooth-jointly', segmentNumbers: [1, 2], deviationMm: 1 },
      { own: [left], others: { 2: [right] } },
    );
    expect(after(1)).toEqual([left.map(() => '####....')]);
    expect(after(2)).toEqual([left.map(() => '....####')]);
  });
});

describe('The shape of a tool', () => {
  it('refuses what makes no sense', () => {
    const refused: unknown[] = [
      { kind: 'grow', radiiMm: [0, 0, 0] },
      { kind: 'grow', radiiMm: [-1, 1, 1] },
      { kind: 'median', radiusMm: 0 },
      { kind: 'median', radiusMm: NaN },
      { kind: 'threshold', range: { lower: 2, upper: 1 }, region: volume, combination: 'add' },
      { kind: 'keep-island', voxel: { i: 0.5, j: 0, k: 0 } },
      { kind: 'cut', axis: 'axial', slices: null, operation: 'erase-inside', outline: [] },
      { kind: 'draw' },
    ];
    for (const tool of refused) expect(segmentToolSchema.safeParse(tool).success).toBe(false);
  });

  it('has a name for the history for each of them', () => {
    const kinds: SegmentTool['kind'][] = segmentToolSchema.options.map(
      (option) => option.shape.kind.value,
    );
    expect(Object.keys(segmentToolNames).toSorted()).toEqual(kinds.toSorted());
  });
});
