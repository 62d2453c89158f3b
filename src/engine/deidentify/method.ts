import type { Deidentification } from '../../contract/deidentification.js';
import { isSequence, readAscii, textValue } from './elements.js';
import type { Element } from './elements.js';

/** What a de-identified object says of how it became one: PS3.15 E.1.1, codes of PS3.16 CID 7050. */

const code = (value: string, meaning: string) => ({ value, meaning });

function listCodes(options: Deidentification): readonly { value: string; meaning: string }[] {
  const listed = [code('113100', 'Basic Application Confidentiality Profile')];
  if (options.cleanDescriptors) listed.push(code('113105', 'Clean Descriptors Option'));
  if (options.dates === 'keep')
    listed.push(code('113106', 'Retain Longitudinal Temporal Information Full Dates Option'));
  if (options.dates === 'shift')
    listed.push(code('113107', 'Retain Longitudinal Temporal Information Modified Dates Option'));
  if (options.retainPatientCharacteristics)
    listed.push(code('113108', 'Retain Patient Characteristics Option'));
  if (options.retainDeviceIdentity) listed.push(code('113109', 'Retain Device Identity Option'));
  if (options.retainUids) listed.push(code('113110', 'Retain UIDs Option'));
  if (options.retainSafePrivate) listed.push(code('113111', 'Retain Safe Private Option'));
  if (options.retainInstitutionIdentity)
    listed.push(code('113112', 'Retain Institution Identity Option'));
  return listed;
}

const leaf = (tag: string, vr: string, text: string): Element => ({
  tag,
  vr,
  value: textValue(text, vr),
});

const codeItem = ({ value, meaning }: { value: string; meaning: string }): readonly Element[] => [
  leaf('00080100', 'SH', value),
  leaf('00080102', 'SH', 'DCM'),
  leaf('00080104', 'LO', meaning),
];

const TEMPORAL = { remove: 'REMOVED', shift: 'MODIFIED', keep: 'UNMODIFIED' } as const;

/**
 * Patient Identity Removed with its method, the codes that an earlier de-identification left included. What was done to
 * the dates before still holds: removed or modified ones are not called unmodified.
 */
export function describeMethod(
  options: Deidentification,
  before: readonly Element[],
): readonly Element[] {
  const codes = listCodes(options);
  const sequence = before.find(({ tag }) => tag === '00120064');
  const earlier =
    sequence !== undefined && isSequence(sequence)
      ? sequence.items.flatMap((item) => {
          const value = readAscii(item, '00080100');
          const isOther = /^1131\d\d$/.test(value) && !codes.some((own) => own.value === value);
          return isOther ? [codeItem(code(value, readAscii(item, '00080104')))] : [];
        })
      : [];
  const temporal =
    options.dates === 'keep'
      ? readAscii(before, '00280303') || TEMPORAL.keep
      : TEMPORAL[options.dates];
  return [
    leaf('00120062', 'CS', 'YES'),
    leaf('00120063', 'LO', 'DICOM PS3.15 Annex E: see the codes of the method'),
    { tag: '00120064', vr: 'SQ', items: [...earlier, ...codes.map(codeItem)] },
    leaf('00280303', 'CS', temporal),
  ];
}
