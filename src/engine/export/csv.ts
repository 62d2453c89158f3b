/** RFC 4180: quoted where it must be, lines ended by CR LF. */
const quote = (cell: string): string =>
  /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;

/** A table with its heads in the first line. */
export const encodeCsv = (lines: readonly (readonly string[])[]): string =>
  lines.map((cells) => `${cells.map(quote).join(',')}\r\n`).join('');
