import type { Vec3 } from '../../domain/geometry.js';
import type { VoxelBlock } from '../../domain/segmentSlices.js';
import type { Grid } from './distance.js';

/** Voxels touch by faces (6 neighbours, 4 in a slice) or by faces, edges and corners (26, 8). */
export type Connectivity = 'faces' | 'corners';

/**
 * Connected parts of a grid, as runs along i: few where voxels are many, so that a whole CT takes little memory.
 * Components are numbered from 0 in the order in which they are met.
 */
export interface Components {
  readonly dimensions: Vec3;
  readonly starts: Int32Array; // of each run: place of its first voxel in the data
  readonly lengths: Int32Array; // of each run, voxels
  readonly labels: Int32Array; // of each run: its component
  readonly sizes: Int32Array; // of each component, voxels
}

interface Runs {
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  /** The first run of each line j + dj * k; one more entry ends the last. */
  readonly firstOfLine: Int32Array;
}

function findRuns({ data, dimensions }: Grid, value: 0 | 1): Runs {
  const [di, dj, dk] = dimensions;
  const starts: number[] = [];
  const lengths: number[] = [];
  const firstOfLine = new Int32Array(dj * dk + 1);
  let line = 0; // lines before this one are done
  for (let at = data.indexOf(value); at >= 0; at = data.indexOf(value, at)) {
    const its = Math.floor(at / di);
    for (line++; line <= its; line++) firstOfLine[line] = starts.length;
    line = its;
    const end = (its + 1) * di;
    const start = at;
    while (at < end && data[at] === value) at++;
    starts.push(start);
    lengths.push(at - start);
  }
  for (line++; line <= dj * dk; line++) firstOfLine[line] = starts.length;
  return { starts: Int32Array.from(starts), lengths: Int32Array.from(lengths), firstOfLine };
}

function findRoot(parents: Int32Array, run: number): number {
  let parent = parents[run] ?? run;
  while (parent !== run) {
    const above = parents[parent] ?? parent;
    parents[run] = above;
    run = above;
    parent = parents[run] ?? run;
  }
  return run;
}

/** Joins the runs of two lines that touch; the smaller root wins, so that labels follow the order of the data. */
function joinLines(
  { starts, lengths, firstOfLine }: Runs,
  parents: Int32Array,
  lines: { readonly a: number; readonly b: number; readonly di: number },
  reach: 0 | 1,
): void {
  const shift = (lines.a - lines.b) * lines.di; // brings places in line b to line a
  let a = firstOfLine[lines.a] ?? 0;
  let b = firstOfLine[lines.b] ?? 0;
  const endA = firstOfLine[lines.a + 1] ?? 0;
  const endB = firstOfLine[lines.b + 1] ?? 0;
  while (a < endA && b < endB) {
    const startA = starts[a] ?? 0;
    const startB = (starts[b] ?? 0) + shift;
    const stopA = startA + (lengths[a] ?? 0);
    const stopB = startB + (lengths[b] ?? 0);
    if (startA < stopB + reach && startB < stopA + reach) {
      const rootA = findRoot(parents, a);
      const rootB = findRoot(parents, b);
      if (rootA < rootB) parents[rootB] = rootA;
      else parents[rootA] = rootB;
    }
    if (stopA < stopB) a++;
    else b++;
  }
}

