import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { errorCodes } from '../../../src/contract/errors.js';
import { computeSlicePlane } from '../../../src/domain/plane.js';
import type { VolumeGeometry } from '../../../src/domain/geometry.js';
import {
  collectVoxels,
  parseAmount,
  parseCount,
  parseIndex,
  parsePrompt,
  parseWindow,
} from '../../../src/cli/arguments.js';
import { voxelToNormalised } from '../../../src/cli/click.js';
import { exitCodeHelp, exitCodeOf } from '../../../src/cli/exitCodes.js';
import { defaultDataDir } from '../../../src/cli/locations.js';
import { requireWritableFolder } from '../../../src/cli/outputFolder.js';

describe('option values', () => {
  it('are read', () => {
    expect(parseIndex('12')).toBe(12);
    expect(parseWindow('40,400')).toEqual({ centre: 40, width: 400 });
    expect(parsePrompt(' left putamen ')).toBe('left putamen');
    expect(parseAmount('250')).toBe(250);
    expect(parseWindow('-600.5,1500')).toEqual({ centre: -600.5, width: 1500 });
    expect(collectVoxels('3,4', collectVoxels('1,2', []))).toEqual([
      { first: 1, second: 2 },
      { first: 3, second: 4 },
    ]);
  });

  it.each(['', '-1', '1.5', 'x', '1e3', '99999999999999999999'])(
    'refuse %j as an index',
    (text) => {
      expect(() => parseIndex(text)).toThrow();
    },
  );
  it.each(['', '40', ',400', '40,', '40,0', '40,-1', 'a,b', '1,2,3', '40,Infinity'])(
    'refuse %j as a window',
    (text) => {
      expect(() => parseWindow(text)).toThrow();
    },
  );
  it.each(['', '1', '1;2', '1,2,3', '-1,2', '1.5,2'])('refuse %j as a click', (text) => {
    expect(() => collectVoxels(text, [])).toThrow();
  });
  it.each(['0', '101'])('refuse %s steps', (text) => {
    expect(() => parseCount(text)).toThrow();
  });
  it('refuse an empty request, one that is too long, and none of something', () => {
    expect(() => parsePrompt(' \n')).toThrow(/what to segment/);
    expect(() => parsePrompt('x'.repeat(2001))).toThrow(/2000/);
    expect(() => parseAmount('0')).toThrow();
  });
});

describe('clicks in voxels', () => {
  // Axial slices of a patient, stored with rows from left to right: i runs to the patient's right.
  const geometry: VolumeGeometry = {
    dimensions: [10, 20, 30],
    spacingMm: [1, 1, 1],
    origin: [0, 0, 0],
    direction: [
      [-1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    orientationKnown: true,
  };
  const at = (axis: 'acquired' | 'coronal' | 'sagittal', first: number, second: number) =>
    voxelToNormalised(
      { geometry, plane: computeSlicePlane(geometry, axis), sliceIndex: 5 },
      { first, second },
    );

  it('are i,j of an acquired slice, shown with the right side at the left', () => {
    expect(at('acquired', 0, 0)).toEqual({ x: 9.5 / 10, y: 0.5 / 20 });
  });

  it('are i,k of a coronal and j,k of a sagittal cut, with the head up', () => {
    expect(at('coronal', 2, 29)).toEqual({ x: 7.5 / 10, y: 0.5 / 30 });
    expect(at('sagittal', 3, 0)).toEqual({ x: 3.5 / 20, y: 29.5 / 30 });
  });

  it('are refused outside the slice', () => {
    expect(() => at('acquired', 10, 0)).toThrow(/outside/);
    expect(() => at('coronal', 0, 30)).toThrow(/outside/);
  });
});

describe('the folder for results', () => {
  it('may be there or not, and is not made by asking', () => {
    const wanted = path.join(tmpdir(), 'ibis-not-there', 'deeper');
    expect(() => {
      requireWritableFolder(wanted);
    }).not.toThrow();
    expect(existsSync(path.dirname(wanted))).toBe(false);
  });

  it('is refused before any work where a file stands in its way', () => {
    expect(() => {
      requireWritableFolder(path.join(import.meta.filename, 'out'));
    }).toThrow(/is not a folder/);
  });
});

describe('exit codes', () => {
  it('stand in the help, and every error has one of them', () => {
    for (const code of errorCodes) {
      const exitCode = exitCodeOf(code);
      expect(exitCode).not.toBe(0);
      expect(exitCodeHelp).toContain(`\n  ${exitCode}  `);
    }
  });
});

describe('the data folder', () => {
  it("is the app's own on each system, unless the environment names another", () => {
    const homeDir = '/home/doe';
    const folder = (platform: NodeJS.Platform, env = {}): string =>
      defaultDataDir({ platform, env, homeDir });
    expect(folder('linux')).toBe('/home/doe/.config/ibis');
    expect(folder('linux', { XDG_CONFIG_HOME: '/cfg' })).toBe('/cfg/ibis');
    expect(folder('darwin')).toBe('/home/doe/Library/Application Support/ibis');
    expect(folder('linux', { IBIS_DATA_DIR: '/data' })).toBe('/data');
  });
});
