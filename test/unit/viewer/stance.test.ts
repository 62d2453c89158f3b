import { describe, expect, it } from 'vitest';

import {
  changeLayout,
  goTo,
  middleOf,
  positionOfPane,
  settle,
  withinVolume,
} from '../../../src/renderer/viewer/stance.js';
import { imageOf, volumeOf } from './viewerFixtures.js';
import type { Stance } from '../../../src/renderer/viewer/stance.js';
import { axialGrid } from '../../fixtures/axialGrid.js';

const volume = volumeOf(axialGrid([10, 20, 30]));
const loose = { ...volume, geometry: null, images: [imageOf({}), imageOf({}), imageOf({})] };
const start: Stance = {
  volume,
  layout: 'stack',
  stackIndex: 0,
  axes: ['acquired', 'axial', 'coronal', 'sagittal'],
  axis: 'acquired',
  activePane: 'main',
  cross: { i: 5, j: 10, k: 15 },
};
const slices = (stance: Stance) =>
  (['main', 'side1', 'side2'] as const).map((paneId) => {
    const position = positionOfPane(stance, paneId);
    return position === null ? null : `${position.axis} ${String(position.sliceIndex)}`;
  });

describe('where the reader is', () => {
  it('is the middle of a volume at first', () => {
    expect(middleOf(volume)).toEqual({ i: 5, j: 10, k: 15 });
    expect(middleOf(loose).k).toBe(1);
  });

  it('is one voxel, which every pane shows along its own axis', () => {
    expect(slices(start)).toEqual(['acquired 15', null, null]);
    expect(slices({ ...start, layout: 'mpr' })).toEqual([
      'acquired 15',
      'coronal 10',
      'sagittal 5',
    ]);
    expect(slices({ ...start, layout: 'mpr', axis: 'sagittal' })).toEqual([
      'sagittal 5',
      'axial 15',
      'coronal 10',
    ]);
  });

  it('never leaves the volume', () => {
    expect(withinVolume(volume, { i: -3, j: 99, k: 7.4 })).toEqual({ i: 0, j: 19, k: 7 });
    expect(goTo(start, { sliceIndex: 400 }).cross.k).toBe(29);
    expect(goTo({ ...start, volume: loose, axes: ['acquired'] }, { sliceIndex: 9 }).cross.k).toBe(
      2,
    );
  });

  it('changes the axis of the stack when a slice of another plane is asked for', () => {
    expect(slices(goTo(start, { axis: 'coronal', sliceIndex: 3 }))[0]).toBe('coronal 3');
    const only: Stance = { ...start, axes: ['acquired'] };
    expect(goTo(only, { axis: 'coronal', sliceIndex: 3 }).axis).toBe('acquired');
  });

  it('goes to the pane that shows the plane where there are three', () => {
    const three: Stance = { ...start, layout: 'mpr' };
    const there = goTo(three, { axis: 'sagittal', sliceIndex: 2 });
    expect(there.activePane).toBe('side2');
    expect(slices(there)).toEqual(['acquired 15', 'coronal 10', 'sagittal 2']);
    // The acquired plane is this volume's axial one.
    expect(goTo(there, { axis: 'axial', sliceIndex: 4 })).toMatchObject({
      activePane: 'main',
      axis: 'acquired',
      cross: { k: 4 },
    });
    // Without an axis, the active pane moves.
    expect(slices(goTo(there, { sliceIndex: 8 }))[2]).toBe('sagittal 8');
  });

  it('goes on alone in the pane that was active when the stack comes back', () => {
    const there = goTo({ ...start, layout: 'mpr' }, { axis: 'coronal', sliceIndex: 2 });
    expect(slices(changeLayout(there, 'stack'))).toEqual(['coronal 2', null, null]);
  });

  it('settles in a smaller volume and in one that has no planes across', () => {
    const moved: Stance = { ...start, axis: 'coronal', volume: loose, axes: ['acquired'] };
    expect(settle(moved)).toMatchObject({ axis: 'acquired', cross: { k: 2 } });
  });
});

const quarters = (stance: Stance) =>
  (['main', 'side1', 'side2', 'side3'] as const).map((paneId) => {
    const position = positionOfPane(stance, paneId);
    return position === null ? null : `${position.axis} ${String(position.sliceIndex)}`;
  });

describe('two by two', () => {
  const quad = changeLayout(start, 'quad');

  it('shows the three planes and the acquired stack, all at the place where the reader was', () => {
    expect(quarters(quad)).toEqual(['axial 15', 'coronal 10', 'sagittal 5', 'acquired 15']);
  });

  it('scrolls the stack by itself, and the planes without it', () => {
    const scrolled = goTo({ ...quad, activePane: 'side3' }, { sliceIndex: 20 });
    expect(quarters(scrolled)).toEqual(['axial 15', 'coronal 10', 'sagittal 5', 'acquired 20']);
    const planes = goTo({ ...scrolled, activePane: 'main' }, { sliceIndex: 3 });
    expect(quarters(planes)).toEqual(['axial 3', 'coronal 10', 'sagittal 5', 'acquired 20']);
  });

  it('goes to a slice in the pane that shows its very axis', () => {
    const there = goTo(quad, { axis: 'acquired', sliceIndex: 7 });
    expect(there.activePane).toBe('side3');
    expect(quarters(there)[3]).toBe('acquired 7');
    expect(goTo(quad, { axis: 'axial', sliceIndex: 7 }).activePane).toBe('main');
  });

  it('makes the pane with the plane that was shown the active one, and goes on alone in it', () => {
    const coronal = goTo(start, { axis: 'coronal', sliceIndex: 4 });
    const opened = changeLayout(coronal, 'quad');
    expect(opened.activePane).toBe('side1');
    expect(quarters(changeLayout(opened, 'stack'))).toEqual(['coronal 4', null, null, null]);
    const stack = goTo({ ...quad, activePane: 'side3' }, { sliceIndex: 20 });
    expect(quarters(changeLayout(stack, 'stack'))[0]).toBe('acquired 20');
  });

  it('shows four images in a row where they form no volume, and none beyond the last', () => {
    const row = {
      ...start,
      volume: loose,
      axes: ['acquired'] as const,
      cross: { i: 0, j: 0, k: 1 },
    };
    const tiles = changeLayout(row, 'quad');
    expect(quarters(tiles)).toEqual(['acquired 1', 'acquired 2', null, null]);
    // A step in the second pane moves the row by one.
    const back = goTo({ ...tiles, activePane: 'side1' }, { sliceIndex: 1 });
    expect(quarters(back)).toEqual(['acquired 0', 'acquired 1', 'acquired 2', null]);
    const first = goTo(back, { sliceIndex: 0 });
    expect(first.activePane).toBe('main');
    expect(quarters(first)[0]).toBe('acquired 0');
  });

  it('keeps the stack inside a volume that has fewer slices', () => {
    const far = {
      ...quad,
      stackIndex: 29,
      volume: { ...volume, geometry: null, images: loose.images },
    };
    expect(settle(far).stackIndex).toBe(2);
  });
});
