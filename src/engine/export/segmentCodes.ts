import {
  ABNORMAL_STRUCTURE,
  ANATOMICAL_STRUCTURE,
  LEFT,
  RIGHT,
  TISSUE,
  sct,
  structures as listed,
} from '../../domain/anatomy.js';
import type { Code } from '../../domain/anatomy.js';

export type { Code } from '../../domain/anatomy.js';

export const dcm = (value: string, meaning: string): Code => ({ value, scheme: 'DCM', meaning });

/** What a segment is, in words and in codes. */
export interface SegmentDescription {
  readonly label: string; // LO, at most 64 characters
  readonly category: Code;
  readonly type: Code;
  /** Laterality of a paired structure. */
  readonly modifier: Code | null;
}

interface Structure {
  readonly words: RegExp;
  readonly name: string;
  readonly type: Code;
  readonly paired?: true;
  readonly abnormal?: true;
}

/** First match wins. Codes and meanings as in PS3.16; a test looks each up in pydicom's copy. */
const structures: readonly Structure[] = [
  // Before the organs: 'the tumour in the liver' asks for the tumour.
  {
    words: /\b(?:tumou?rs?|neoplasms?)\b/,
    name: 'tumour',
    type: sct('108369006', 'Neoplasm'),
    abnormal: true,
  },
  { words: /\blesions?\b/, name: 'lesion', type: sct('52988006', 'Lesion'), abnormal: true },
  {
    words: /\blateral ventricles?\b/,
    name: 'lateral ventricle',
    type: sct('66720007', 'Lateral Ventricle'),
    paired: true,
  },
  {
    words: /\bleft (?:cardiac |heart )?ventric(?:le|ular)\b|\blv\b/,
    name: 'left ventricle',
    type: sct('87878005', 'Left ventricle'),
  },
  // PS3.16 has no code for the head of a fetus: the region is coded, the label says whose.
  {
    words: /\bfo?et(?:al|us) (?:head|skull)\b|\b(?:head|skull) of (?:the )?fo?etus\b/,
    name: 'fetal head',
    type: sct('69536005', 'Head'),
  },
  {
    words:
      /\banterior (?:(?:part|portion) of the )?hippocamp|\bhippocampal head\b|\bhead of the hippocampus\b/,
    name: 'anterior hippocampus',
    type: sct('5366008', 'Hippocampus'),
    paired: true,
  },
  {
    words:
      /\bposterior (?:(?:part|portion) of the )?hippocamp|\bhippocampal (?:body|tail)\b|\b(?:body|tail) of the hippocampus\b/,
    name: 'posterior hippocampus',
    type: sct('5366008', 'Hippocampus'),
    paired: true,
  },
  {
    words: /\bhippocamp/,
    name: 'hippocampus',
    type: sct('5366008', 'Hippocampus'),
    paired: true,
  },
  { words: /\bthalam/, name: 'thalamus', type: sct('42695009', 'Thalamus'), paired: true },
  {
    words: /\bcaudate\b(?! lobe)/,
    name: 'caudate nucleus',
    type: sct('11000004', 'Caudate Nucleus'),
    paired: true,
  },
  {
    words: /\b(?:nucleus|nuclei)\b(?! accumbens)/,
    name: 'cell nucleus',
    type: sct('84640000', 'Nucleus'),
  },
  { words: /\bputam/, name: 'putamen', type: sct('89278009', 'Putamen'), paired: true },
  {
    words: /\bpallid/,
    name: 'globus pallidus',
    type: sct('14738005', 'Globus Pallidus'),
    paired: true,
  },
  { words: /\bamygdal/, name: 'amygdala', type: sct('4958002', 'Amygdala'), paired: true },
  { words: /\bcerebell/, name: 'cerebellum', type: sct('113305005', 'Cerebellum') },
  { words: /\bbrain ?stem\b/, name: 'brain stem', type: sct('119238007', 'Brain Stem') },
  { words: /\bbrain\b/, name: 'brain', type: sct('12738006', 'Brain') },
  { words: /\bliver\b/, name: 'liver', type: sct('10200004', 'Liver') },
  { words: /\bspleen\b/, name: 'spleen', type: sct('78961009', 'Spleen') },
  { words: /\bkidneys?\b/, name: 'kidney', type: sct('64033007', 'Kidney'), paired: true },
  { words: /\blungs?\b/, name: 'lung', type: sct('39607008', 'Lung'), paired: true },
  { words: /\bprostate\b/, name: 'prostate', type: sct('41216001', 'Prostate') },
];

const findSide = (text: string): { readonly word: string; readonly code: Code } | null => {
  const left = /\bleft\b/.test(text);
  const right = /\bright\b/.test(text);
  if (left === right) return null; // neither, or both
  return left ? { word: 'left', code: LEFT } : { word: 'right', code: RIGHT };
};

/** By its very name in the list that users choose from, with or without its side. */
function findListed(text: string): SegmentDescription | null {
  const side = findSide(text);
  const name = text.replaceAll(/\b(?:left|right)\b/g, '').trim();
  for (const { category, type, paired } of listed) {
    const meaning = type.meaning.toLowerCase();
    if (meaning === text) return { label: meaning, category, type, modifier: null };
    if (side !== null && paired && meaning === name)
      return { label: `${side.word} ${meaning}`, category, type, modifier: side.code };
  }
  return null;
}

/** What a request asks for. A structure without a known code is 'Tissue', with the request as its label. */
export function describeSegment(request: string): SegmentDescription {
  const text = request.toLowerCase();
  const known = structures.find(({ words }) => words.test(text));
  if (known === undefined) {
    const named = findListed(text.trim());
    if (named !== null) return named;
    const label = request
      .replaceAll(/[\\\s]+/g, ' ')
      .trim()
      .slice(0, 64);
    return {
      label: label === '' ? 'target' : label,
      category: TISSUE,
      type: TISSUE,
      modifier: null,
    };
  }
  const side = known.paired === true ? findSide(text) : null;
  return {
    label: side === null ? known.name : `${side.word} ${known.name}`,
    category: known.abnormal === true ? ABNORMAL_STRUCTURE : ANATOMICAL_STRUCTURE,
    type: known.type,
    modifier: side?.code ?? null,
  };
}
