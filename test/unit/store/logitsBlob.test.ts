import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodeLogits, encodeLogits } from '../../../src/engine/store/logitsBlob.js';

describe('stored logits', () => {
  it('come back bit for bit, also NaN, infinities and signed zero', () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 1, maxLength: 300 }), (logits) => {
        const back = decodeLogits(encodeLogits(logits), logits.length);
        expect([...new Uint32Array(back.buffer)]).toEqual([
          ...new Uint32Array(logits.slice().buffer),
        ]);
      }),
    );
  });

  it('take a view into a larger buffer for what it is', () => {
    const whole = Float32Array.from({ length: 100 }, (_, p) => Math.sin(p));
    const part = whole.subarray(30, 60);
    expect(decodeLogits(encodeLogits(part), 30)).toEqual(part.slice());
  });

  it('are refused when damaged or of another length', () => {
    const blob = encodeLogits(new Float32Array(64).fill(2.5));
    expect(() => decodeLogits(blob, 63)).toThrow();
    expect(() => decodeLogits(blob, 65)).toThrow('wrong length');
    const damaged = Buffer.from(blob);
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 0xff;
    expect(() => decodeLogits(damaged, 64)).toThrow();
  });
});
