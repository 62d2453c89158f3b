import { spawn } from 'node:child_process';
import path from 'node:path';

import { repoRoot } from './paths.mjs';

/**
 * Runs a program to its end. `show`: its output goes to the terminal; else it is kept and returned.
 * Never rejects: a program that cannot start, or runs past `limitMs`, has code null.
 */
export function run(command, args, { cwd = repoRoot, env = process.env, limitMs, show } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: show ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      // npm is a .cmd on Windows, which only a shell starts.
      shell: process.platform === 'win32' && command === 'npm',
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    const timer =
      limitMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), limitMs);
    // Whoever ends this script ends what it shows, too.
    const passOn = (signal) => child.kill(signal);
    const signals = show ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : [];
    for (const signal of signals) process.on(signal, passOn);
    const end = (code) => {
      clearTimeout(timer);
      for (const signal of signals) process.off(signal, passOn);
      resolve({ code, output });
    };
    child.on('error', (error) => {
      output += error.message;
      end(null);
    });
    child.on('close', (code) => end(code));
  });
}

/** The environment of everything that we start: Node 24 and the installed tools first. */
export function toolEnvironment(extra = {}) {
  const bin = path.join(repoRoot, 'node_modules', '.bin');
  return { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}`, ...extra };
}

/**
 * The machine's own Node and npm: `npm start` puts the installed Node 24 first on the PATH, and an installation
 * that replaces it cannot be run by it.
 */
export function machineEnvironment() {
  const installed = path.join(repoRoot, 'node_modules');
  const kept = (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => !folder.startsWith(installed));
  return { ...process.env, PATH: kept.join(path.delimiter) };
}

export const lastLine = (text) => text.trim().split('\n').at(-1) ?? '';
