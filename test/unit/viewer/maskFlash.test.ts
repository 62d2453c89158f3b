import { describe, expect, it } from 'vitest';

import { computeFlashOpacity } from '../../../src/renderer/viewer/maskFlash.js';

describe('the flash of what changed in a mask', () => {
  it('is faint from its beginning, only fades, and is gone within half a second', () => {
    const shades = Array.from({ length: 60 }, (_, n) => computeFlashOpacity(n * 10));
    expect(shades[0]).toBeGreaterThan(0.2);
    expect(shades[0]).toBeLessThan(0.5);
    for (const [n, shade] of shades.entries())
      expect(shade).toBeLessThanOrEqual(shades[n - 1] ?? 1);
    expect(computeFlashOpacity(500)).toBe(0);
  });
});
