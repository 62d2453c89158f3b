import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  cleanDescription,
  findIdentifiers,
  removeIdentifiers,
} from '../../../src/engine/deidentify/identifiers.js';
import { createPseudonyms } from '../../../src/engine/deidentify/pseudonyms.js';
import { shiftDates } from '../../../src/engine/deidentify/values.js';

const leaf = (tag: string, vr: string, text: string) => ({ tag, vr, value: Buffer.from(text) });
const identifiers = findIdentifiers(
  [
    leaf('00100010', 'PN', 'Li^Annabella'),
    leaf('00100020', 'LO', 'MRN-4711'),
    leaf('00200010', 'SH', '1'),
    leaf('00080080', 'LO', 'Klinikum Elsewhere'),
    leaf('00100030', 'DA', '19430217'),
  ],
  (bytes) => Buffer.from(bytes).toString('latin1'),
  true,
);

describe('Words that identify', () => {
  it.each([
    ['Thorax Annabella', 'Thorax'],
    ['ANNABELLAS Thorax', 'Thorax'],
    ['Li, liver', 'liver'],
    ['MRN-4711 left', 'MRN- left'],
    ['born 19430217', 'born'],
    ['Phase 1', 'Phase 1'],
    ['Elsewhere', 'Elsewhere'], // a place is a plain word
  ])('are taken out of %j, which leaves %j', (text, rest) => {
    expect(removeIdentifiers(text, identifiers)).toBe(rest);
  });

  it.each([
    ['Thorax 12.03.2019, Klinikum', 'Thorax'],
    ['siehe Dr. Umbrella, Tel 0301234567', 'siehe Dr., Tel'],
    ['mail a.b@c.org: head', 'mail head'],
    ['T2 tse tra 4mm', 'T2 tse tra 4mm'],
  ])('leave of the description %j only %j', (text, rest) => {
    expect(cleanDescription(text, identifiers)).toBe(rest);
  });
});

describe('Stand-ins', () => {
  const one = createPseudonyms(new Uint8Array(32).fill(1));
  const other = createPseudonyms(new Uint8Array(32).fill(2));

  it('are the same for the same original and key, and valid', () => {
    expect(one.mapUid('1.2.3')).toBe(one.mapUid('1.2.3'));
    expect(one.mapUid('1.2.3')).not.toBe(one.mapUid('1.2.4'));
    expect(one.mapUid('1.2.3')).not.toBe(other.mapUid('1.2.3'));
    expect(one.mapUid('1.2.3')).toMatch(/^2\.25\.(?:0|[1-9]\d{0,38})$/);
    expect(one.nameOf('id 7')).toMatch(/^IBIS-[0-9A-Z]{8}$/);
  });

  it("leave DICOM's own UIDs as they are", () => {
    expect(one.mapUid('1.2.840.10008.5.1.4.1.1.2')).toBe('1.2.840.10008.5.1.4.1.1.2');
    expect(one.mapUid('')).toBe('');
  });

  it('move all dates of a patient by the same days', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1950-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }),
        fc.integer({ min: 0, max: 3000 }),
        fc.string(),
        (from, days, patient) => {
          const text = (at: Date): string => at.toISOString().slice(0, 10).replaceAll('-', '');
          const later = new Date(from.getTime() + days * 86_400_000);
          const shift = one.shiftOf(patient);
          const parse = (moved: string): number =>
            Date.parse(moved.replace(/^(\d{4})(\d\d)(\d\d)/, '$1-$2-$3'));
          const [a, b] = [text(from), text(later)].map((date) =>
            parse(shiftDates(date, 'DA', shift)),
          );
          expect(((b ?? 0) - (a ?? 0)) / 86_400_000).toBe(days);
        },
      ),
    );
  });

  it('keep the time of day, and make nothing of what is no date', () => {
    expect(shiftDates('20180310101114.5+0100', 'DT', 9)).toBe('20180301101114.5+0100');
    expect(shiftDates('2018.03.10', 'DA', 9)).toBe('20180301');
    expect(shiftDates('101114', 'TM', 9)).toBe('101114');
    expect(shiftDates('yesterday', 'DA', 9)).toBe('');
  });
});
