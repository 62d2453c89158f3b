import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { packMask, unpackMask } from '../../../src/domain/mask.js';
import { packFrames } from '../../../src/engine/export/dicomSeg.js';
import { packLabels } from '../../../src/engine/import/packLabels.js';
import { packStoredBits } from '../../../src/engine/import/packStoredBits.js';

const size = fc.record({
  width: fc.integer({ min: 1, max: 20 }),
  height: fc.integer({ min: 1, max: 12 }),
});

describe('frames of one bit a pixel', () => {
  it('come back as they were, whatever their size, and however they share bytes', () => {
    fc.assert(
      fc.property(
        size.chain(({ width, height }) =>
          fc.array(
            fc
              .array(fc.integer({ min: 0, max: 5 }), {
                minLength: width * height,
                maxLength: width * height,
              })
              .map((values) => ({
                width,
                height,
                data: Uint8Array.from(values, (value) => (value === 5 ? 1 : 0)),
              })),
            { minLength: 1, maxLength: 6 },
          ),
        ),
        (masks) => {
          const [{ width, height } = { width: 1, height: 1 }] = masks;
          const stored = packFrames(masks.map(packMask), width * height);
          masks.forEach((mask, n) => {
            expect(packStoredBits(stored, n * width * height, width, height)).toEqual(
              packMask(mask),
            );
          });
        },
      ),
    );
  });
});

describe('a slice of labels', () => {
  it('is taken apart into the mask of each label, without the background', () => {
    fc.assert(
      fc.property(
        size.chain(({ width, height }) =>
          fc.record({
            width: fc.constant(width),
            height: fc.constant(height),
            labels: fc.array(fc.integer({ min: 0, max: 4 }), {
              minLength: width * height,
              maxLength: width * height,
            }),
          }),
        ),
        ({ width, height, labels }) => {
          const masks = packLabels(Uint8Array.from(labels), { width, height }, new Set([0, 4]));
          expect([...masks.keys()].sort()).toEqual(
            [1, 2, 3].filter((label) => labels.includes(label)),
          );
          for (const [label, mask] of masks)
            expect([...unpackMask(mask).data]).toEqual(
              labels.map((value) => Number(value === label)),
            );
        },
      ),
    );
  });
});
