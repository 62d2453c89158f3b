import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  applySliceChanges,
  intersectSlices,
  subtractSlices,
  uniteSlices,
} from '../../../src/domain/segmentSlices.js';
import { overlapPolicies } from '../../../src/domain/segmentation.js';
import type { OverlapPolicy, Segment, SegmentSlices } from '../../../src/domain/segmentation.js';
import { noActs, pushAct } from '../../../src/engine/segmentations/actStacks.js';
import type { ActSummary } from '../../../src/engine/segmentations/actStacks.js';
import { editVoxels } from '../../../src/engine/segmentations/editVoxels.js';
import type { FlipRecord } from '../../../src/engine/segmentations/editVoxels.js';
import {
  applyHeaderPatch,
  computeHeaderPatch,
  headerPatchSchema,
} from '../../../src/engine/segmentations/headerPatch.js';
import type { SegmentationHeader } from '../../../src/engine/segmentations/headerPatch.js';
import { applyChange, makeChange } from '../../../src/engine/segmentations/state.js';
import type { SegmentationState } from '../../../src/engine/segmentations/state.js';
import { computeStroke } from '../../../src/engine/segmentations/strokes.js';
import { sampleSegment, voxelSets, voxelsAt } from './samples.js';

const segments: fc.Arbitrary<Segment> = fc
  .record({
    segmentNumber: fc.integer({ min: 1, max: 6 }),
    segmentLabel: fc.constantFrom('Liver', 'Spleen', 'left kidney'),
    colour: fc.constantFrom('#000000', '#ffffff'),
    opacity: fc.constantFrom(0, 0.5, 1),
    visible: fc.boolean(),
    locked: fc.boolean(),
    modifier: fc.constantFrom(null, { value: '7771000', scheme: 'SCT', meaning: 'Left' }),
  })
  .map(({ segmentNumber, ...facts }) => sampleSegment(segmentNumber, facts));
const headers: fc.Arbitrary<SegmentationHeader> = fc.record({
  segmentationLabel: fc.constantFrom('Abdomen', 'Head'),
  overlap: fc.constantFrom(...overlapPolicies),
  segments: fc.uniqueArray(segments, { selector: ({ segmentNumber }) => segmentNumber }),
});

describe('what changes of labels and list', () => {
  it('leads from any header to any other, through the JSON that is stored', () => {
    fc.assert(
      fc.property(headers, headers, (from, to) => {
        const stored: unknown = JSON.parse(JSON.stringify(computeHeaderPatch(from, to)));
        expect(applyHeaderPatch(from, headerPatchSchema.parse(stored))).toEqual(to);
        expect(computeHeaderPatch(to, to)).toEqual({});
      }),
    );
  });

  it('keeps what has changed otherwise since: undoing a new name does not show what was hidden', () => {
    const header = (segment: Segment): SegmentationHeader => ({
      segmentationLabel: 'Abdomen',
      overlap: 'allow',
      segments: [segment],
    });
    const before = header(sampleSegment(1, { segmentLabel: 'Liver' }));
    const renamed = header(sampleSegment(1, { segmentLabel: 'Spleen' }));
    const hidden = header(sampleSegment(1, { segmentLabel: 'Spleen', visible: false }));
    expect(applyHeaderPatch(hidden, computeHeaderPatch(renamed, before)).segments).toEqual([
      sampleSegment(1, { segmentLabel: 'Liver', visible: false }),
    ]);
  });

  it('is refused where it belongs to another list', () => {
    const patch = { order: [1, 2] };
    const header = {
      segmentationLabel: 'a',
      overlap: 'allow',
      segments: [sampleSegment(1)],
    } as const;
    expect(() => applyHeaderPatch(header, patch)).toThrow('not whole');
    expect(headerPatchSchema.safeParse({ segments: { liver: null } }).success).toBe(false);
    expect(headerPatchSchema.safeParse({ segments: { 1: { colour: 'red' } } }).success).toBe(false);
  });
});

const stateOf = (
  overlap: OverlapPolicy,
  list: readonly (readonly [Segment, SegmentSlices])[],
): SegmentationState => ({
  header: { segmentationLabel: 'Abdomen', overlap, segments: list.map(([segment]) => segment) },
  voxels: new Map(list.map(([segment, slices]) => [segment.segmentNumber, slices])),
});
const add = (state: SegmentationState, segmentNumber: number, region: SegmentSlices) => {
  const flips: FlipRecord = new Map();
  const before = state.voxels.get(segmentNumber) ?? new Map();
  const changedSlices = computeStroke(before, region, 'add');
  return {
    flips,
    after: editVoxels(state, { segmentNumber, changedSlices, source: 'manual' }, flips),
  };
};

