import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { IbisError } from '../../contract/errors.js';

const KEY_BYTES = 32;

/** Stand-ins for what identifies someone. The same for the same original and key; without the key, no way back. */
export interface Pseudonyms {
  readonly mapUid: (uid: string) => string;
  /** Of a UUID: the one whose UID (PS3.5 B.2) is that of the UUID's, mapped. Of another text: some UUID. */
  readonly mapId: (id: string) => string;
  /** What the patient is called instead: 'IBIS-7KQ2MD4X'. */
  nameOf(patient: string): string;
  /** By how many whole days all dates of the patient move: 1 to 3650 into the past. */
  shiftOf(patient: string): number;
}

/** UIDs of DICOM itself: classes, syntaxes, well-known frames. They name no instance. */
const isWellKnown = (uid: string): boolean => uid.startsWith('1.2.840.10008.');

// Crockford's letters: none is mistaken for another.
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const uidOfDigits = (hex: string): string => `2.25.${BigInt(`0x${hex}`).toString()}`;

export function createPseudonyms(key: Uint8Array): Pseudonyms {
  const digest = (purpose: string, text: string): Buffer =>
    createHmac('sha256', key).update(`${purpose}\n${text}`).digest();
  /** 32 hexadecimal digits of a UUID of version 8, "custom" (RFC 9562). */
  const uuidDigits = (purpose: string, text: string): string => {
    const bytes = digest(purpose, text).subarray(0, 16);
    bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f);
    bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
    return bytes.toString('hex');
  };
  return {
    mapUid: (uid) => {
      if (uid === '' || isWellKnown(uid)) return uid;
      // 2.25 and a UUID as a decimal number need no registered root (PS3.5 B.2).
      return uidOfDigits(uuidDigits('uid', uid));
    },
    mapId: (id) => {
      const digits = id.replaceAll('-', '').toLowerCase();
      return (
        UUID.test(id) ? uuidDigits('uid', uidOfDigits(digits)) : uuidDigits('id', id)
      ).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    },
    nameOf: (patient) =>
      `IBIS-${[...digest('patient', patient).subarray(0, 8)].map((byte) => LETTERS[byte % 32]).join('')}`,
    shiftOf: (patient) => 1 + (digest('days', patient).readUInt32LE(0) % 3650),
  };
}

/**
 * The workstation's own key, made at its first use: exports of one patient at different times belong together, also
 * masks exported after their images. Deleting the file parts later exports from earlier ones for good.
 */
export function loadKey(dataDir: string): Uint8Array {
  const file = path.join(dataDir, 'deidentification.key');
  if (!existsSync(file)) {
    try {
      mkdirSync(dataDir, { recursive: true });
      writeFileSync(file, randomBytes(KEY_BYTES), { mode: 0o600 });
    } catch (thrown) {
      if (existsSync(file)) rmSync(file); // half a key is none
      throw new IbisError(
        'permission',
        'The key of de-identification cannot be written into the data folder. Check that it is a folder, that it is yours and that its disk is not full, or choose another.',
        { cause: thrown },
      );
    }
  }
  const key = readFileSync(file);
  if (key.length !== KEY_BYTES)
    throw new IbisError(
      'failed',
      'The file deidentification.key in the data folder is damaged. Delete it to get a new one; later exports then no longer match earlier ones.',
    );
  return key;
}
