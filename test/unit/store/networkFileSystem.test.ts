import { describe, expect, it } from 'vitest';

import {
  findNetworkFileSystem,
  systemMountProbe,
} from '../../../src/engine/store/networkFileSystem.js';
import type { MountProbe } from '../../../src/engine/store/networkFileSystem.js';

const probe = (override: Partial<MountProbe>): MountProbe => ({
  platform: 'linux',
  resolvePath: (path) => path,
  fileSystemMagic: () => 0xef53, // ext4
  mountTable: () => '',
  ...override,
});

describe('finding network file systems', () => {
  it.each([
    ['NFS', 0x6969],
    ['SMB', 0xfe534d42],
    ['SMB', 0xfe534d42 | 0], // negative, as a 32-bit system gives it
    ['CIFS', 0xff534d42],
    ['9P', 0x01021997],
  ])('tells %s on Linux by its magic number', (name, magic) => {
    expect(findNetworkFileSystem('/data', probe({ fileSystemMagic: () => magic }))).toBe(name);
  });

  it.each([
    ['ext4', 0xef53],
    ['btrfs', 0x9123683e],
    ['tmpfs', 0x01021994],
    ['overlay', 0x794c7630],
  ])('takes %s for local', (_name, magic) => {
    expect(findNetworkFileSystem('/data', probe({ fileSystemMagic: () => magic }))).toBeNull();
  });

  it('looks behind FUSE: sshfs is remote, an NTFS disk is not, and the innermost mount counts', () => {
    const fuse = probe({
      fileSystemMagic: () => 0x65735546,
      mountTable: () =>
        [
          '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
          '90 22 0:50 / /home/me/my\\040server rw,nosuid - fuse.sshfs me@host:/ rw',
          '91 90 8:17 / /home/me/my\\040server/disk rw - fuseblk /dev/sdb1 rw',
        ].join('\n'),
    });
    expect(findNetworkFileSystem('/home/me/my server/ibis', fuse)).toBe('sshfs');
    expect(findNetworkFileSystem('/home/me/my server/disk/ibis', fuse)).toBeNull();
    expect(findNetworkFileSystem('/home/me/my server-local/ibis', fuse)).toBeNull();
  });

  it.each([
    ['\\\\server\\share\\ibis', true],
    ['\\\\?\\UNC\\server\\share\\ibis', true],
    ['C:\\Users\\me\\ibis', false],
    ['\\\\?\\C:\\Users\\me\\ibis', false],
  ])('tells Windows shares by their path: %s', (path, remote) => {
    const found = findNetworkFileSystem(path, probe({ platform: 'win32' }));
    expect(found).toBe(remote ? 'Windows network share' : null);
  });

  it('reads the mount table of macOS', () => {
    const mac = probe({
      platform: 'darwin',
      mountTable: () =>
        [
          '/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)',
          '//me@server/group on /Volumes/My Group (smbfs, nodev, nosuid, mounted by me)',
          '/dev/disk4s1 on /Volumes/Stick (exfat, local, nodev)',
        ].join('\n'),
    });
    expect(findNetworkFileSystem('/Volumes/My Group/ibis', mac)).toBe('smbfs');
    expect(findNetworkFileSystem('/Volumes/Stick/ibis', mac)).toBeNull();
    expect(findNetworkFileSystem('/Users/me/ibis', mac)).toBeNull();
  });

  it.runIf(process.platform === 'linux')('asks this very system without failing', () => {
    // /proc is there on every Linux and lies on no network.
    expect(findNetworkFileSystem('/proc', systemMountProbe)).toBeNull();
  });
});
