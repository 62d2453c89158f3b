import type { RightTab } from './panelStore.js';

/**
 * When the acts of one history came to stand, and when the others were undone, the next one to go last. Ticks of the
 * window; 0: before it saw them. Of undone acts that were stored earlier there are none.
 */
export interface ActTimes {
  readonly stood: readonly number[];
  readonly undone: readonly number[];
}

/** What is told of a history: the acts that stand, and whether one that was undone can be done again. */
interface Standing {
  readonly count: number;
  readonly canRedo: boolean;
}

const repeat = (time: number, count: number): readonly number[] =>
  Array.from({ length: count }, () => time);

/** The times after what has happened to a history: acts that are gone were undone now, those that came stand from now on. */
export function followActs(
  { stood, undone }: ActTimes,
  { count, canRedo }: Standing,
  now: number,
): ActTimes {
  const came = Math.max(0, count - stood.length);
  const gone = Math.max(0, stood.length - count);
  return {
    stood: [...stood.slice(0, count), ...repeat(now, came)],
    // A new act leaves nothing to redo; one that was redone is the one that was undone last.
    undone: canRedo
      ? [...undone.slice(0, Math.max(0, undone.length - came)), ...repeat(now, gone)]
      : [],
  };
}

/** What a tab would undo or redo next; null: nothing. */
export type NextActs = Readonly<
  Record<RightTab, { readonly label: string; readonly time: number } | null>
>;

/**
 * The tab whose act goes next: of all that was done since the window saw it, the latest. What was stored before is
 * reached from its own tab alone. Null: nothing.
 */
export function chooseTab(next: NextActs, onTop: RightTab): RightTab | null {
  const tabs: readonly RightTab[] = ['agent', 'segments', 'measure'];
  let chosen: RightTab | null = next[onTop] === null ? null : onTop;
  for (const tab of tabs)
    if ((next[tab]?.time ?? 0) > (chosen === null ? 0 : (next[chosen]?.time ?? 0))) chosen = tab;
  return chosen;
}
