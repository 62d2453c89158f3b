import { createPinia, setActivePinia } from 'pinia';

import type { IbisEvent, MethodName } from '../../../src/contract/channels.js';

export interface SeenCall {
  readonly method: MethodName;
  readonly params: unknown;
}

/**
 * `window.ibis` for tests of what the window asks and in which order. A method without an answer fails, so that no
 * call goes unnoticed. The end-to-end tests ask the real engine.
 */
export function standInEngine(answers: Partial<Record<MethodName, (params: never) => unknown>>): {
  readonly calls: readonly SeenCall[];
  say(event: IbisEvent): void;
} {
  setActivePinia(createPinia());
  const stored = new Map<string, string>();
  const listeners = new Set<(event: IbisEvent) => void>();
  const calls: SeenCall[] = [];
  const api = {
    platform: 'linux',
    pathOfFile: () => '',
    onEvent: (listener: (event: IbisEvent) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    invoke: async (method: MethodName, params: unknown) => {
      calls.push({ method, params });
      const answer = answers[method];
      if (answer === undefined)
        return { ok: false, error: { code: 'failed', message: `no answer to ${method}` } };
      return { ok: true, value: await answer(params as never) };
    },
  };
  Object.assign(globalThis, {
    window: { ibis: api },
    localStorage: {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
    },
  });
  return {
    calls,
    say: (event) => {
      for (const listener of listeners) listener(event);
    },
  };
}

export const methodsOf = (engine: { readonly calls: readonly SeenCall[] }): MethodName[] =>
  engine.calls.map(({ method }) => method);

/** Lets every answer that is ready arrive. */
export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
