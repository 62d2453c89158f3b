import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { VoxelBlock } from '../../../src/domain/segmentSlices.js';
import {
  findComponents,
  getComponentAt,
  keepComponents,
  separateComponents,
} from '../../../src/engine/tools/components.js';
import type { Connectivity } from '../../../src/engine/tools/components.js';
import {
  fillCavities,
  fillSliceHoles,
  findEnclosedAround,
} from '../../../src/engine/tools/fillHoles.js';
import {
  keepLargestIsland,
  pickIsland,
  removeSmallIslands,
  splitIslands,
} from '../../../src/engine/tools/islands.js';
import { anyBlock, drawBlock, isSubset, placeOf, showBlock } from './blocks.js';

const anyConnectivity = fc.constantFrom<Connectivity>('faces', 'corners');

/** The component of each voxel by walking from neighbour to neighbour, numbered in the order of the data. */
function walkComponents(block: VoxelBlock, value: 0 | 1, connectivity: Connectivity): Int32Array {
  const labels = new Int32Array(block.data.length).fill(-1);
  const touch = (a: number, b: number): boolean => {
    const [p, q] = [placeOf(block, a), placeOf(block, b)];
    const steps = p.map((x, axis) => Math.abs(x - (q[axis] ?? 0)));
    return connectivity === 'faces'
      ? steps.reduce((x, y) => x + y) === 1
      : Math.max(...steps) === 1;
  };
  const places = [...block.data.keys()].filter((at) => block.data[at] === value);
  let count = 0;
  for (const start of places) {
    if (labels[start] !== -1) continue;
    const front = [start];
    labels[start] = count;
    for (let at = front.pop(); at !== undefined; at = front.pop())
      for (const other of places)
        if (labels[other] === -1 && touch(at, other)) {
          labels[other] = count;
          front.push(other);
        }
    count++;
  }
  return labels;
}

describe('Connected components', () => {
  it('are those that walking from neighbour to neighbour finds, of ones and of zeros', () => {
    fc.assert(
      fc.property(anyBlock(), anyConnectivity, fc.constantFrom(0, 1), (block, by, value) => {
        const walked = walkComponents(block, value, by);
        const components = findComponents(block, value, by);
        const labels = Int32Array.from(walked, (_, at) => getComponentAt(components, at) ?? -1);
        expect(labels).toEqual(walked);
        const sizes = Array.from(components.sizes, (_, n) => walked.filter((l) => l === n).length);
        expect([...components.sizes]).toEqual(sizes);
      }),
    );
  });

  it('come apart into blocks that are the segment again when laid together', () => {
    fc.assert(
      fc.property(anyBlock(), anyConnectivity, (drawn, by) => {
        const block = { ...drawn, offset: [3, 2, 1] as const };
        const components = findComponents(block, 1, by);
        const parts = separateComponents(block, components);
        const together = new Uint8Array(block.data.length);
        const [di, dj] = block.dimensions;
        for (const [label, part] of parts.entries()) {
          expect(part.data.filter((value) => value === 1)).toHaveLength(
            components.sizes[label] ?? 0,
          );
          for (const [at, value] of part.data.entries()) {
            const [i, j, k] = placeOf(part, at);
            const [x, y, z] = part.offset;
            const to = ((k + z - 1) * dj + j + y - 2) * di + i + x - 3;
            together[to] = (together[to] ?? 0) + value;
          }
        }
        expect(together).toEqual(block.data);
      }),
    );
  });

  it('are none in an empty block', () => {
    const components = findComponents(drawBlock([['...']]), 1, 'faces');
    expect(components.sizes).toHaveLength(0);
    expect(getComponentAt(components, 0)).toBeNull();
  });
});

