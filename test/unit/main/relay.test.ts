import { describe, expect, it } from 'vitest';

import { IbisError } from '../../../src/contract/errors.js';
import { relayCall } from '../../../src/main/relay.js';
import type { MainHandlers } from '../../../src/main/relay.js';

const handlers: MainHandlers = {
  pickFiles: async ({ kind }) => [kind],
  pickExportFolder: async () => null,
  revealInFolder: async () => {
    throw new IbisError('not-found', 'The file is no longer there.');
  },
  copyText: async () => null,
  restartEngine: async () => null,
  getEngineState: async () => ({ kind: 'ready' }),
};

describe('a call from the window', () => {
  const asked: unknown[] = [];
  const relay = (method: unknown, params: unknown) =>
    relayCall(method, params, {
      handlers,
      callEngine: async (name, given) => {
        asked.push([name, given]);
        return { ok: true, value: 'from the engine' };
      },
    });

  it('is answered by main where it needs Electron', async () => {
    expect(await relay('pickFiles', { kind: 'folder' })).toEqual({ ok: true, value: ['folder'] });
  });

  it('is passed to the engine where it does not', async () => {
    expect(await relay('cancelJob', { jobId: 'a' })).toEqual({
      ok: true,
      value: 'from the engine',
    });
    expect(asked).toEqual([['cancelJob', { jobId: 'a' }]]);
  });

  it.each([
    ['an unknown method', 'format', {}],
    ['a name that every object has', 'constructor', {}],
    ['a method that is no text', 7, {}],
    ['parameters of the wrong type', 'pickFiles', { kind: 'disk' }],
    ['no parameters', 'cancelJob', undefined],
    ['a number where an id belongs', 'cancelJob', { jobId: 1 }],
    [
      'a click outside the image',
      'addClick',
      { sessionId: 's', label: 'include', normalised: { x: 2, y: 0 } },
    ],
  ])('is refused with %s', async (_title, method, params) => {
    const before = asked.length;
    expect(await relay(method, params)).toMatchObject({
      ok: false,
      error: { code: 'bad-message' },
    });
    expect(asked).toHaveLength(before);
  });

  it('brings the code and the sentence of what went wrong', async () => {
    expect(await relay('revealInFolder', { path: '/x' })).toEqual({
      ok: false,
      error: { code: 'not-found', message: 'The file is no longer there.' },
    });
  });
});
