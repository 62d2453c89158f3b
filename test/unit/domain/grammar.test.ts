import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { formatClick, formatUserPrompt, parsePolicyText } from '../../../src/domain/grammar.js';
import { imageToNormalised, normalisedToImage } from '../../../src/domain/plane.js';
import { loadParityCases } from './parity.js';

const clickSchema = z.object({
  kind: z.literal('click'),
  label: z.enum(['include', 'exclude']),
  x: z.number(),
  y: z.number(),
});

describe('the policy grammar', () => {
  const cases = loadParityCases(
    'grammar',
    z.object({
      text: z.string(),
      ok: z.boolean(),
      reasoning: z.string().optional(),
      action: z
        .discriminatedUnion('kind', [
          clickSchema,
          z.object({ kind: z.literal('terminate'), answer: z.string(), targetAbsent: z.boolean() }),
        ])
        .optional(),
    }),
  );
  it.each(cases)('reads %j as Python does', ({ text, ok, reasoning, action }) => {
    const parsed = parsePolicyText(text);
    expect(parsed.ok).toBe(ok);
    if (!parsed.ok) {
      expect(parsed.error).toMatch(/^[A-Z].*\.$/); // a sentence
      return;
    }
    expect(parsed.value.reasoning).toBe(reasoning);
    expect(parsed.value.action).toEqual(
      action?.kind === 'click'
        ? { kind: 'click', label: action.label, normalised: { x: action.x, y: action.y } }
        : action,
    );
  });

  it('reads back every click that it writes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('include' as const, 'exclude' as const),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (label, x, y) => {
          const text = `<think>t</think><action>${formatClick({ label, normalised: { x, y } })}</action>`;
          const parsed = parsePolicyText(text);
          expect(parsed.ok && parsed.value.action.kind === 'click').toBe(true);
          if (!parsed.ok || parsed.value.action.kind !== 'click') return;
          expect(parsed.value.action.label).toBe(label);
          expect(Math.abs(parsed.value.action.normalised.x - x)).toBeLessThanOrEqual(0.5001e-4);
          expect(Math.abs(parsed.value.action.normalised.y - y)).toBeLessThanOrEqual(0.5001e-4);
        },
      ),
    );
  });
});

describe('coordinates agree with Python', () => {
  const size = { width: z.number(), height: z.number() };
  const point = { column: z.number(), row: z.number(), x: z.number(), y: z.number() };
  const cases = loadParityCases(
    'coordinates',
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('toNormalised'), ...size, ...point, actionText: z.string() }),
      z.object({ kind: z.literal('toPixel'), ...size, ...point }),
    ]),
  );
  it.each(cases)('$kind in $width x $height at ($column, $row)', (parity) => {
    const { column, row, x, y } = parity;
    if (parity.kind === 'toPixel') {
      expect(normalisedToImage(parity, { x, y })).toEqual({ column, row });
      return;
    }
    expect(imageToNormalised(parity, { column, row })).toEqual({ x, y });
    expect(formatClick({ label: 'include', normalised: { x, y } })).toBe(parity.actionText);
  });
});

describe('the user prompt agrees with Python', () => {
  const cases = loadParityCases(
    'prompt',
    z.object({
      userTemplate: z.string(),
      request: z.string(),
      orientation: z.string(),
      history: z.array(
        z.object({ label: z.enum(['include', 'exclude']), x: z.number(), y: z.number() }),
      ),
      error: z.string(),
      user: z.string(),
    }),
  );
  it.each(cases)('writes $user', ({ userTemplate, request, orientation, history, error, user }) => {
    const actions = history.map(({ label, x, y }) => formatClick({ label, normalised: { x, y } }));
    expect(formatUserPrompt(userTemplate, { request, orientation, history: actions, error })).toBe(
      user,
    );
  });

  it('keeps braces that a request contains', () => {
    const values = { request: '{history} {x}', orientation: '', history: [], error: '' };
    expect(formatUserPrompt('{request}|{history}', values)).toBe('{history} {x}|none');
  });
});
