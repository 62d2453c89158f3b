import { describe, expect, it } from 'vitest';

import { engineMethods } from '../../../src/contract/channels.js';
import type { EngineMethodName } from '../../../src/contract/channels.js';
import { emptyMask, packMask } from '../../../src/domain/mask.js';

/** What may cross into the engine for each act on prompts, and what may not. */
const sessionId = 'session-1';
const point = { x: 0.25, y: 1 };
const painted = emptyMask(20, 10);
painted.data.fill(1, 40, 55);
const region = packMask(painted);
const inside = region.bounds ?? { left: 0, top: 0, right: 0, bottom: 0 };
const manyPoints = (count: number) => Array.from({ length: count }, () => point);

const cases: readonly (readonly [
  method: EngineMethodName,
  good: readonly unknown[],
  bad: Readonly<Record<string, unknown>>,
])[] = [
  [
    'setBox',
    [
      { sessionId, topLeft: { x: 0, y: 0 }, bottomRight: { x: 1, y: 1 } },
      { sessionId, topLeft: { x: 0.2, y: 0.3 }, bottomRight: { x: 0.21, y: 0.31 } },
    ],
    {
      'a corner beyond the image': {
        sessionId,
        topLeft: { x: -0.1, y: 0 },
        bottomRight: { x: 1, y: 1 },
      },
      'corners the wrong way round': {
        sessionId,
        topLeft: { x: 0.6, y: 0.1 },
        bottomRight: { x: 0.4, y: 0.9 },
      },
      'a box without height': {
        sessionId,
        topLeft: { x: 0.1, y: 0.5 },
        bottomRight: { x: 0.4, y: 0.5 },
      },
      'no number': { sessionId, topLeft: { x: NaN, y: 0 }, bottomRight: { x: 1, y: 1 } },
      'one corner': { sessionId, topLeft: { x: 0, y: 0 } },
    },
  ],
  ['removeBox', [{ sessionId }], { 'no session': {} }],
  [
    'addScribble',
    [
      { sessionId, label: 'include', points: [point] },
      { sessionId, label: 'exclude', points: manyPoints(512) },
    ],
    {
      'no points': { sessionId, label: 'include', points: [] },
      'too many points': { sessionId, label: 'include', points: manyPoints(513) },
      'a point beyond the image': { sessionId, label: 'include', points: [{ x: 0.5, y: 1.01 }] },
      'an unknown label': { sessionId, label: 'perhaps', points: [point] },
    },
  ],
  [
    'removeScribble',
    [{ sessionId, stepIndex: 0 }],
    {
      'a negative step': { sessionId, stepIndex: -1 },
      'half a step': { sessionId, stepIndex: 0.5 },
    },
  ],
  [
    'editMask',
    [
      { sessionId, tool: 'brush', region },
      { sessionId, tool: 'eraser', region: packMask(emptyMask(3, 3)) },
    ],
    {
      'an unknown tool': { sessionId, tool: 'scissors', region },
      'bits that are too few': {
        sessionId,
        tool: 'brush',
        region: { ...region, bits: region.bits.slice(1) },
      },
      'bits that are too many': {
        sessionId,
        tool: 'brush',
        region: { ...region, bits: new Uint8Array(region.bits.length + 1) },
      },
      'bits that are no bytes': {
        sessionId,
        tool: 'brush',
        region: { ...region, bits: [...region.bits] },
      },
      'bounds beyond the image': {
        sessionId,
        tool: 'brush',
        region: { ...region, bounds: { ...inside, right: 20 } },
      },
      'bounds the wrong way round': {
        sessionId,
        tool: 'brush',
        region: { ...region, bounds: { ...inside, left: inside.right + 1 } },
      },
      'bits without bounds': { sessionId, tool: 'brush', region: { ...region, bounds: null } },
      'an image too large for any file': {
        sessionId,
        tool: 'brush',
        region: { ...region, width: 70_000 },
      },
    },
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
