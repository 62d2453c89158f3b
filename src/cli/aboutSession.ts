import { IbisError, toErrorShape } from '../contract/errors.js';

/** Runs `work` on a session that the user named; where it fails, the sentence says which one of several it was. */
export async function aboutSession<T>(sessionId: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const { code, message } = toErrorShape(thrown);
    throw new IbisError(code, `Session ${sessionId}: ${message}`, { cause: thrown });
  }
}
