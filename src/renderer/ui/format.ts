/** How values are written on screen. Pure, so that it is tested without a window. */

/** DICOM person name 'Doe^Jane^^Dr' -> 'Doe, Jane'. Only the first (alphabetic) group is shown. */
export function formatPatientName(name: string): string {
  const [family = '', given = ''] = (name.split('=')[0] ?? '')
    .split('^')
    .map((part) => part.trim());
  const shown = [family, given].filter((part) => part !== '').join(', ');
  return shown === '' ? 'No name' : shown;
}

/** '20260401' -> '2026-04-01'; anything else is shown as it is. */
export function formatDicomDate(date: string): string {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(date.trim());
  return match === null ? date.trim() : `${match[1]}-${match[2]}-${match[3]}`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** ISO time -> '14:05' on the day of `now`, else '2026-04-01 14:05'; local time. */
export function formatWhen(iso: string, now: Date): string {
  const when = new Date(iso);
  if (Number.isNaN(when.getTime())) return '';
  const time = `${two(when.getHours())}:${two(when.getMinutes())}`;
  const day = (date: Date): string =>
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return day(when) === day(now) ? time : `${day(when)} ${time}`;
}

/** 85 -> '85 ms', 1234 -> '1.2 s', 125000 -> '2 min 5 s'. */
export function formatElapsed(elapsedMs: number): string {
  if (elapsedMs < 999.5) return `${Math.round(elapsedMs)} ms`;
  if (elapsedMs < 59_950) return `${(elapsedMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(elapsedMs / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A segmenter's estimate of an IoU can run a little over 1; a reader is not told of 101%. */
export const formatScore = (score: number): string => Math.min(1, Math.max(0, score)).toFixed(2);

export const formatCount = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

/** 'Sat' -> 'sat' is never wanted inside identifiers, so only the first letter grows. */
export const capitalise = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
