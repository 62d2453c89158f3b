import type { ErrorCode } from '../contract/errors.js';

/** What a script may rely on; `ibis --help` lists them. */
export const exitCodes = {
  done: 0,
  usage: 2,
  input: 3,
  model: 4,
  failed: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitCodeHelp = `Exit codes:
  0  done, also when the policy says that the target is not in the image
  2  usage: an option is missing or wrong
  3  input: nothing to open, or no such series, phase or slice
  4  model: missing, damaged, or not what its manifest says
  5  failed: the run, the database or the disk
  130  interrupted with Ctrl+C; the session is kept as far as it went`;

export function exitCodeOf(code: ErrorCode): ExitCode {
  switch (code) {
    case 'usage':
    case 'bad-message':
      return exitCodes.usage;
    case 'not-found':
    case 'not-dicom':
    case 'broken-file':
    case 'no-pixels':
    case 'unsupported-syntax':
    case 'video-not-supported':
    case 'unsupported-format':
    case 'no-series':
    case 'bad-slice':
    case 'no-geometry':
    case 'does-not-fit':
      return exitCodes.input;
    case 'model-missing':
    case 'model-hash':
    case 'model-signature':
    case 'model-manifest':
    case 'model-failed':
      return exitCodes.model;
    case 'cancelled':
      return exitCodes.interrupted;
    case 'database-newer':
    case 'database-damaged':
    case 'database-on-network':
    case 'disk-full':
    case 'permission':
    case 'empty-mask':
    case 'session-state':
    case 'engine-stopped':
    case 'failed':
      return exitCodes.failed;
  }
}