/** The connected parts of the voxels of value `value`, by runs and union-find. */
export function findComponents(grid: Grid, value: 0 | 1, connectivity: Connectivity): Components {
  const [di, dj, dk] = grid.dimensions;
  const runs = findRuns(grid, value);
  const parents = Int32Array.from(runs.starts, (_, run) => run);
  const reach = connectivity === 'faces' ? 0 : 1;
  const join = (a: number, b: number): void => joinLines(runs, parents, { a, b, di }, reach);
  for (let k = 0; k < dk; k++)
    for (let j = 0; j < dj; j++) {
      const line = k * dj + j;
      if (j > 0) join(line, line - 1);
      if (k > 0) join(line, line - dj);
      if (k === 0 || reach === 0) continue;
      if (j > 0) join(line, line - dj - 1);
      if (j + 1 < dj) join(line, line - dj + 1);
    }
  const labels = new Int32Array(parents.length);
  const sizes: number[] = [];
  for (let run = 0; run < parents.length; run++) {
    const root = findRoot(parents, run);
    if (root === run) sizes.push(0);
    const label = root === run ? sizes.length - 1 : (labels[root] ?? 0);
    labels[run] = label;
    sizes[label] = (sizes[label] ?? 0) + (runs.lengths[run] ?? 0);
  }
  const { starts, lengths } = runs;
  return { dimensions: grid.dimensions, starts, lengths, labels, sizes: Int32Array.from(sizes) };
}

/** The component of a voxel, given by its place in the data; null where it belongs to none. */
export function getComponentAt({ starts, lengths, labels }: Components, at: number): number | null {
  let low = 0; // the last run that begins at or before the place, by halving
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  const start = starts[low];
  if (start === undefined || at < start || at >= start + (lengths[low] ?? 0)) return null;
  return labels[low] ?? null;
}

/** Sets the voxels of the components that are wanted to 1, in place. */
export function fillComponents(
  { starts, lengths, labels }: Components,
  data: Uint8Array,
  isWanted: (label: number) => boolean,
): void {
  for (let run = 0; run < starts.length; run++) {
    const start = starts[run] ?? 0;
    if (isWanted(labels[run] ?? 0)) data.fill(1, start, start + (lengths[run] ?? 0));
  }
}

/** A block that holds the wanted components alone. */
export function keepComponents(
  block: VoxelBlock,
  components: Components,
  isWanted: (label: number) => boolean,
): VoxelBlock {
  const data = new Uint8Array(block.data.length);
  fillComponents(components, data, isWanted);
  return { ...block, data };
}

/** One block a component, each just as large as it must be. */
export function separateComponents(block: VoxelBlock, components: Components): VoxelBlock[] {
  const [di, dj] = components.dimensions;
  const { starts, lengths, labels, sizes } = components;
  const boxes = Array.from(sizes, () => ({
    min: [Infinity, Infinity, Infinity],
    max: [-1, -1, -1],
  }));
  const forEachRun = (visit: (label: number, first: Vec3, length: number) => void): void => {
    for (let run = 0; run < starts.length; run++) {
      const start = starts[run] ?? 0;
      const line = Math.floor(start / di);
      visit(labels[run] ?? 0, [start % di, line % dj, Math.floor(line / dj)], lengths[run] ?? 0);
    }
  };
  forEachRun((label, first, length) => {
    const box = boxes[label];
    if (box === undefined) return;
    const last = [first[0] + length - 1, first[1], first[2]];
    box.min = box.min.map((value, axis) => Math.min(value, first[axis] ?? 0));
    box.max = box.max.map((value, axis) => Math.max(value, last[axis] ?? 0));
  });
  const blocks = boxes.map(({ min, max }) => {
    const size = (axis: 0 | 1 | 2): number => (max[axis] ?? 0) - (min[axis] ?? 0) + 1;
    const place = (axis: 0 | 1 | 2): number => block.offset[axis] + (min[axis] ?? 0);
    return {
      offset: [place(0), place(1), place(2)] as const,
      dimensions: [size(0), size(1), size(2)] as const,
      data: new Uint8Array(size(0) * size(1) * size(2)),
    };
  });
  forEachRun((label, [i, j, k], length) => {
    const part = blocks[label];
    if (part === undefined) return;
    const [x, y, z] = [0, 1, 2].map(
      (axis) => ([i, j, k][axis] ?? 0) + (block.offset[axis] ?? 0) - (part.offset[axis] ?? 0),
    );
    const at = ((z ?? 0) * part.dimensions[1] + (y ?? 0)) * part.dimensions[0] + (x ?? 0);
    part.data.fill(1, at, at + length);
  });
  return blocks;
}
