import { expect, test } from 'vitest';

import { isUntrainedRequest } from '../../../src/renderer/session/checkRequest.js';
import { madeUpSession } from '../../renderer-harness/sessionData.js';

const untrained = { known: false, targetName: null, warning: 'Not trained for it.' };

test('an untrained request is warned of before it is run, and not beside the session that it began', () => {
  const session = madeUpSession('stopped');
  const asked = session.settings.target.text;
  expect(isUntrainedRequest(null, asked, untrained)).toBe(true);
  expect(isUntrainedRequest(session, ` ${asked}`, untrained)).toBe(false);
  expect(isUntrainedRequest({ ...session, decision: 'edited' }, asked, untrained)).toBe(false);
  expect(isUntrainedRequest(session, 'the gallbladder', untrained)).toBe(true);
  expect(isUntrainedRequest(null, asked, { ...untrained, known: true })).toBe(false);
  expect(isUntrainedRequest(null, asked, null)).toBe(false);
});
