import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync, statfsSync } from 'node:fs';

/**
 * WAL needs shared memory and locks that hold between processes, which network file systems do not give
 * (sqlite.org/wal.html, "all processes must be on the same host"). Magic numbers of linux/magic.h and statfs(2).
 */
const NETWORK_MAGIC: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x01021997, '9P'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x564c, 'NCP'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x786f4256, 'VirtualBox shared folder'],
]);
const FUSE_MAGIC = 0x65735546;
/** FUSE carries local disks (ntfs, encrypted folders) too: only these types are remote. */
const REMOTE_FUSE =
  /^fuse\.(sshfs|rclone|s3fs|gcsfuse|goofys|glusterfs|ceph-fuse|davfs2?|curlftpfs|smbnetfs|gvfsd-fuse|afpfs|juicefs|vmhgfs-fuse|.*nfs.*)$/;
const REMOTE_MAC = /^(smbfs|nfs|afpfs|webdav|ftp|cifs|macfuse.*sshfs)$/;

/** What the check needs from the system; a parameter so that tests can stand on any disk. */
export interface MountProbe {
  readonly platform: NodeJS.Platform;
  /** Links resolved; on Windows a mapped drive becomes its \\server\share. */
  resolvePath(path: string): string;
  /** Linux: the `f_type` of statfs. */
  fileSystemMagic(path: string): number;
  /** Linux: /proc/self/mountinfo; macOS: the output of mount(8). */
  mountTable(): string;
}

export const systemMountProbe: MountProbe = {
  platform: process.platform,
  resolvePath: (path) => realpathSync.native(path),
  fileSystemMagic: (path) => statfsSync(path).type,
  mountTable: () =>
    process.platform === 'darwin'
      ? execFileSync('/sbin/mount', { encoding: 'utf8' })
      : readFileSync('/proc/self/mountinfo', 'utf8'),
};

const isInside = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

const longestMatch = (
  path: string,
  mounts: readonly { readonly point: string; readonly type: string }[],
): string | null => {
  let best: { readonly point: string; readonly type: string } | null = null;
  for (const mount of mounts)
    if (isInside(path, mount.point) && mount.point.length >= (best?.point.length ?? 0))
      best = mount;
  return best?.type ?? null;
};

/** `36 35 98:0 /root /mount/point rw - fuse.sshfs host: rw`; blanks in paths are written \040. */
function parseMountInfo(table: string): { point: string; type: string }[] {
  return table.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    const point = before?.split(' ')[4]?.replaceAll('\\040', ' ');
    const type = after?.split(' ')[0];
    return point === undefined || type === undefined ? [] : [{ point, type }];
  });
}

/** `//user@host/share on /Volumes/share (smbfs, nodev, nosuid)`. */
function parseMacMounts(table: string): { point: string; type: string }[] {
  return table.split('\n').flatMap((line) => {
    const match = /^.* on (.+) \(([^,)]+)/.exec(line);
    const [, point, type] = match ?? [];
    return point === undefined || type === undefined ? [] : [{ point, type }];
  });
}

/** Name of the network file system that holds `folder` (which exists), or null when the disk is local. */
export function findNetworkFileSystem(folder: string, probe: MountProbe): string | null {
  const path = probe.resolvePath(folder);
  if (probe.platform === 'win32') {
    // \\?\C:\ and \\.\ are local device paths; \\?\UNC\ and \\server\ are remote.
    const unc = /^\\\\(?:\?\\UNC\\|(?![?.]\\))/i.test(path);
    return unc ? 'Windows network share' : null;
  }
  if (probe.platform === 'linux') {
    const magic = probe.fileSystemMagic(path) >>> 0; // some are negative on 32-bit systems
    if (magic !== FUSE_MAGIC) return NETWORK_MAGIC.get(magic) ?? null;
    const type = longestMatch(path, parseMountInfo(probe.mountTable()));
    return type !== null && REMOTE_FUSE.test(type) ? type.replace('fuse.', '') : null;
  }
  if (probe.platform === 'darwin') {
    const type = longestMatch(path, parseMacMounts(probe.mountTable()));
    return type !== null && REMOTE_MAC.test(type) ? type : null;
  }
  return null;
}
