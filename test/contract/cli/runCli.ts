import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

import { repoRoot } from '../engine/helpers.js';

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as JSON lines. */
  readonly lines: readonly Record<string, unknown>[];
}

export const nodeFile = path.join(repoRoot, 'node_modules', 'node', 'bin', 'node');
export const cliFile = path.join(repoRoot, 'out', 'main', 'cli.js');

/** The built command line in a process of its own. */
export function runCli(
  args: readonly string[],
  options: { env?: Record<string, string>; interruptAtFirstOutput?: true } = {},
): Promise<CliRun> {
  return new Promise((resolve) => {
    const child = spawn(nodeFile, [cliFile, ...args], {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => {
      if (stdout === '' && options.interruptAtFirstOutput === true) child.kill('SIGINT');
      stdout += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    child.on('close', (code) => {
      resolve({
        code,
        stdout,
        stderr,
        get lines() {
          return stdout
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as Record<string, unknown>);
        },
      });
    });
  });
}

const shared = process.env.IBIS_SHARED ?? path.join(repoRoot, '..', 'shared');
/** A folder of the shared data, or null where this machine has none. */
export function sharedData(name: string): string | null {
  const folder = path.join(shared, 'data', name);
  return existsSync(folder) ? folder : null;
}
