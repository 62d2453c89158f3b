import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** A folder of a spec's own, and how it goes again. */
export function makeFolder(name: string): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), `ibis-${name}-`));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
