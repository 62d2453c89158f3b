import type { Deidentification } from '../../contract/deidentification.js';
import type { DecodeText } from '../dicom/attributes.js';
import { lookUp, punctuate } from './dictionary.js';
import { isSequence, textValue } from './elements.js';
import type { Element, ElementTree, Leaf, Sequence } from './elements.js';
import { cleanDescription, findIdentifiers, removeIdentifiers } from './identifiers.js';
import type { Identifiers } from './identifiers.js';
import { describeMethod } from './method.js';
import { chooseAction } from './profile.js';
import type { Action } from './profile.js';
import type { Pseudonyms } from './pseudonyms.js';
import { ANONYMIZED, dummyOf, shiftDates } from './values.js';

/** One attribute of one file. */
export interface Change {
  readonly tag: string; // '(0010,0010)'; inside sequences '(0040,0275) > (0040,0007)'
  readonly name: string;
  readonly action: Exclude<Action, 'K'>;
  readonly oldValue: string;
  readonly newValue: string;
}

interface Context {
  readonly options: Deidentification;
  readonly pseudonyms: Pseudonyms;
  readonly identifiers: Identifiers;
  readonly patientName: string; // the stand-in
  readonly shiftDays: number;
  readonly decode: DecodeText;
  readonly encode: ElementTree['encode'];
  readonly note: (change: Change) => void;
  readonly path: string; // of the sequence that it is in; ''
  /** Inside a sequence that must be there but may say nothing: its texts become dummies. */
  readonly sayNothing: boolean;
}

const TEXT_VRS = new Set('AE LO LT SH ST UC UR UT PN'.split(' '));
const isMoment = (vr: string): boolean => vr === 'DA' || vr === 'DT' || vr === 'TM';
const READABLE = new Set([...TEXT_VRS, ...'AS CS DA DS DT IS TM UI'.split(' ')]);
const LONGEST_SHOWN = 120;

