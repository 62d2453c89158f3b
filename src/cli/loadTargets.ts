import { readFileSync } from 'node:fs';

import { z } from 'zod';

import { IbisError } from '../contract/errors.js';
import { targetsFileSchema } from '../contract/targets.js';
import type { TargetsFile } from '../contract/targets.js';

/** Throws 'not-found' when the file cannot be read, 'broken-file' when it is no targets file. */
export function loadTargets(file: string): TargetsFile {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new IbisError('not-found', 'The targets file cannot be read, or is not JSON.', { cause });
  }
  const parsed = targetsFileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new IbisError(
    'broken-file',
    `The targets file is not valid: ${z.prettifyError(parsed.error)}`,
  );
}
