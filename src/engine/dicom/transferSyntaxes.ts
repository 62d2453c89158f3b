import { IbisError } from '../../contract/errors.js';

export type Codec =
  'native' | 'deflated-frame' | 'rle' | 'jpeg' | 'jpeg-lossless' | 'jpeg-ls' | 'jpeg2000' | 'htj2k';

interface TransferSyntax {
  readonly uid: string;
  readonly name: string;
  readonly codec: Codec;
  readonly encapsulated: boolean;
  readonly lossy: boolean;
}

const syntax = (
  uid: string,
  name: string,
  codec: Codec,
  { encapsulated = true, lossy = false } = {},
): TransferSyntax => ({ uid, name, codec, encapsulated, lossy });

const stem = '1.2.840.10008.1.2';
const syntaxes: readonly TransferSyntax[] = [
  syntax(stem, 'Implicit VR Little Endian', 'native', { encapsulated: false }),
  syntax(`${stem}.1`, 'Explicit VR Little Endian', 'native', { encapsulated: false }),
  syntax(`${stem}.1.98`, 'Encapsulated Uncompressed', 'native'),
  syntax(`${stem}.1.99`, 'Deflated Explicit VR Little Endian', 'native', { encapsulated: false }),
  syntax(`${stem}.2`, 'Explicit VR Big Endian', 'native', { encapsulated: false }),
  syntax(`${stem}.8.1`, 'Deflated Image Frame', 'deflated-frame'),
  syntax(`${stem}.5`, 'RLE Lossless', 'rle'),
  syntax(`${stem}.4.50`, 'JPEG Baseline', 'jpeg', { lossy: true }),
  syntax(`${stem}.4.51`, 'JPEG Extended', 'jpeg', { lossy: true }),
  syntax(`${stem}.4.57`, 'JPEG Lossless', 'jpeg-lossless'),
  syntax(`${stem}.4.70`, 'JPEG Lossless SV1', 'jpeg-lossless'),
  syntax(`${stem}.4.80`, 'JPEG-LS Lossless', 'jpeg-ls'),
  syntax(`${stem}.4.81`, 'JPEG-LS Near-Lossless', 'jpeg-ls', { lossy: true }),
  syntax(`${stem}.4.90`, 'JPEG 2000 Lossless', 'jpeg2000'),
  syntax(`${stem}.4.91`, 'JPEG 2000', 'jpeg2000', { lossy: true }),
  syntax(`${stem}.4.201`, 'HTJ2K Lossless', 'htj2k'),
  syntax(`${stem}.4.202`, 'HTJ2K Lossless RPCL', 'htj2k'),
  syntax(`${stem}.4.203`, 'HTJ2K', 'htj2k', { lossy: true }),
];
const byUid = new Map(syntaxes.map((entry) => [entry.uid, entry]));

// MPEG-2, MPEG-4 AVC, HEVC, and the SMPTE ST 2110 streams.
export const isVideoSyntax = (uid: string): boolean =>
  /^1\.2\.840\.10008\.1\.2\.4\.10\d(\.1)?$/.test(uid) || uid.startsWith('1.2.840.10008.1.2.7.');

/** Throws IbisError 'unsupported-syntax' with the UID in its sentence. */
export function knownSyntax(uid: string): TransferSyntax {
  const found = byUid.get(uid);
  if (found === undefined)
    throw new IbisError(
      'unsupported-syntax',
      `The image is encoded in a way that Ibis does not read (transfer syntax ${uid}).`,
    );
  return found;
}