describe('an edit', () => {
  it('and its undoing lead to the very voxels after and before, whatever it overwrote', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...overlapPolicies),
        voxelSets,
        voxelSets,
        voxelSets,
        voxelSets,
        fc.boolean(),
        fc.boolean(),
        (overlap, own, second, third, region, visible, locked) => {
          const before = stateOf(overlap, [
            [sampleSegment(1), own],
            [sampleSegment(2, { visible }), second],
            [sampleSegment(3, { locked }), third],
          ]);
          const { after, flips } = add(before, 1, region);
          const change = makeChange(before, after, flips);
          if (change === null) {
            expect(after.voxels).toEqual(before.voxels);
            return;
          }
          const withoutEmpty = (state: SegmentationState) =>
            [...state.voxels].filter(([, slices]) => slices.size > 0);
          const forth = applyChange(before, change, 'forth');
          expect(withoutEmpty(forth)).toEqual(withoutEmpty(after));
          expect(withoutEmpty(applyChange(forth, change, 'back'))).toEqual(withoutEmpty(before));
          // Who still has the voxels takes them as they are, and works the others out.
          const known = { before: before.voxels, after: after.voxels };
          const remembered = applyChange(after, change, 'back', known);
          expect(withoutEmpty(remembered)).toEqual(withoutEmpty(before));
          for (const number of change.flips.keys())
            expect(remembered.voxels.get(number)).toBe(before.voxels.get(number));
          expect(withoutEmpty(applyChange(forth, change, 'back', known))).toEqual(
            withoutEmpty(before),
          );
        },
      ),
    );
  });

  it('takes new voxels from its rivals as the overlap policy says, and never from a locked one', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...overlapPolicies),
        voxelSets,
        voxelSets,
        voxelSets,
        fc.boolean(),
        fc.boolean(),
        (overlap, own, rival, region, visible, locked) => {
          const { after } = add(
            stateOf(overlap, [
              [sampleSegment(1), own],
              [sampleSegment(2, { visible, locked }), rival],
            ]),
            1,
            region,
          );
          const isRival =
            overlap === 'overwrite-all' || (overlap === 'overwrite-visible' && visible);
          const added = subtractSlices(region, own);
          const wantedRival = isRival && !locked ? subtractSlices(rival, added) : rival;
          const kept = isRival && locked ? subtractSlices(added, rival) : added;
          expect(after.voxels.get(2)).toEqual(wantedRival);
          expect(after.voxels.get(1)).toEqual(uniteSlices(own, kept));
        },
      ),
    );
  });

  it('of a locked segment is refused with its name, and one on voxels that changed since', () => {
    const state = stateOf('allow', [
      [sampleSegment(1, { locked: true, segmentLabel: 'Liver' }), voxelsAt(1)],
      [sampleSegment(2), voxelsAt(2)],
    ]);
    expect(() => add(state, 1, voxelsAt(3))).toThrow('"Liver" is locked. Unlock it to change it.');
    const edit = { segmentNumber: 2, changedSlices: new Map(), source: 'manual' } as const;
    expect(() => editVoxels(state, { ...edit, basedOn: voxelsAt(2) }, new Map())).toThrow(
      /changed in the meantime/,
    );
    expect(() => add(state, 7, voxelsAt(3))).toThrow(/not in the segmentation any more/);
  });

  it('that changes nothing is no act, also where a locked neighbour holds all that it wants', () => {
    const state = stateOf('overwrite-all', [
      [sampleSegment(1, { source: 'automatic' }), voxelsAt(1, 2)],
      [sampleSegment(2, { locked: true }), voxelsAt(3)],
    ]);
    for (const region of [voxelsAt(1), voxelsAt(3)]) {
      const { after, flips } = add(state, 1, region);
      expect(makeChange(state, after, flips)).toBeNull();
    }
  });

  it('makes a segment of two hands semiautomatic, and an empty one that of its first', () => {
    const sourceAfter = (facts: Partial<Segment>, slices: SegmentSlices) =>
      add(stateOf('allow', [[sampleSegment(1, facts), slices]]), 1, voxelsAt(5)).after.header
        .segments[0]?.source;
    expect(sourceAfter({ source: 'automatic' }, voxelsAt(1))).toBe('semiautomatic');
    expect(sourceAfter({ source: 'automatic' }, voxelsAt())).toBe('manual');
    expect(sourceAfter({ source: 'manual' }, voxelsAt(1))).toBe('manual');
  });

  it('keeps only the voxels that flipped', () => {
    const state = stateOf('allow', [[sampleSegment(1), voxelsAt(0, 1, 40, 41, 80)]]);
    const { after, flips } = add(state, 1, voxelsAt(41, 42));
    const change = makeChange(state, after, flips);
    expect(change?.flips.get(1)).toEqual(voxelsAt(42));
    expect([...(change?.flips.keys() ?? [])]).toEqual([1]);
  });
});

describe('the voxels that two segments share', () => {
  it('are those of both', () => {
    expect(intersectSlices(voxelsAt(1, 2, 40), voxelsAt(2, 3, 70))).toEqual(voxelsAt(2));
    expect(applySliceChanges(voxelsAt(1), new Map())).toEqual(voxelsAt(1));
  });
});

describe('undo and redo', () => {
  const act = (actNumber: number, kind: ActSummary['kind'], ofAct: number | null = null) =>
    ({ actNumber, kind, ofAct, label: `act ${actNumber}` }) as const;
  const stacksAfter = (acts: readonly ActSummary[]) => {
    const { undo, redo } = acts.reduce(pushAct, noActs);
    return [undo?.label ?? null, redo?.label ?? null];
  };

  it('go through the edits in order, past settings, and a new edit ends what could be redone', () => {
    const acts: ActSummary[] = [act(0, 'create')];
    expect(stacksAfter(acts)).toEqual([null, null]);
    acts.push(act(1, 'edit'), act(2, 'edit'), act(3, 'setting'));
    expect(stacksAfter(acts)).toEqual(['act 2', null]);
    acts.push(act(4, 'undo', 2));
    expect(stacksAfter(acts)).toEqual(['act 1', 'act 2']);
    acts.push(act(5, 'undo', 1));
    expect(stacksAfter(acts)).toEqual([null, 'act 1']);
    acts.push(act(6, 'redo', 1));
    expect(stacksAfter(acts)).toEqual(['act 1', 'act 2']);
    acts.push(act(7, 'edit'));
    expect(stacksAfter(acts)).toEqual(['act 7', null]);
  });

  it('refuse a history that cannot have been', () => {
    expect(() => stacksAfter([act(0, 'create'), act(1, 'undo', 1)])).toThrow('out of order');
    expect(() => stacksAfter([act(0, 'create'), act(1, 'edit'), act(2, 'redo', 1)])).toThrow(
      'out of order',
    );
  });
});