function show(element: Element, decode: DecodeText): string {
  if (isSequence(element))
    return element.items.length === 1 ? '1 item' : `${String(element.items.length)} items`;
  const { vr, value } = element;
  if (vr !== 'UN' && !READABLE.has(vr)) return `${String(value.length)} bytes`;
  // Private and unknown values are mostly text too; what is none is only counted.
  const text = decode(value.subarray(0, 4 * LONGEST_SHOWN)).replace(/[\0\s]+$/, '');
  if (/[\0-\x08\x0e-\x1f]/.test(text)) return `${String(value.length)} bytes`;
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

const UID_IN_TEXT = /(?<![\d.])[0-2](?:\.\d+){5,}(?![\d.])/g;

/** The UIDs that stand in a text, mapped; the text itself where UIDs are retained. */
export const mapUidsInText = (
  text: string,
  options: Deidentification,
  { mapUid }: Pseudonyms,
): string => (options.retainUids ? text : text.replaceAll(UID_IN_TEXT, (uid) => mapUid(uid)));

// Manufacturer, model and software: their words may be someone's name too ('Siemens').
const EQUIPMENT = new Set(['00080070', '00081090', '00181020']);

/** A text that is kept, without what identifies: names and numbers of the patient, UIDs that are mapped. */
function sweep(leaf: Leaf, context: Context): Leaf {
  const { decode, identifiers, options, pseudonyms } = context;
  if (!TEXT_VRS.has(leaf.vr) || EQUIPMENT.has(leaf.tag)) return leaf;
  const text = decode(leaf.value).replace(/[\0\s]+$/, '');
  const swept = removeIdentifiers(mapUidsInText(text, options, pseudonyms), identifiers);
  return swept === text ? leaf : rewrite(leaf, swept, context);
}

/** With what is left of its text; where nothing is left, a dummy says that there was something. */
function rewrite(leaf: Leaf, text: string, { encode }: Pick<Context, 'encode'>): Leaf {
  const bytes = encode(text);
  return { ...leaf, value: textValue(bytes.length === 0 ? ANONYMIZED : bytes, leaf.vr) };
}

const mapUids = (text: string, { mapUid }: Pseudonyms): string =>
  text
    .replace(/[\0\s]+$/, '')
    .split('\\')
    .map((uid) => mapUid(uid.trim()))
    .join('\\');

function cleanLeaf(leaf: Leaf, context: Context): Leaf {
  const { decode, identifiers, shiftDays } = context;
  const text = decode(leaf.value).replace(/[\0\s]+$/, '');
  if (text === '') return leaf;
  const cleaned = isMoment(leaf.vr)
    ? shiftDates(text, leaf.vr, shiftDays) || String(dummyOf(leaf.vr, 0))
    : cleanDescription(text, identifiers);
  return cleaned === text ? leaf : rewrite(leaf, cleaned, context);
}

const PATIENT_NAME = '00100010';
const PATIENT_ID = '00100020';

function changeLeaf(leaf: Leaf, action: Action, context: Context): Leaf | null {
  const empty = { ...leaf, value: new Uint8Array() };
  const withText = (text: string): Leaf => ({ ...leaf, value: textValue(text, leaf.vr) });
  switch (action) {
    case 'K':
      return sweep(leaf, context);
    case 'X':
      return null;
    case 'Z':
    case 'D': {
      // A patient without a name or ID cannot be told from the next one: both are the stand-in.
      if ((leaf.tag === PATIENT_NAME || leaf.tag === PATIENT_ID) && context.path === '')
        return withText(context.patientName);
      if (action === 'Z' || leaf.value.length === 0) return empty;
      const dummy = dummyOf(leaf.vr, leaf.value.length);
      return typeof dummy === 'string' ? withText(dummy) : { ...leaf, value: dummy };
    }
    case 'U':
      return leaf.vr === 'UI'
        ? withText(mapUids(context.decode(leaf.value), context.pseudonyms))
        : empty;
    case 'C':
      return TEXT_VRS.has(leaf.vr) || isMoment(leaf.vr) ? cleanLeaf(leaf, context) : null; // nothing but text and dates can be cleaned
  }
}

/** An item that is a code and says so little as a code can. */
const dummyCode = (): readonly Element[] =>
  [
    { tag: '00080100', vr: 'SH' },
    { tag: '00080102', vr: 'SH', text: '99IBIS' },
    { tag: '00080104', vr: 'LO' },
  ].map(({ tag, vr, text = ANONYMIZED }) => ({ tag, vr, value: textValue(text, vr) }));

function changeSequence(
  sequence: Sequence,
  action: Action,
  keyword: string,
  context: Context,
): Sequence | null {
  if (action === 'X') return null;
  if (action === 'Z') return { ...sequence, items: [] };
  if (action === 'D' && keyword.endsWith('CodeSequence'))
    return { ...sequence, items: [dummyCode()] };
  const path = `${context.path}${punctuate(sequence.tag)} > `;
  const sayNothing = context.sayNothing || action === 'D';
  return {
    ...sequence,
    items: sequence.items.map((item) => changeElements(item, { ...context, path, sayNothing })),
  };
}

/** Codes and what kind of thing an item is stay also where texts may say nothing: PS3.3 gives them their values. */
const isCode = (tag: string): boolean => /^000801(?:0[0-9a-f]|19|20)$/.test(tag);

function chooseFor(element: Element, keyword: string, creator: string, context: Context): Action {
  const { tag, vr } = element;
  const action = chooseAction({ tag, vr, keyword, privateCreator: creator }, context.options);
  if (action === 'K' && context.sayNothing && TEXT_VRS.has(vr) && !isCode(tag)) return 'D';
  return action;
}

const sameBytes = (a: Leaf, b: Leaf): boolean => Buffer.compare(a.value, b.value) === 0;

function changeElements(elements: readonly Element[], context: Context): readonly Element[] {
  // (gggg,00bb) holds the creator of the block (gggg,bbxx).
  const creators = new Map<string, string>();
  return elements.flatMap((element) => {
    const { tag } = element;
    const keyword = lookUp(tag)?.keyword ?? '';
    if (!isSequence(element) && /^...[13579bdf]00/.test(tag))
      creators.set(tag.slice(0, 4) + tag.slice(6), context.decode(element.value).trim());
    const creator = /^...[13579bdf]00/.test(tag)
      ? creators.get(tag.slice(0, 4) + tag.slice(6))
      : creators.get(tag.slice(0, 6));
    const action = chooseFor(element, keyword, creator ?? '', context);
    const changed = isSequence(element)
      ? changeSequence(element, action, keyword, context)
      : changeLeaf(element, action, context);
    const isTold = isSequence(element)
      ? changed === null || action === 'Z' || (action === 'D' && keyword.endsWith('CodeSequence'))
      : changed === null || isSequence(changed) || !sameBytes(changed, element);
    if (isTold)
      context.note({
        tag: context.path + punctuate(tag),
        name: keyword,
        action: action === 'K' ? 'C' : action, // kept, but for words that identify
        oldValue: show(element, context.decode),
        newValue: changed === null ? '' : show(changed, context.decode),
      });
    return changed === null ? [] : [changed];
  });
}

const readText = (elements: readonly Element[], tag: string, decode: DecodeText): string => {
  const found = elements.find((element) => element.tag === tag);
  return found === undefined || isSequence(found)
    ? ''
    : decode(found.value)
        .replace(/[\0\s]+$/, '')
        .trimStart();
};

/** Whom the stand-in stands for: by ID, else by name, else all of one study. */
function readPatient(elements: readonly Element[], decode: DecodeText): string {
  const id = readText(elements, PATIENT_ID, decode);
  if (id !== '') return `id ${id}`;
  const name = readText(elements, PATIENT_NAME, decode);
  return name === '' ? `study ${readText(elements, '0020000d', decode)}` : `name ${name}`;
}

/** What the patient is called in the copies. */
export const nameInCopies = (
  { elements, decode }: ElementTree,
  options: Deidentification,
  pseudonyms: Pseudonyms,
): string => options.pseudonym ?? pseudonyms.nameOf(readPatient(elements, decode));

export interface Deidentified {
  readonly elements: readonly Element[];
  readonly changes: readonly Change[];
  /** What the patient is called in it. */
  readonly patientName: string;
}

/** The data set without what identifies the patient, and with what PS3.15 E.1.1 asks a de-identified one to say. */
export function deidentifyElements(
  tree: ElementTree,
  options: Deidentification,
  pseudonyms: Pseudonyms,
): Deidentified {
  const { elements, decode, encode } = tree;
  const changes: Change[] = [];
  const patientName = nameInCopies(tree, options, pseudonyms);
  const changed = changeElements(elements, {
    options,
    pseudonyms,
    identifiers: findIdentifiers(elements, decode, options.dates === 'keep'),
    patientName,
    shiftDays: pseudonyms.shiftOf(readPatient(elements, decode)),
    decode,
    encode,
    note: (change) => changes.push(change),
    path: '',
    sayNothing: false,
  });
  const told = describeMethod(options, changed);
  const toldTags = new Set(told.map(({ tag }) => tag));
  return {
    elements: [...changed.filter(({ tag }) => !toldTags.has(tag)), ...told].sort((a, b) =>
      a.tag < b.tag ? -1 : 1,
    ),
    changes,
    patientName,
  };
}
