import type { DecodeText } from '../dicom/attributes.js';
import { isSequence } from './elements.js';
import type { Element } from './elements.js';

/** Words that name the patient or someone near: they must not stand in any text that is kept. */
export interface Identifiers {
  /** Removed from every text. In small letters. */
  readonly words: ReadonlySet<string>;
  /** Removed from descriptions too: places and institutions, whose words are also plain ones. */
  readonly places: ReadonlySet<string>;
}

// Patient ID, other IDs, accession number, admission, insurance, record locator, telephone, study and request IDs.
const NUMBERS = new Set(
  '00100020 00101000 00080050 00380010 00101050 00101090 00102154 00200010 00401001 00400253 00400009 00402016 00402017 00380060 00120040'.split(
    ' ',
  ),
);
const DATES = new Set('00100030 00080020 00080021 00080022 00080023 00080012'.split(' '));
// Addresses, institution, department, station, region, requesting service.
const PLACES = new Set('00101040 00080080 00080081 00081040 00081010 00102152 00321033'.split(' '));

const SHORTEST_NUMBER = 4; // '1' and '12' are the study IDs of half the world
const SHORTEST_NAME = 2;
const SHORTEST_PLACE = 3;

const splitWords = (text: string): readonly string[] =>
  text.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');

export function findIdentifiers(
  elements: readonly Element[],
  decode: DecodeText,
  keepDates: boolean,
): Identifiers {
  const words = new Set<string>();
  const places = new Set<string>();
  const add = (to: Set<string>, text: string, shortest: number): void => {
    for (const word of splitWords(text))
      if (word.length >= shortest) to.add(word.toLocaleLowerCase());
  };
  const visit = (element: Element): void => {
    if (isSequence(element)) {
      for (const item of element.items) item.forEach(visit);
      return;
    }
    const { tag, vr, value } = element;
    if (vr === 'PN') add(words, decode(value), SHORTEST_NAME);
    else if (NUMBERS.has(tag)) {
      const text = decode(value).trim();
      if (text.length >= SHORTEST_NUMBER) words.add(text.toLocaleLowerCase());
      // Of 'TEST-4711' the number identifies, the word may be anyone's.
      const parts = splitWords(text).filter((part) => /\d/.test(part));
      add(words, parts.join(' '), SHORTEST_NUMBER);
    } else if (DATES.has(tag) && (!keepDates || tag === '00100030'))
      add(words, decode(value), SHORTEST_NUMBER);
    else if (PLACES.has(tag)) add(places, decode(value), SHORTEST_PLACE);
  };
  elements.forEach(visit);
  return { words, places };
}

const LONG_ENOUGH_TO_BE_FOUND_INSIDE = 5;

function names(word: string, listed: ReadonlySet<string>): boolean {
  const small = word.toLocaleLowerCase();
  if (listed.has(small)) return true;
  for (const identifier of listed)
    if (identifier.length >= LONG_ENOUGH_TO_BE_FOUND_INSIDE && small.includes(identifier))
      return true;
  return false;
}

/** `text` without the words that identify; the same text where there are none. */
export function removeIdentifiers(text: string, { words }: Identifiers): string {
  return dropWords(text, (word) => names(word, words));
}

const LOOKS_LIKE_A_NUMBER_OF_SOMEONE = /\d{5,}/; // dates, IDs, telephone numbers
const TITLES = new Set(['dr', 'prof', 'mr', 'mrs', 'ms', 'frau', 'herr', 'mme']);

/**
 * What is left of a description: without names, numbers and places of this object, long numbers, dates, addresses of
 * mail, and words behind a title. It cannot know other people's names: the preview shows what stays.
 */
export function cleanDescription(text: string, identifiers: Identifiers): string {
  let follows = false; // a title came before
  const plain = text
    .replaceAll(/\S+@\S+\s?/g, '')
    .replaceAll(/\d{1,4}[./-]\d{1,2}[./-]\d{1,4}/g, '');
  return dropWords(plain, (word) => {
    const isName = follows;
    follows = TITLES.has(word.toLocaleLowerCase());
    return (
      isName ||
      LOOKS_LIKE_A_NUMBER_OF_SOMEONE.test(word) ||
      names(word, identifiers.words) ||
      names(word, identifiers.places)
    );
  });
}

function dropWords(text: string, isDropped: (word: string) => boolean): string {
  const rest = text.replaceAll(/[\p{L}\p{N}]+/gu, (word) => (isDropped(word) ? '' : word));
  return rest === text
    ? text
    : rest
        .replaceAll(/\s{2,}/g, ' ')
        .replaceAll(/ (?=[,;:.])/g, '')
        .replaceAll(/^[\s^_,;:/.-]+|[\s^_,;:/.-]+$/g, '');
}
