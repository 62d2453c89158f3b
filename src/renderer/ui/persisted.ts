import { customRef } from 'vue';
import type { Ref } from 'vue';

/** A value that the window remembers between starts (localStorage). What cannot be parsed falls back. */
export function usePersisted<T>(key: string, parse: (stored: unknown) => T): Ref<T> {
  const storageKey = `ibis.${key}`;
  const read = (): T => {
    const text = localStorage.getItem(storageKey);
    if (text === null) return parse(undefined);
    try {
      return parse(JSON.parse(text));
    } catch {
      return parse(undefined);
    }
  };
  let value = read();
  return customRef((track, trigger) => ({
    get() {
      track();
      return value;
    },
    set(next: T) {
      value = next;
      localStorage.setItem(storageKey, JSON.stringify(next));
      trigger();
    },
  }));
}

export const parseNumberWithin =
  (low: number, high: number, standard: number) =>
  (stored: unknown): number =>
    typeof stored === 'number' && Number.isFinite(stored)
      ? Math.min(high, Math.max(low, stored))
      : standard;

export const parseFlag =
  (standard: boolean) =>
  (stored: unknown): boolean =>
    typeof stored === 'boolean' ? stored : standard;

export const parseOneOf =
  <const T extends string>(known: readonly T[], standard: NoInfer<T>) =>
  (stored: unknown): T =>
    known.find((each) => each === stored) ?? standard;

export const parseText =
  (standard: string) =>
  (stored: unknown): string =>
    typeof stored === 'string' ? stored : standard;
