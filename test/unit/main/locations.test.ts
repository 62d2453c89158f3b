import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { describeMissingEngine, findLocations } from '../../../src/main/locations.js';

describe('where the parts of the program lie', () => {
  it('finds them in a checkout', () => {
    const found = findLocations({
      mainDir: '/src/ibis/out/main',
      packaged: false,
      electronResources: '/electron/resources',
      platform: 'linux',
    });
    expect(found).toEqual({
      rendererDir: '/src/ibis/out/renderer',
      preloadFile: '/src/ibis/out/preload/index.cjs',
      engineFile: '/src/ibis/out/main/engine.js',
      resourcesDir: '/src/ibis/resources',
      nodeFile: '/src/ibis/node_modules/node/bin/node',
    });
  });

  it('takes the engine of an installed app from beside the asar, which plain Node cannot read', () => {
    const found = findLocations({
      mainDir: '/opt/ibis/resources/app.asar/out/main',
      packaged: true,
      electronResources: '/opt/ibis/resources',
      platform: 'linux',
    });
    expect(found.engineFile).toBe('/opt/ibis/resources/app.asar.unpacked/out/main/engine.js');
    expect(found.rendererDir).toBe('/opt/ibis/resources/app.asar/out/renderer');
    expect(found.nodeFile).toBe('/opt/ibis/resources/node');
    expect(found.resourcesDir).toBe('/opt/ibis/resources/resources');
  });

  it('says what to do where the engine or its Node is missing', () => {
    const root = path.join(import.meta.dirname, 'nowhere');
    const found = findLocations({
      mainDir: path.join(root, 'out', 'main'),
      packaged: false,
      electronResources: root,
      platform: 'linux',
    });
    expect(describeMissingEngine(found)).toMatch(/npm run setup/);
    expect(describeMissingEngine({ ...found, nodeFile: process.execPath })).toMatch(
      /npm run build/,
    );
  });
});
