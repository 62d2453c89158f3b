import { describe, expect, it } from 'vitest';

import type { VolumeGeometry } from '../../../src/domain/geometry.js';
import { isSameGrid } from '../../../src/engine/segmentations/grid.js';
import { nameSlices } from '../../../src/engine/segmentations/strokes.js';
import { axialGrid } from '../../fixtures/axialGrid.js';

describe('the grid of a segmentation', () => {
  const grid = axialGrid([512, 512, 300], { spacingMm: [0.7, 0.7, 1], origin: [-170, 12.5, 900] });

  it('is the same where a file has rounded its positions', () => {
    expect(
      isSameGrid(grid, { ...grid, origin: [-170.004, 12.496, 900], spacingMm: [0.7, 0.701, 1] }),
    ).toBe(true);
  });

  it.each<[string, Partial<VolumeGeometry>]>([
    ['a slice is missing', { dimensions: [512, 512, 299] }],
    ['it begins a slice later', { origin: [-170, 12.5, 901] }],
    [
      'its slices come in the other order',
      {
        direction: [
          [1, 0, 0],
          [0, 1, 0],
          [0, 0, -1],
        ],
      },
    ],
    [
      'it is tilted by a degree',
      {
        direction: [
          [1, 0, 0],
          [0, 1, 0],
          [0, 0.0175, 0.9998],
        ],
      },
    ],
    ['its pixels are larger', { spacingMm: [0.8, 0.8, 1] }],
  ])('is another one where %s', (_title, facts) => {
    expect(isSameGrid(grid, { ...grid, ...facts })).toBe(false);
  });
});

describe('the name of an act', () => {
  it('counts slices from 1, as the screen does, and names an axis that is not the stored one', () => {
    expect(nameSlices('acquired', [11])).toBe('slice 12');
    expect(nameSlices('coronal', [13, 9, 10])).toBe('coronal slices 10 to 14');
  });
});
