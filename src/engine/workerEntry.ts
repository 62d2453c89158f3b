import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

export type WorkerName = 'inferenceWorker' | 'decodeWorker' | 'toolWorker' | 'surfaceWorker';

/**
 * URL of a built worker script. Built code finds it beside itself (or one folder up, from a shared chunk);
 * tests that run from source find it in the repository's `out/main`, which `npm test` builds first.
 */
export function workerEntry(name: WorkerName): URL {
  const here = import.meta.dirname;
  const candidates = [
    path.join(here, `${name}.js`),
    path.join(here, '..', `${name}.js`),
    path.join(here, '..', '..', 'out', 'main', `${name}.js`),
  ];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined)
    throw new Error(`The worker "${name}" is not built. Run "npm run build" first.`);
  return pathToFileURL(found);
}
