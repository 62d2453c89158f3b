import { describe, expect, test } from 'vitest';

import {
  formatCount,
  formatDicomDate,
  formatElapsed,
  formatPatientName,
  formatScore,
  formatWhen,
} from '../../../src/renderer/ui/format.js';

describe('formatPatientName', () => {
  test.each([
    ['Doe^Jane^^Dr', 'Doe, Jane'],
    ['Doe', 'Doe'],
    ['^Jane', 'Jane'],
    ['Yamada^Tarou=山田^太郎', 'Yamada, Tarou'],
    ['', 'No name'],
    ['  ^  ', 'No name'],
  ])('writes %j as %j', (stored, shown) => {
    expect(formatPatientName(stored)).toBe(shown);
  });
});

test('a DICOM date is written with dashes, and anything else as it stands', () => {
  expect(formatDicomDate('20260401')).toBe('2026-04-01');
  expect(formatDicomDate('2026.04.01')).toBe('2026.04.01');
  expect(formatDicomDate('')).toBe('');
});

test('times of today stand alone, others with their day', () => {
  const now = new Date(2026, 3, 2, 18, 0);
  expect(formatWhen(new Date(2026, 3, 2, 9, 5).toISOString(), now)).toBe('09:05');
  expect(formatWhen(new Date(2026, 3, 1, 9, 5).toISOString(), now)).toBe('2026-04-01 09:05');
  expect(formatWhen('not a time', now)).toBe('');
});

test('durations change unit without ever reading 1000 ms or 60.0 s', () => {
  expect(formatElapsed(85.4)).toBe('85 ms');
  expect(formatElapsed(999.6)).toBe('1.0 s');
  expect(formatElapsed(59_940)).toBe('59.9 s');
  expect(formatElapsed(59_960)).toBe('1 min 0 s');
  expect(formatElapsed(125_000)).toBe('2 min 5 s');
});

test('a score is never shown outside 0 to 1', () => {
  expect(formatScore(1.013)).toBe('1.00');
  expect(formatScore(-0.02)).toBe('0.00');
  expect(formatScore(0.876)).toBe('0.88');
});

test('counts agree with their noun', () => {
  expect(formatCount(1, 'image')).toBe('1 image');
  expect(formatCount(1234, 'image')).toBe('1,234 images');
  expect(formatCount(2, 'study', 'studies')).toBe('2 studies');
});
