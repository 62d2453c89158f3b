import { describe, expect, it } from 'vitest';

import { deidentificationSchema } from '../../../src/contract/deidentification.js';
import type { Deidentification } from '../../../src/contract/deidentification.js';
import table from '../../../src/engine/deidentify/confidentialityProfile.json';
import { lookUp } from '../../../src/engine/deidentify/dictionary.js';
import { chooseAction } from '../../../src/engine/deidentify/profile.js';
import type { Action } from '../../../src/engine/deidentify/profile.js';

function choose(
  tag: string,
  options: Partial<Deidentification> = {},
  given: { readonly vr?: string; readonly privateCreator?: string } = {},
): Action {
  const known = lookUp(tag);
  const kind = { tag, vr: known?.vr ?? 'UN', keyword: known?.keyword ?? '', privateCreator: '' };
  return chooseAction({ ...kind, ...given }, deidentificationSchema.parse(options));
}

describe('The table of the Confidentiality Profile', () => {
  it('has every attribute once, with actions and options that are known', () => {
    const entries = Object.entries(table.attributes);
    expect(entries.length).toBeGreaterThan(640);
    for (const [tag, entry] of entries) {
      expect(tag).toMatch(/^[0-9a-fx]{8}$/);
      expect(entry).toMatch(
        /^(?:[XZDU]|X\/Z|X\/D|Z\/D|X\/Z\/D|X\/Z\/U\*)(?: (?:uids|dates|device|device-clean|institution|patient|patient-clean|descriptors|structure|graphics))*$/,
      );
    }
  });
});

describe('The action for an attribute', () => {
  it.each<[string, Action, string]>([
    ['00100010', 'Z', 'the name of the patient'],
    ['00100020', 'D', 'their ID, which may be empty or a dummy'],
    ['00080021', 'D', 'the date of the series, which some kinds of objects must have'],
    ['00080018', 'U', 'the UID of the instance'],
    ['00081140', 'U', 'references to images, which stay with other UIDs'],
    ['00104000', 'X', 'comments'],
    ['00400555', 'Z', 'the acquisition context, which enhanced images must have'],
    ['00081110', 'X', 'references to studies, which must not be empty'],
    ['00080060', 'K', 'the modality'],
    ['00280010', 'K', 'the rows'],
    ['00080016', 'K', 'the class'],
    ['60023000', 'X', 'any overlay'],
    ['60020010', 'X', 'all of that overlay'],
    ['50041001', 'X', 'any curve'],
    ['04000500', 'X', 'encrypted originals'],
    ['00209312', 'U', 'a UID that the table does not list'],
    ['0008010c', 'K', 'the UID of a coding scheme'],
  ])('of the Basic Profile for %s is %s: %s', (tag, action) => {
    expect(choose(tag)).toBe(action);
  });

  it('removes private and unknown attributes, whatever else is kept', () => {
    const all: Partial<Deidentification> = {
      retainUids: true,
      retainPatientCharacteristics: true,
      retainDeviceIdentity: true,
      retainInstitutionIdentity: true,
      dates: 'keep',
      cleanDescriptors: true,
    };
    expect(choose('00091001', all, { vr: 'LO' })).toBe('X');
    expect(choose('00189ff1', all, { vr: 'LO' })).toBe('X');
    expect(choose('00400a99', all, { vr: 'UN' })).toBe('X');
    expect(choose('00189ff1', all, { vr: 'FD' })).toBe('K');
  });

  it('keeps a safe private attribute with the element that reserves its block, and no other of that block', () => {
    const siemens = { privateCreator: 'SIEMENS MR HEADER' };
    const options = { retainSafePrivate: true };
    expect(choose('0019100c', options, { vr: 'IS', ...siemens })).toBe('K');
    expect(choose('0019110c', options, { vr: 'IS', ...siemens })).toBe('K');
    expect(choose('00190010', options, { vr: 'LO', ...siemens })).toBe('K');
    expect(choose('00191040', options, { vr: 'LO', ...siemens })).toBe('X');
    expect(choose('0019100c', options, { vr: 'IS', privateCreator: 'SOMEONE ELSE' })).toBe('X');
    expect(choose('0019100c', {}, { vr: 'IS', ...siemens })).toBe('X');
  });

  it.each<[Partial<Deidentification>, string, Action]>([
    [{ retainUids: true }, '0020000d', 'K'],
    [{ dates: 'keep' }, '00080020', 'K'],
    [{ dates: 'shift' }, '00080020', 'C'],
    [{ dates: 'keep' }, '00100030', 'Z'],
    [{ retainPatientCharacteristics: true }, '00101010', 'K'],
    [{ retainDeviceIdentity: true }, '00181000', 'K'],
    [{ retainInstitutionIdentity: true }, '00080080', 'K'],
    [{ cleanDescriptors: true }, '00081030', 'C'],
  ])('with %o for %s is %s', (options, tag, action) => {
    expect(choose(tag, options)).toBe(action);
  });
});
