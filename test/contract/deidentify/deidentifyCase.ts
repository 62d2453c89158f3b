import { execFileSync } from 'node:child_process';
import path from 'node:path';

import { deidentificationSchema } from '../../../src/contract/deidentification.js';
import type { Deidentification } from '../../../src/contract/deidentification.js';
import { createDeidentifier } from '../../../src/engine/deidentify/index.js';
import type { Deidentifier } from '../../../src/engine/deidentify/index.js';
import { python } from '../export/judges.js';

/** What make_identified.py writes of the patient and all around, and every UID of it. */
export const identifying = {
  names: [
    'zweistein',
    'albertine',
    'brandtwijk',
    'berweiser',
    'bediener',
    'ausfuhrer',
    'helferich',
    'gisela',
    'musterstadt',
    'lindenallee',
  ],
  numbers: ['MRN-4711', '4711-98', 'OLD-471', '8812345', 'STUDY8812', '5551234', 'REQ88'],
  birth: ['19430217'],
  dates: ['20180309', '20180310', '20180409', '09.03.2018'],
  places: ['elsewhere', 'klinikum'],
  devices: ['SN-99817', 'CTRAUM7'],
  uids: ['1.2.826.0.1.3680043.9.7331'],
} as const;

export type Identifying = keyof typeof identifying;

export interface Judged {
  readonly values: Readonly<Record<string, string>>;
  readonly meta: Readonly<Record<string, string>>;
  readonly pixels: string;
  readonly preambleIsZero: boolean;
  readonly text: string;
}

/** One process for all files. */
export function judge(files: readonly string[]): readonly Judged[] {
  const output = execFileSync(
    python ?? '',
    [path.join(import.meta.dirname, 'judge.py'), ...files],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  );
  return JSON.parse(output) as Judged[];
}

export const makeIdentified = (folder: string): void =>
  void execFileSync(python ?? '', [path.join(import.meta.dirname, 'make_identified.py'), folder]);

/** The words of these kinds that stand anywhere in the bytes of the file, capitals or not. */
export function findIdentifying({ text }: Pick<Judged, 'text'>, kinds: readonly Identifying[]) {
  const small = text.toLowerCase();
  return kinds.flatMap((kind) =>
    identifying[kind].filter((word) => small.includes(word.toLowerCase())),
  );
}

export const allKinds = Object.keys(identifying) as Identifying[];

export const KEY = Uint8Array.from({ length: 32 }, (_, n) => n * 7);

export const deidentifierOf = (options: Partial<Deidentification> = {}): Deidentifier =>
  createDeidentifier(deidentificationSchema.parse(options), KEY);
