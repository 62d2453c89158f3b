// Gives a bare Electron runtime the habit of `electron [switches] [-r module] <folder | file> [words]`.
// It is an ES module with a top-level await on purpose: Electron holds its `ready` event until that settles, so
// the app can still register privileged schemes (a CommonJS shim would be too late).
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { app } from 'electron';

const words = process.argv.slice(1);
const requireFromHere = createRequire(path.join(process.cwd(), 'index.js'));

let folder = null;
while (words.length > 0 && folder === null) {
  const word = words.shift();
  if (word === '-r' || word === '--require') requireFromHere(words.shift());
  else if (!word.startsWith('-')) folder = path.resolve(word);
}
if (folder === null) {
  console.error('Say which folder to run: electron <folder>');
  process.exit(2);
}

// Electron's own default app sets it too; apps and tools read it to know that this is development.
Object.defineProperty(process, 'defaultApp', { value: true, enumerable: true });

const manifestFile = path.join(folder, 'package.json');
if (existsSync(manifestFile)) {
  const manifest = JSON.parse(readFileSync(manifestFile, 'utf8'));
  app.setName(manifest.productName ?? manifest.name ?? 'Electron');
  if (manifest.version !== undefined) app.setVersion(manifest.version);
  app.setAppPath(folder);
  await import(pathToFileURL(path.resolve(folder, manifest.main ?? 'index.js')).href);
} else {
  app.setAppPath(path.dirname(folder));
  await import(pathToFileURL(folder).href);
}
