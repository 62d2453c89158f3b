import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { computeLuma } from '../../../src/domain/overlay.js';
import {
  boundsOfLowRes,
  createFrame,
  readFrameMask,
  toLowResLogits,
} from '../../../src/engine/inference/clickFrame.js';
import {
  boundsOfMask,
  boundsOfPrompts,
  focusWindow,
  isWorthRefocusing,
} from '../../../src/engine/inference/clickWindow.js';
import { loadParityCases, rowsOf, rowsSchema } from '../domain/parity.js';

const windowSchema = z.object({
  left: z.number(),
  top: z.number(),
  width: z.number(),
  height: z.number(),
});
const boundsSchema = z.object({
  left: z.number(),
  top: z.number(),
  right: z.number(),
  bottom: z.number(),
});
const labelSchema = z.enum(['include', 'exclude']);

describe('the windows of the click net', () => {
  const cases = loadParityCases(
    'click-window',
    z.object({
      width: z.number(),
      height: z.number(),
      bounds: boundsSchema.nullable(),
      window: windowSchema,
      found: boundsSchema.nullable(),
      looks: z.array(z.object({ window: windowSchema, again: z.boolean() })),
    }),
  );
  test.each(cases)('lie where training put them: $width x $height, $bounds', (given) => {
    expect(focusWindow(given.bounds, given)).toEqual(given.window);
    for (const { window, again } of given.looks)
      if (given.found !== null)
        expect(isWorthRefocusing(window, given.window, given.found, given)).toBe(again);
  });
});

describe('the frames of the click net', () => {
  const cases = loadParityCases(
    'click-frame',
    z.object({
      rgb: z.array(z.array(z.array(z.number()))),
      framePx: z.number(),
      window: windowSchema,
      clicks: z.array(z.object({ label: labelSchema, x: z.number(), y: z.number() })),
      box: boundsSchema.nullable(),
      scribbles: z.array(
        z.object({ label: labelSchema, points: z.array(z.tuple([z.number(), z.number()])) }),
      ),
      previous: rowsSchema.nullable(),
      logits: rowsSchema,
      gray: rowsSchema,
      inside: rowsSchema,
      include: rowsSchema,
      exclude: rowsSchema,
      boxMap: rowsSchema,
      previousMap: rowsSchema,
      promptBounds: boundsSchema.nullable(),
      mask: rowsSchema,
      maskBounds: boundsSchema,
      lowRes: rowsSchema,
      lowResBounds: boundsSchema.nullable(),
    }),
  );
  test.each(cases.map((given, index) => ({ given, index })))(
    'hold what training drew into them, and are read as it reads them (case $index)',
    ({ given }) => {
      const { framePx, window, box } = given;
      const height = given.rgb.length;
      const width = given.rgb[0]?.length ?? 0;
      const slice = { width, height, rgb: Uint8Array.from(given.rgb.flat(2)), key: 'case' };
      const prompts = {
        clicks: given.clicks.map(({ label, x, y }) => ({ label, normalised: { x, y } })),
        box:
          box === null
            ? null
            : {
                topLeft: { x: box.left, y: box.top },
                bottomRight: { x: box.right, y: box.bottom },
              },
        scribbles: given.scribbles.map(({ label, points }) => ({
          label,
          points: points.map(([x, y]) => ({ x, y })),
        })),
      };
      const previous = given.previous === null ? null : Float32Array.from(given.previous.flat());
      const gray = { width, height, data: computeLuma(slice.rgb) };
      const frame = createFrame(gray, window, prompts, previous, framePx);
      const channel = (index: number): number[][] =>
        rowsOf(frame.subarray(index * framePx ** 2, (index + 1) * framePx ** 2), framePx);

      expect(channel(0)).toEqual(given.gray);
      expect(channel(1)).toEqual(given.inside);
      expect(channel(2)).toEqual(given.include);
      expect(channel(3)).toEqual(given.exclude);
      expect(channel(4)).toEqual(given.boxMap);
      expectNear(channel(5), given.previousMap);
      expectBoundsNear(boundsOfPrompts(prompts, slice), given.promptBounds);

      const logits = Float32Array.from(given.logits.flat());
      const mask = readFrameMask(logits, window, slice, framePx);
      expect(rowsOf(mask.data, width)).toEqual(given.mask);
      expect(boundsOfMask(mask)).toEqual(given.maskBounds);
      const lowRes = toLowResLogits(logits, window, slice, framePx);
      expectNear(rowsOf(lowRes, framePx), given.lowRes);
      expectBoundsNear(boundsOfLowRes(lowRes, slice, framePx), given.lowResBounds);
    },
  );
});

function expectNear(found: readonly number[][], wanted: readonly number[][]): void {
  expect(found.length).toBe(wanted.length);
  const differences = found.flatMap((row, r) =>
    row.map((value, c) => Math.abs(value - (wanted[r]?.[c] ?? NaN))),
  );
  expect(Math.max(...differences)).toBeLessThan(1e-4);
}

type Corners = z.infer<typeof boundsSchema> | null;

function expectBoundsNear(found: Corners, wanted: Corners): void {
  if (found === null || wanted === null) {
    expect(found).toEqual(wanted);
    return;
  }
  for (const side of ['left', 'top', 'right', 'bottom'] as const)
    expect(found[side]).toBeCloseTo(wanted[side], 4);
}
