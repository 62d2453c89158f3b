import { spawn } from 'node:child_process';

/** Windows and macOS always have one. */
export const hasDisplay =
  process.platform !== 'linux' ||
  Boolean(process.env.DISPLAY) ||
  Boolean(process.env.WAYLAND_DISPLAY);

/** Starts Xvfb on a free display number of its own choice: { display, stop } or null where there is no Xvfb. */
export function startVirtualDisplay() {
  return new Promise((resolve) => {
    const child = spawn(
      'Xvfb',
      ['-displayfd', '3', '-screen', '0', '1680x1050x24', '-nolisten', 'tcp'],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
    );
    const stop = () => child.kill();
    child.on('error', () => resolve(null));
    child.on('exit', () => resolve(null));
    child.stdio[3].once('data', (chunk) => resolve({ display: `:${String(chunk).trim()}`, stop }));
    process.on('exit', stop);
  });
}
