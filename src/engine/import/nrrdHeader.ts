import { IbisError } from '../../contract/errors.js';
import { length, normalise } from '../../domain/geometry.js';
import type { Vec3, VolumeGeometry } from '../../domain/geometry.js';
import type { PixelType } from '../../domain/study.js';

/** What of an NRRD header the reader needs (http://teem.sourceforge.net/nrrd/format.html), already in LPS. */
export interface NrrdHeader {
  readonly geometry: VolumeGeometry;
  /** Values at each voxel: the layers of a `.seg.nrrd`, which are its fastest axis. */
  readonly layers: number;
  readonly type: PixelType;
  readonly encoding: 'raw' | 'gzip';
  readonly bigEndian: boolean;
  readonly dataOffset: number;
  /** `key:=value` lines. */
  readonly pairs: ReadonlyMap<string, string>;
}

const unsupported = (what: string): IbisError => new IbisError('unsupported-format', what);
const broken = (): IbisError =>
  new IbisError('broken-file', 'The NRRD file is damaged: its header cannot be read.');

const TYPES: readonly (readonly [PixelType, readonly string[]])[] = [
  ['int8', ['signed char', 'int8', 'int8_t']],
  ['uint8', ['uchar', 'unsigned char', 'uint8', 'uint8_t']],
  ['int16', ['short', 'short int', 'signed short', 'signed short int', 'int16', 'int16_t']],
  ['uint16', ['ushort', 'unsigned short', 'unsigned short int', 'uint16', 'uint16_t']],
  ['int32', ['int', 'signed int', 'int32', 'int32_t']],
  ['uint32', ['uint', 'unsigned int', 'uint32', 'uint32_t']],
  ['float32', ['float']],
  ['float64', ['double']],
];

/** Signs that bring a space's axes to left, posterior, superior. */
const SPACES: readonly (readonly [Vec3, readonly string[]])[] = [
  [
    [1, 1, 1],
    ['left-posterior-superior', 'lps'],
  ],
  [
    [-1, -1, 1],
    ['right-anterior-superior', 'ras'],
  ],
  [
    [1, -1, 1],
    ['left-anterior-superior', 'las'],
  ],
];

const parseVector = (text: string, signs: Vec3): Vec3 => {
  const [x, y, z] = text
    .replaceAll(/[()]/g, '')
    .split(',')
    .map((part) => Number(part.trim()));
  if (x === undefined || y === undefined || z === undefined) throw broken();
  return [x * signs[0], y * signs[1], z * signs[2]];
};

export const isNrrd = (bytes: Uint8Array): boolean =>
  String.fromCharCode(...bytes.subarray(0, 4)) === 'NRRD';

interface HeaderLines {
  readonly fields: ReadonlyMap<string, string>; // by name in lower case
  readonly pairs: ReadonlyMap<string, string>;
  readonly dataOffset: number;
}

/** Lines to the empty one that ends the header. */
function readLines(bytes: Uint8Array): HeaderLines {
  const fields = new Map<string, string>();
  const pairs = new Map<string, string>();
  const decoder = new TextDecoder();
  let at = bytes.indexOf(0x0a) + 1; // after 'NRRD000n'
  while (at > 0) {
    const end = bytes.indexOf(0x0a, at);
    // A detached header ends with the file.
    const line = decoder
      .decode(bytes.subarray(at, end < 0 ? bytes.length : end))
      .replace(/\r$/, '');
    at = end < 0 ? bytes.length : end + 1;
    if (line === '') break;
    const pair = /^([^:#][^:]*?):=(.*)$/.exec(line);
    const field = /^([^:#][^:]*): *(.*)$/.exec(line);
    if (pair !== null) pairs.set(pair[1] ?? '', pair[2] ?? '');
    else if (field !== null)
      fields.set((field[1] ?? '').toLowerCase().trim(), (field[2] ?? '').trim());
    if (end < 0) break;
  }
  return { fields, pairs, dataOffset: at };
}

/** Throws IbisError for what is no NRRD that a segmentation can be read from. */
export function readNrrdHeader(bytes: Uint8Array): NrrdHeader {
  const { fields, pairs, dataOffset } = readLines(bytes);
  const get = (...names: readonly string[]): string =>
    names.map((name) => fields.get(name)).find((value) => value !== undefined) ?? '';
  if (get('data file', 'datafile') !== '')
    throw unsupported(
      'The NRRD header and its voxels are in separate files (.nhdr): save them as one .nrrd file.',
    );
  const type = TYPES.find(([, names]) => names.includes(get('type').toLowerCase()))?.[0];
  if (type === undefined)
    throw unsupported('The NRRD file holds a kind of number that Ibis does not read.');
  const encoding = { raw: 'raw', gzip: 'gzip', gz: 'gzip' }[get('encoding').toLowerCase()];
  if (encoding !== 'raw' && encoding !== 'gzip')
    throw unsupported(
      'The NRRD file is neither raw nor gzip: save it with one of these encodings.',
    );
  const signs = SPACES.find(([, names]) => names.includes(get('space').toLowerCase()))?.[0];
  const sizes = get('sizes').split(/\s+/).map(Number);
  const steps = get('space directions').match(/none|\([^)]*\)/g) ?? [];
  if (signs === undefined || steps.length === 0)
    throw unsupported(
      'The NRRD file does not say how it lies in the patient (its "space" is missing or not an anatomical one).',
    );
  if (steps.length !== sizes.length || !sizes.every((size) => Number.isInteger(size) && size > 0))
    throw broken();
  const isList = steps[0] === 'none';
  const [di, dj, dk] = isList ? sizes.slice(1) : sizes;
  const [a, b, c] = (isList ? steps.slice(1) : steps).map((step) => parseVector(step, signs));
  if (di === undefined || dj === undefined || dk === undefined || sizes.length > 4)
    throw unsupported('The NRRD file is not a volume of three dimensions.');
  if (a === undefined || b === undefined || c === undefined || sizes.length !== (isList ? 4 : 3))
    throw unsupported('The NRRD file is not a volume of three dimensions.');
  const origin = parseVector(get('space origin') || '(0,0,0)', signs);
  const numbers = [...a, ...b, ...c, ...origin];
  if (!numbers.every(Number.isFinite) || [a, b, c].some((step) => length(step) === 0))
    throw broken();
  return {
    geometry: {
      dimensions: [di, dj, dk],
      spacingMm: [length(a), length(b), length(c)],
      origin,
      direction: [normalise(a), normalise(b), normalise(c)],
      orientationKnown: true,
    },
    layers: isList ? (sizes[0] ?? 1) : 1,
    type,
    encoding,
    bigEndian: get('endian').toLowerCase() === 'big',
    dataOffset,
    pairs,
  };
}
