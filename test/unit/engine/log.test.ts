import { describe, expect, it } from 'vitest';

import { IbisError } from '../../../src/contract/errors.js';
import { describeFault } from '../../../src/engine/log.js';

describe('a line of the log', () => {
  it('carries the code of a known failure and nothing of its sentence', () => {
    const fault = new IbisError('broken-file', 'The file /home/doe/DOE^JANE.dcm is broken.');
    expect(describeFault('openPaths', fault)).toBe('openPaths: broken-file');
  });

  it('carries name, code and place of an unknown fault, without message and folders', () => {
    const fault = Object.assign(new TypeError('cannot read DOE^JANE of /home/doe/x'), {
      code: 'EIO',
    });
    const line = describeFault('resolve', fault);
    expect(line).toMatch(/^resolve: failed TypeError EIO at log\.test\.ts:\d+/);
    expect(line).not.toMatch(/DOE|home|\//);
  });

  it('takes whatever was thrown', () => {
    expect(describeFault('run', 'DOE^JANE')).toBe('run: failed (string)');
  });
});
