import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessFacts {
  readonly pid: number;
  readonly parentPid: number;
  readonly command: string; // the whole command line
  readonly residentMiB: number;
}

const PAGE_KIB = 4;

function readProcess(pid: number): ProcessFacts | null {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    // The name in parentheses may hold spaces: the fields are counted from behind it.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const parentPid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    const residentPages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    return { pid, parentPid, command, residentMiB: (residentPages * PAGE_KIB) / 1024 };
  } catch {
    return null; // it ended between the listing and the reading
  }
}

/** A process and everything below it (Linux: from /proc). */
export function processTree(rootPid: number): readonly ProcessFacts[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((facts) => facts !== null);
  const tree = all.filter(({ pid }) => pid === rootPid);
  for (let index = 0; index < tree.length; index += 1)
    tree.push(...all.filter(({ parentPid }) => parentPid === tree[index]?.pid));
  return tree;
}
