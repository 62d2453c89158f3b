const isTerminal = process.stdout.isTTY === true;
const paint = (code, text) => (isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text);

/** One line a step: what it is, and how it stands. */
export function say(mark, name, text) {
  const marks = { ready: paint(32, '✓'), note: paint(33, '!'), failed: paint(31, '✗'), busy: '…' };
  console.log(`${marks[mark]} ${name.padEnd(16)} ${text}`);
}

export const seconds = (sinceMs) => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;