describe('Islands', () => {
  const islands = drawBlock([
    ['##..#', '.....', '#..##'],
    ['.....', '.....', '....#'],
  ]);

  it('keeps the largest, and of equals the first', () => {
    expect(showBlock(keepLargestIsland(islands, 'faces'))).toEqual([
      ['.....', '.....', '...##'],
      ['.....', '.....', '....#'],
    ]);
    const equals = drawBlock([['#.#']]);
    expect(showBlock(keepLargestIsland(equals, 'faces'))).toEqual([['#..']]);
  });

  it('keeps or removes the one at a voxel of the volume, and knows that there is none', () => {
    const moved = { ...islands, offset: [10, 20, 30] as const };
    expect(showBlock(pickIsland(moved, [11, 20, 30], 'faces', 'keep') ?? moved)).toEqual([
      ['##...', '.....', '.....'],
      ['.....', '.....', '.....'],
    ]);
    expect(showBlock(pickIsland(moved, [11, 20, 30], 'faces', 'remove') ?? moved)).toEqual([
      ['....#', '.....', '#..##'],
      ['.....', '.....', '....#'],
    ]);
    expect(pickIsland(moved, [12, 20, 30], 'faces', 'keep')).toBeNull();
    expect(pickIsland(moved, [0, 0, 0], 'faces', 'keep')).toBeNull();
  });

  it('removes the smaller ones, and splits the rest, largest first', () => {
    expect(showBlock(removeSmallIslands(islands, 2, 'faces'))).toEqual([
      ['##...', '.....', '...##'],
      ['.....', '.....', '....#'],
    ]);
    const parts = splitIslands(islands, 1, 'faces');
    expect(parts.map((part) => showBlock(part))).toEqual([
      [['##'], ['.#']],
      [['##']],
      [['#']],
      [['#']],
    ]);
    expect(parts[0]?.offset).toEqual([3, 2, 0]);
    expect(splitIslands(islands, 2, 'faces')).toHaveLength(2);
  });

  it('tells touching by corners from touching by faces', () => {
    const diagonal = drawBlock([['#.', '.#']]);
    expect(splitIslands(diagonal, 1, 'faces')).toHaveLength(2);
    expect(splitIslands(diagonal, 1, 'corners')).toHaveLength(1);
  });

  it('never adds a voxel, and a second time changes nothing', () => {
    fc.assert(
      fc.property(anyBlock(), anyConnectivity, fc.nat(8), (block, by, size) => {
        for (const operation of [
          (b: VoxelBlock) => keepLargestIsland(b, by),
          (b: VoxelBlock) => removeSmallIslands(b, size, by),
        ]) {
          const once = operation(block);
          expect(isSubset(once.data, block.data)).toBe(true);
          expect(keepComponents(once, findComponents(once, 1, by), () => true)).toEqual(once);
          expect(operation(once)).toEqual(once);
        }
      }),
    );
  });
});

describe('Filling holes', () => {
  const ring = ['.###.', '.#.#.', '.###.'];
  const plate = ['.###.', '.###.', '.###.'];

  it('fills a hole in a slice, which the third dimension leaves open', () => {
    expect(showBlock(fillCavities(drawBlock([ring])))).toEqual([ring]);
    expect(showBlock(fillSliceHoles(drawBlock([ring]), 2))).toEqual([plate]);
  });

  it('fills a cavity', () => {
    expect(showBlock(fillCavities(drawBlock([plate, ring, plate])))).toEqual([plate, plate, plate]);
  });

  it('fills the holes of slices across another axis', () => {
    const tunnel = drawBlock([['###'], ['#.#'], ['###']]);
    expect(showBlock(fillSliceHoles(tunnel, 2))).toEqual([['###'], ['#.#'], ['###']]);
    expect(showBlock(fillSliceHoles(tunnel, 1))).toEqual([['###'], ['###'], ['###']]);
  });

  it('leaves a bay open, also one that only the edge of the image closes', () => {
    const bay = [['#.#', '#.#', '###']];
    expect(showBlock(fillSliceHoles(drawBlock(bay), 2))).toEqual(bay);
  });

  it('takes a wall whose voxels touch by corners for closed', () => {
    expect(showBlock(fillSliceHoles(drawBlock([['.#.', '#.#', '.#.']]), 2))).toEqual([
      ['.#.', '###', '.#.'],
    ]);
  });

  it('takes nothing away, and a second time changes nothing', () => {
    fc.assert(
      fc.property(anyBlock(), fc.constantFrom<0 | 1 | 2>(0, 1, 2), (block, axis) => {
        for (const fill of [fillCavities, (b: VoxelBlock) => fillSliceHoles(b, axis)]) {
          const filled = fill(block);
          expect(isSubset(block.data, filled.data)).toBe(true);
          expect(fill(filled)).toEqual(filled);
        }
      }),
    );
  });
});

describe('Filling an outline around a point of a slice', () => {
  const slice = drawBlock([['.....', '.###.', '.#.#.', '.###.', '.....']], [4, 5, 6]);

  it('fills what the outline encloses', () => {
    const filled = findEnclosedAround(slice, 2, [6, 7, 6]);
    expect(filled && showBlock(filled)).toEqual([['.....', '.....', '..#..', '.....', '.....']]);
  });

  it('fills it in a slice across another axis', () => {
    const upright = drawBlock([['###'], ['#.#'], ['###']]);
    const filled = findEnclosedAround(upright, 1, [1, 0, 1]);
    expect(filled && showBlock(filled)).toEqual([['...'], ['.#.'], ['...']]);
  });

  it('does not run out through an open outline, nor start in the segment', () => {
    expect(findEnclosedAround(slice, 2, [4, 5, 6])).toBeNull();
    expect(findEnclosedAround(slice, 2, [5, 6, 6])).toBeNull();
  });
});
