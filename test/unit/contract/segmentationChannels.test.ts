import { describe, expect, it } from 'vitest';

import { engineMethods } from '../../../src/contract/channels.js';
import type { EngineMethodName } from '../../../src/contract/channels.js';
import { emptyMask, packMask } from '../../../src/domain/mask.js';

/** What may cross into the engine about segmentations, and what may not. */
const segmentationId = 'segmentation-1';
const ofSegment = { segmentationId, segmentNumber: 1 };
const painted = emptyMask(20, 10);
painted.data.fill(1, 40, 55);
const region = packMask(painted);
const liver = { value: '10200004', scheme: 'SCT', meaning: 'Liver' };
const codes = { category: liver, type: liver, modifier: null };
const stroke = {
  ...ofSegment,
  axis: 'coronal',
  mode: 'add',
  toolLabel: 'Brush',
  slices: [{ sliceIndex: 0, region }],
};

const cases: readonly (readonly [
  method: EngineMethodName,
  good: readonly unknown[],
  bad: Readonly<Record<string, unknown>>,
])[] = [
  [
    'createSegmentation',
    [{ seriesId: 's', phaseIndex: 0, segmentationLabel: 'Abdomen, Leber und Milz (ü)' }],
    {
      'no label': { seriesId: 's', phaseIndex: 0, segmentationLabel: '  ' },
      'a label longer than DICOM takes': {
        seriesId: 's',
        phaseIndex: 0,
        segmentationLabel: 'x'.repeat(65),
      },
      'a backslash, which parts values in DICOM': {
        seriesId: 's',
        phaseIndex: 0,
        segmentationLabel: 'a\\b',
      },
      'a new line': { seriesId: 's', phaseIndex: 0, segmentationLabel: 'a\nb' },
      'half a phase': { seriesId: 's', phaseIndex: 0.5, segmentationLabel: 'a' },
    },
  ],
  ['listSegmentations', [{ seriesId: 's' }], { 'no series': {} }],
  ['getSegmentation', [{ segmentationId }], { 'a number': { segmentationId: 1 } }],
  [
    'renameSegmentation',
    [{ segmentationId, segmentationLabel: 'a' }],
    { 'no name': { segmentationId } },
  ],
  ['deleteSegmentation', [{ segmentationId }], { nothing: {} }],
  [
    'setOverlapPolicy',
    ['allow', 'overwrite-all', 'overwrite-visible'].map((overlap) => ({ segmentationId, overlap })),
    { 'an unknown policy': { segmentationId, overlap: 'merge' } },
  ],
  [
    'addSegment',
    [
      { segmentationId, segmentLabel: 'left kidney' },
      { segmentationId, segmentLabel: 'Liver', codes, colour: '#00ff7f' },
    ],
    {
      'a colour by name': { segmentationId, segmentLabel: 'Liver', colour: 'red' },
      'a code without meaning': {
        segmentationId,
        segmentLabel: 'Liver',
        codes: { ...codes, type: { ...liver, meaning: '' } },
      },
      'half of the codes': { segmentationId, segmentLabel: 'Liver', codes: { type: liver } },
    },
  ],
  [
    'changeSegment',
    [
      { ...ofSegment, change: {} },
      { ...ofSegment, change: { visible: false, opacity: 1 } },
      { ...ofSegment, change: { type: liver, modifier: null, locked: true, colour: '#000000' } },
    ],
    {
      'segment 0': { ...ofSegment, segmentNumber: 0, change: {} },
      'more than opaque': { ...ofSegment, change: { opacity: 1.1 } },
      'an empty label': { ...ofSegment, change: { segmentLabel: '' } },
    },
  ],
  [
    'moveSegment',
    [{ ...ofSegment, toIndex: 0 }],
    { 'before the first': { ...ofSegment, toIndex: -1 } },
  ],
  ['removeSegment', [ofSegment], { 'no segment': { segmentationId } }],
  [
    'getSegmentMasks',
    [{ segmentationId, axis: 'acquired', sliceIndex: 0 }],
    {
      'an oblique axis': { segmentationId, axis: 'oblique', sliceIndex: 0 },
      'a slice before the first': { segmentationId, axis: 'axial', sliceIndex: -1 },
    },
  ],
  [
    'paintSegment',
    [
      stroke,
      { ...stroke, mode: 'erase', toolLabel: 'Sphere eraser' },
      { ...stroke, range: { lower: -50, upper: 150 } },
      { ...stroke, slices: [0, 1, 2].map((sliceIndex) => ({ sliceIndex, region })) },
    ],
    {
      'no slice': { ...stroke, slices: [] },
      'a range that ends before it begins': { ...stroke, range: { lower: 150, upper: -50 } },
      'an unknown mode': { ...stroke, mode: 'toggle' },
      'a tool without a name': { ...stroke, toolLabel: '' },
      'bits that are too few': {
        ...stroke,
        slices: [{ sliceIndex: 0, region: { ...region, bits: region.bits.slice(1) } }],
      },
      'bounds beyond the image': {
        ...stroke,
        slices: [
          {
            sliceIndex: 0,
            region: { ...region, bounds: { left: 0, top: 2, right: 20, bottom: 2 } },
          },
        ],
      },
    },
  ],
  ['addSessionMask', [{ ...ofSegment, sessionId: 's' }], { 'no session': ofSegment }],
  ['undoSegmentation', [{ segmentationId }], { nothing: {} }],
  ['redoSegmentation', [{ segmentationId }], { nothing: {} }],
  [
    'computeSegmentStatistics',
    [ofSegment],
    { 'a segment that DICOM cannot number': { segmentationId, segmentNumber: 65_536 } },
  ],
];

describe.each(cases)('%s', (method, good, bad) => {
  it.each(good.map((params, n) => [n, params]))('takes what it is for (%i)', (_n, params) => {
    expect(engineMethods[method].safeParse(params).success).toBe(true);
  });
  it.each(Object.entries(bad))('refuses %s', (_title, params) => {
    expect(engineMethods[method].safeParse(params).success).toBe(false);
  });
});

describe('what a user may change of a segment', () => {
  it('is neither its number nor who drew it', () => {
    const change = { segmentNumber: 7, source: 'automatic', visible: true };
    expect(engineMethods.changeSegment.parse({ ...ofSegment, change }).change).toEqual({
      visible: true,
    });
  });
});
