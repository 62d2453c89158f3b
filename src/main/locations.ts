import { existsSync } from 'node:fs';
import path from 'node:path';

/** Where the parts of the program lie, in a checkout and in an installed app. */
export interface Locations {
  readonly rendererDir: string;
  readonly preloadFile: string;
  readonly engineFile: string;
  readonly resourcesDir: string;
  /** The Node 24 binary that runs the engine. */
  readonly nodeFile: string;
}

export interface LocationSource {
  /** Folder of the running main script: `<root>/out/main`. */
  readonly mainDir: string;
  readonly packaged: boolean;
  /** Electron's `process.resourcesPath`. */
  readonly electronResources: string;
  readonly platform: NodeJS.Platform;
}

export function findLocations(source: LocationSource): Locations {
  const { mainDir, packaged, electronResources, platform } = source;
  const outDir = path.dirname(mainDir);
  const root = path.dirname(outDir);
  const nodeName = platform === 'win32' ? 'node.exe' : 'node';
  // A plain Node cannot read inside app.asar, so the engine and its packages are unpacked beside it.
  const unpacked = (file: string): string =>
    file.replace(`app.asar${path.sep}`, `app.asar.unpacked${path.sep}`);
  return {
    rendererDir: path.join(outDir, 'renderer'),
    preloadFile: path.join(outDir, 'preload', 'index.cjs'),
    engineFile: unpacked(path.join(mainDir, 'engine.js')),
    resourcesDir: packaged
      ? path.join(electronResources, 'resources')
      : path.join(root, 'resources'),
    nodeFile: packaged
      ? path.join(electronResources, nodeName)
      : path.join(root, 'node_modules', 'node', 'bin', nodeName),
  };
}

/** What is missing of a location, as a sentence; null when all is there. */
export function describeMissingEngine(locations: Locations): string | null {
  if (!existsSync(locations.nodeFile))
    return 'The Node 24 program that runs the engine is missing. Run "npm run setup", or install Ibis again.';
  if (!existsSync(locations.engineFile))
    return 'The engine is missing. Run "npm run build", or install Ibis again.';
  return null;
}
