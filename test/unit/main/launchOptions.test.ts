import { describe, expect, it } from 'vitest';

import { readLaunchOptions, rendererAddress } from '../../../src/main/launchOptions.js';

const read = (argv: string[], overrides: Partial<Parameters<typeof readLaunchOptions>[0]> = {}) =>
  readLaunchOptions({
    argv,
    env: {},
    runsFromCheckout: true,
    workingDir: '/home/reader',
    fileExists: () => true,
    ...overrides,
  });

describe('how the program is started', () => {
  it('takes the first word of a checkout for the app itself and the rest for studies', () => {
    const { paths } = read(['electron', '.', 'ct', '/data/mr.zip']);
    expect(paths).toEqual(['/home/reader/ct', '/data/mr.zip']);
  });

  it('takes every word of an installed app for a study', () => {
    expect(read(['/opt/ibis', 'ct'], { runsFromCheckout: false }).paths).toEqual([
      '/home/reader/ct',
    ]);
  });

  it("never takes Chromium's switches for a study", () => {
    const { paths } = read(['electron', '--no-sandbox', '.', '--inspect=0', 'ct']);
    expect(paths).toEqual(['/home/reader/ct']);
  });

  it('leaves out what is no file', () => {
    expect(read(['electron', '.', 'word'], { fileExists: () => false }).paths).toEqual([]);
  });

  it('opens the demo when asked by switch or by environment, and not otherwise', () => {
    expect(read(['electron', '.']).openDemo).toBe(false);
    expect(read(['electron', '.', '--demo']).openDemo).toBe(true);
    expect(read(['electron', '.'], { env: { IBIS_OPEN_DEMO: '1' } }).openDemo).toBe(true);
    expect(read(['electron', '.'], { env: { IBIS_OPEN_DEMO: '' } }).openDemo).toBe(false);
  });

  it('tells the page by its address, whatever characters a path has', () => {
    const paths = ['/data/a b&c=d', '/data/ü#1'];
    const address = new URL(rendererAddress('app://ibis/index.html', { openDemo: true, paths }));
    expect(address.pathname).toBe('/index.html');
    expect(address.searchParams.get('demo')).toBe('1');
    expect(address.searchParams.getAll('open')).toEqual(paths);
  });
});
