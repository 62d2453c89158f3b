import { describe, expect, test } from 'vitest';

import type { Quantity } from '../../../src/domain/measurement.js';
import { describeQuantities } from '../../../src/renderer/viewer/measurementWords.js';

const region: readonly Quantity[] = [
  { name: 'area', value: 190.26, unit: 'mm2' },
  { name: 'mean', value: -12.345, unit: 'HU' },
  { name: 'deviation', value: 4.5, unit: 'HU' },
  { name: 'minimum', value: -30, unit: 'HU' },
  { name: 'maximum', value: 7, unit: 'HU' },
];

describe('the words of what a measurement tells', () => {
  test('give size first, then the values under it with their unit', () => {
    expect(describeQuantities('ellipse', region)).toEqual([
      '190 mm²',
      'mean -12.3 ± 4.50 HU',
      '-30 to 7 HU',
    ]);
    expect(describeQuantities('rectangle', region.slice(0, 1))).toEqual(['190 mm²']); // colour
  });

  test('name no unit where the images have none, and pixels where they have no size', () => {
    const plain = region.map(({ unit, ...rest }) => ({
      ...rest,
      unit: unit === 'HU' ? '' : 'px2',
    }));
    expect(describeQuantities('rectangle', plain)[0]).toBe('190 px²');
    expect(describeQuantities('rectangle', plain)[1]).toBe('mean -12.3 ± 4.50');
  });

  test('tell both axes with one unit, and degrees with one digit', () => {
    expect(
      describeQuantities('bidirectional', [
        { name: 'long-axis', value: 31.26, unit: 'mm' },
        { name: 'short-axis', value: 8, unit: 'mm' },
      ]),
    ).toEqual(['31.3 × 8 mm']);
    expect(describeQuantities('angle', [{ name: 'angle', value: 44.96, unit: 'deg' }])).toEqual([
      '45.0°',
    ]);
  });

  test('say of a region without a value why it has none, and nothing of an arrow', () => {
    expect(describeQuantities('rectangle', [])).toEqual(['reaches beyond the image']);
    expect(describeQuantities('arrow', [])).toEqual([]);
  });
});
