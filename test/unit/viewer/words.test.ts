import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { describeReading, describeWindow } from '../../../src/renderer/viewer/cornerText.js';
import { edgeLetters, letterOf } from '../../../src/renderer/viewer/orientationLetters.js';
import { planeName, sideAxes } from '../../../src/renderer/viewer/planeNames.js';
import { computeScaleBar } from '../../../src/renderer/viewer/scaleBar.js';
import { parseSliceImageId, sliceImageId } from '../../../src/renderer/viewer/sliceImageId.js';
import {
  computePercentileWindow,
  dragWindow,
  presetsFor,
  windowOfRange,
} from '../../../src/renderer/viewer/windowing.js';
import { computeSlicePlane } from '../../../src/domain/plane.js';
import { loadParityCases } from '../domain/parity.js';
import type { VolumeGeometry } from '../../../src/domain/geometry.js';
import { axialGrid } from '../../fixtures/axialGrid.js';

const degrees = (angle: number): number => (angle * Math.PI) / 180;
const head: VolumeGeometry = axialGrid([4, 5, 6]);

describe('letters at the edges', () => {
  it('name the side of the patient in LPS', () => {
    expect(edgeLetters([1, 0, 0], [0, 1, 0])).toEqual({
      left: 'R',
      right: 'L',
      top: 'A',
      bottom: 'P',
    });
    expect(edgeLetters([0, 1, 0], [0, 0, -1])).toEqual({
      left: 'A',
      right: 'P',
      top: 'S',
      bottom: 'I',
    });
  });

  it('become two when the image leans more than 15 degrees, the nearer side first', () => {
    const leaning = (angle: number) =>
      letterOf([0, Math.cos(degrees(angle)), -Math.sin(degrees(angle))]);
    expect(leaning(10)).toBe('P');
    expect(leaning(20)).toBe('PI');
    expect(leaning(70)).toBe('IP');
    expect(letterOf([-0.577, -0.578, 0.576])).toBe('AR');
  });
});

describe('the scale bar', () => {
  it('is the longest round length that fits', () => {
    expect(computeScaleBar(2, 150, 'mm')).toEqual({ lengthPx: 100, label: '5 cm' });
    expect(computeScaleBar(20, 150, 'mm')).toEqual({ lengthPx: 100, label: '5 mm' });
    expect(computeScaleBar(400, 150, 'mm')).toEqual({ lengthPx: 80, label: '0.2 mm' });
    expect(computeScaleBar(1, 100, 'px')).toEqual({ lengthPx: 100, label: '100 px' });
  });

  it('is left out where there is nothing to measure by', () => {
    expect(computeScaleBar(200, 150, 'px')).toBeNull(); // less than a pixel
    expect(computeScaleBar(0, 150, 'mm')).toBeNull();
  });
});

describe('windows', () => {
  it('from percentiles are those that training computes', () => {
    const shape = z.object({
      values: z.array(z.array(z.number())),
      low: z.number().optional(),
      high: z.number().optional(),
      lo: z.number(),
      hi: z.number(),
    });
    const cases = loadParityCases('window', shape).filter(
      (each) => each.low === 1 && each.high === 99,
    );
    expect(cases.length).toBeGreaterThan(1);
    for (const { values, lo, hi } of cases) {
      const window = computePercentileWindow(values.flat());
      expect(window?.centre).toBeCloseTo((lo + hi) / 2, 9);
      expect(window?.width).toBeCloseTo(hi > lo ? hi - lo : 1, 9);
    }
    expect(computePercentileWindow([NaN, Infinity])).toBeNull();
  });

  it('are never empty, however far one drags', () => {
    expect(windowOfRange(5, 5)).toEqual({ centre: 5, width: 1 });
    expect(dragWindow({ centre: 0, width: 400 }, -1e6, 0, 4000).width).toBeGreaterThan(0);
    expect(dragWindow({ centre: 0.5, width: 1 }, -1e6, 0, 1).width).toBeLessThan(0.01);
  });

  it('widen to the right and darken downwards', () => {
    const dragged = dragWindow({ centre: 40, width: 400 }, 30, 30, 1200);
    expect(dragged).toEqual({ centre: 100, width: 460 });
  });

  it('in Hounsfield units are offered for CT alone', () => {
    const ofItsOwn = ['stored', 'auto', 'full'];
    const idsFor = (...series: Parameters<typeof presetsFor>): readonly string[] =>
      presetsFor(...series).map(({ id }) => id);
    expect(idsFor({ modality: 'MR', sourceKind: 'dicom' })).toEqual(ofItsOwn);
    expect(idsFor({ modality: '', sourceKind: 'image' })).toEqual(ofItsOwn);
    expect(idsFor(null)).toEqual(ofItsOwn);
    expect(idsFor({ modality: 'CT', sourceKind: 'dicom' })).toHaveLength(9);
    // A NIfTI does not say what it is; a head CT without its windows would be of no use.
    expect(idsFor({ modality: '', sourceKind: 'nifti' })).toHaveLength(9);
  });
});

describe('words on the image', () => {
  it('tell a pixel by its place, value and unit', () => {
    const at = { phaseIndex: 0, axis: 'axial', sliceIndex: 1, column: 12, row: 3 } as const;
    expect(describeReading({ ...at, values: [-42], unit: 'HU' })).toBe('x 12  y 3  -42 HU');
    expect(describeReading({ ...at, values: [255, 0, 17], unit: '' })).toBe(
      'x 12  y 3  255, 0, 17',
    );
    expect(describeReading({ ...at, values: null, unit: 'HU' })).toBe('x 12  y 3');
  });

  it('show fractions of a window only where they matter', () => {
    expect(describeWindow({ centre: 40.2, width: 399.6 })).toBe('W 400  L 40');
    expect(describeWindow({ centre: 0.5, width: 1 })).toBe('W 1.000  L 0.500');
  });

  it('name the plane; a grid without orientation has axes, not sides', () => {
    expect(planeName(computeSlicePlane(head, 'acquired'))).toBe('Axial');
    const nameless = { ...head, orientationKnown: false };
    expect(planeName(computeSlicePlane(nameless, 'acquired'))).toBe('');
    expect(planeName(computeSlicePlane(nameless, 'coronal'))).toBe('xz plane');
  });

  it('put the two other planes beside the main one', () => {
    expect(sideAxes(head, 'acquired')).toEqual(['coronal', 'sagittal']);
    expect(sideAxes(head, 'sagittal')).toEqual(['axial', 'coronal']);
  });
});

it('an image id leads back to its slice, and a foreign one nowhere', () => {
  const position = { phaseIndex: 2, axis: 'coronal', sliceIndex: 31 } as const;
  const id = sliceImageId('a.b%2Fc', position);
  expect(parseSliceImageId(id)).toEqual({ seriesKey: 'a.b%2Fc', position });
  for (const foreign of ['', 'wadouri:x', 'ibis:s/0/oblique/1', 'ibis:s/0/axial/-1'])
    expect(parseSliceImageId(foreign)).toBeNull();
});
