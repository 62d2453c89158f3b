import { describe, expect, test } from 'vitest';

import { placeLabel } from '../../../src/renderer/viewer/measurementLabels.js';

const pane = { width: 400, height: 300 };
const label = { left: 100, right: 200, y: 150, lines: ['12 mm²', 'mean 3 HU', '1 to 5 HU'] };

describe('the words of a measurement', () => {
  test('stand at its right, level with its end', () => {
    expect(placeLabel(label, 120, pane)).toEqual({ x: 210, y: 150 });
  });

  test('stand at its left where the pane ends too soon at its right', () => {
    expect(placeLabel({ ...label, left: 250, right: 390 }, 120, pane)).toEqual({ x: 120, y: 150 });
  });

  test('stay within the pane where neither side has room, and at its upper and lower edge', () => {
    const wide = { ...label, left: 20, right: 390 };
    expect(placeLabel(wide, 120, pane)).toEqual({ x: 272, y: 150 });
    expect(placeLabel({ ...wide, y: -20 }, 120, pane).y).toBe(16);
    const { y } = placeLabel({ ...wide, y: 299 }, 120, pane);
    expect(y + 2.5 * 16).toBeLessThanOrEqual(pane.height); // three lines of 16 px, from the middle of the first
  });
});
