import path from 'node:path';

import { IbisError } from '../contract/errors.js';

/** Frames of our own call stack as `file:line`, without folders: a path may name a user or a patient. */
function stackFrames(error: Error): string {
  const frames = (error.stack ?? '').matchAll(/\(?((?:file:\/\/)?[^\s()]+):(\d+):\d+\)?$/gm);
  return [...frames]
    .slice(0, 6)
    .map(([, file = '', line = '']) => `${path.posix.basename(file)}:${line}`)
    .join(' < ');
}

/** A log line of a failure: code and place, never the message, which may hold a path or a tag. */
export function describeFault(where: string, thrown: unknown): string {
  if (thrown instanceof IbisError) return `${where}: ${thrown.code}`;
  if (!(thrown instanceof Error)) return `${where}: failed (${typeof thrown})`;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? ` ${thrown.code}` : '';
  return `${where}: failed ${thrown.name}${code} at ${stackFrames(thrown)}`;
}

export function logFault(where: string, thrown: unknown): void {
  console.error(`ibis engine: ${describeFault(where, thrown)}`);
}
