import cliProgress from 'cli-progress';

import type { IbisErrorShape } from '../contract/errors.js';

/** Results go to standard output, as JSON lines or as text; progress and complaints to standard error. */
export interface Output {
  readonly isJson: boolean;
  /** One JSON line in JSON mode; the text in text mode. */
  result(json: unknown, text: string): void;
  /** For people only: nothing in JSON mode. */
  say(text: string): void;
  note(text: string): void;
  fail(error: IbisErrorShape): void;
  startProgress(label: string): Progress;
}

export interface Progress {
  update(done: number, total: number | null): void;
  stop(): void;
}

/** In text mode: what is stored of a kind, a line each, then the files that were written of it, then notes. */
export const storedText = (
  kind: string,
  listed: readonly string[],
  { files, notes }: { readonly files: readonly string[]; readonly notes: readonly string[] },
): string =>
  [
    ...(listed.length === 0 ? [`no ${kind}`] : listed),
    ...files.map((file) => `wrote ${file}`),
    ...notes,
  ].join('\n');

interface Streams {
  readonly out: { write(text: string): unknown };
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** A bar on a terminal, drawn on standard error so that results can be piped. */
function startBar(label: string, stream: NodeJS.WritableStream): Progress {
  const bar = new cliProgress.SingleBar(
    {
      format: `${label} [{bar}] {value}/{total}`,
      hideCursor: true,
      clearOnComplete: true,
      stream,
    },
    cliProgress.Presets.shades_classic,
  );
  let started = false;
  return {
    update: (done, total) => {
      if (total === null) return;
      if (!started) bar.start(total, done);
      started = true;
      bar.setTotal(total);
      bar.update(done);
    },
    stop: () => {
      if (started) bar.stop();
    },
  };
}

const PLAIN_INTERVAL_MS = 5000; // a log wants to see that something moves, not each move

/** Plain lines where nobody watches: the first after some seconds, so that short work says nothing. */
function startLines(label: string, write: (line: string) => void): Progress {
  let lastMs = performance.now();
  return {
    update: (done, total) => {
      if (performance.now() - lastMs < PLAIN_INTERVAL_MS) return;
      lastMs = performance.now();
      write(`${label} ${done}${total === null ? '' : `/${total}`}\n`);
    },
    stop: () => undefined,
  };
}

export function createOutput(isJson: boolean, streams: Streams): Output {
  const { out, err } = streams;
  return {
    isJson,
    result: (json, text) => void out.write(isJson ? `${JSON.stringify(json)}\n` : `${text}\n`),
    say: (text) => {
      if (!isJson) out.write(`${text}\n`);
    },
    note: (text) => void err.write(`${text}\n`),
    fail: (error) => void err.write(`ibis: ${error.message} (${error.code})\n`),
    startProgress: (label) =>
      err.isTTY === true ? startBar(label, err) : startLines(label, (line) => void err.write(line)),
  };
}
