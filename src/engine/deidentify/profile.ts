import type { Deidentification } from '../../contract/deidentification.js';
import table from './confidentialityProfile.json';
import { isSafePrivate } from './safePrivate.js';

/** What happens to an attribute: PS3.15 Table E.1-1a. K keeps it (a sequence is looked into), C cleans it. */
export type Action = 'K' | 'X' | 'Z' | 'D' | 'U' | 'C';

interface Row {
  readonly basic: string; // 'Z', 'X/Z/D', 'X/Z/U*'
  readonly options: ReadonlySet<string>;
}

const rows: ReadonlyMap<string, Row> = new Map(
  Object.entries(table.attributes).map(([tag, entry]) => {
    const [basic = '', ...options] = entry.split(' ');
    return [tag, { basic, options: new Set(options) }] as const;
  }),
);

export interface AttributeKind {
  readonly tag: string; // '00100010'
  readonly vr: string;
  /** DICOM's keyword; '' where the dictionary does not have it. */
  readonly keyword: string;
  /** Who owns a private attribute; '' for others. */
  readonly privateCreator: string;
}

/** Overlays and curves repeat over even groups; without its data the rest of an overlay is not valid. */
function findRow(tag: string): Row | undefined {
  if (tag.startsWith('60')) return rows.get('60xx3000');
  if (tag.startsWith('50')) return rows.get('50xxxxxx');
  return rows.get(tag);
}

/** Of the sequences that may be removed, the one that enhanced images must have, if empty. */
const ACQUISITION_CONTEXT = '00400555';
/** Reports must have it, images must not have it empty: its items stay, with other UIDs. */
const PERFORMED_STEP = '00081111';

/**
 * The action of a table entry such as 'X/Z/D', which leaves the choice to what the kind of object requires: the one that
 * is valid in every kind. A sequence has no dummy of its own, and must not be empty where it is optional: it is removed.
 */
function resolveBasic(basic: string, { tag, vr }: AttributeKind): Action {
  const choices = basic.replace('*', '').split('/');
  if (tag === ACQUISITION_CONTEXT) return 'Z';
  if (tag === PERFORMED_STEP) return 'D';
  const order: readonly Action[] = vr === 'SQ' ? ['U', 'X', 'Z', 'D'] : ['U', 'D', 'Z', 'X'];
  return order.find((action) => choices.includes(action)) ?? 'X';
}

function chooseByOptions({ options }: Row, chosen: Deidentification): Action | null {
  if (options.has('uids') && chosen.retainUids) return 'K';
  if (options.has('dates') && chosen.dates !== 'remove') return chosen.dates === 'keep' ? 'K' : 'C';
  if (options.has('patient') && chosen.retainPatientCharacteristics) return 'K';
  if (options.has('patient-clean') && chosen.retainPatientCharacteristics) return 'C';
  if (options.has('device') && chosen.retainDeviceIdentity) return 'K';
  if (options.has('institution') && chosen.retainInstitutionIdentity) return 'K';
  if (options.has('descriptors') && chosen.cleanDescriptors) return 'C';
  return null;
}

/** UIDs that name no instance: kinds of objects, code schemes, templates. */
const NAMES_A_KIND = /(?:SOPClass|CodingScheme|Syntax|Context|MappingResource)UID$|^SOPClasses/;
const TEXT = new Set(['LO', 'LT', 'SH', 'ST', 'UC', 'UR', 'UT']);

/**
 * What the table does not list. By the kind of value: dates, names and UIDs are treated as their listed kin, and what
 * cannot be looked into is removed.
 */
function chooseByKind({ vr, keyword, tag }: AttributeKind, chosen: Deidentification): Action {
  if (tag.startsWith('0400')) return 'X'; // signatures and encrypted originals: no longer true, or all of it
  switch (vr) {
    case 'UI':
      return chosen.retainUids || NAMES_A_KIND.test(keyword) ? 'K' : 'U';
    case 'DA':
    case 'DT':
    case 'TM':
      return chosen.dates === 'remove' ? 'D' : chosen.dates === 'keep' ? 'K' : 'C';
    case 'PN':
      return 'D';
    case 'AE':
    case 'UN':
      return 'X';
    case 'OB':
    case 'OW':
      return keyword === '' ? 'X' : 'K';
    default:
      return keyword === '' && TEXT.has(vr) ? 'X' : 'K';
  }
}

/** What the profile with these options asks for. */
export function chooseAction(kind: AttributeKind, chosen: Deidentification): Action {
  const group = Number.parseInt(kind.tag.slice(0, 4), 16);
  if (group % 2 === 1) return chosen.retainSafePrivate && isSafePrivate(kind) ? 'K' : 'X';
  const row = findRow(kind.tag);
  if (row === undefined) return chooseByKind(kind, chosen);
  return chooseByOptions(row, chosen) ?? resolveBasic(row.basic, kind);
}
