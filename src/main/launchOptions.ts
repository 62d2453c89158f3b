import path from 'node:path';

/** What the start of the program asks for. */
export interface LaunchOptions {
  readonly openDemo: boolean;
  /** Absolute paths of studies to open. */
  readonly paths: readonly string[];
}

/**
 * Reads `argv` and the environment. Switches are Chromium's and ours and never paths; in a checkout the first
 * other argument is the app's own folder (`electron . [paths]`). Arguments that are no files are left out, since
 * launchers append words of their own.
 */
export function readLaunchOptions(source: {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly runsFromCheckout: boolean;
  readonly workingDir: string;
  readonly fileExists: (file: string) => boolean;
}): LaunchOptions {
  const words = source.argv.slice(1).filter((word) => !word.startsWith('-'));
  const paths = (source.runsFromCheckout ? words.slice(1) : words)
    .map((word) => path.resolve(source.workingDir, word))
    .filter(source.fileExists);
  return {
    openDemo: source.env.IBIS_OPEN_DEMO === '1' || source.argv.includes('--demo'),
    paths,
  };
}

/** The renderer's address with what it should open: `?demo=1`, `?open=PATH` (repeated). */
export function rendererAddress(base: string, options: LaunchOptions): string {
  const address = new URL(base);
  if (options.openDemo) address.searchParams.set('demo', '1');
  for (const file of options.paths) address.searchParams.append('open', file);
  return address.href;
}
