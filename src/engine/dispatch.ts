import { engineMethods } from '../contract/channels.js';
import type { EngineMethodName, MethodResults, ParsedParams, Reply } from '../contract/channels.js';
import { toErrorShape } from '../contract/errors.js';
import { logFault } from './log.js';

/** One function a method of the channel table. */
export type EngineHandlers = {
  readonly [M in EngineMethodName]: (params: ParsedParams<M>) => Promise<MethodResults[M]>;
};

const isEngineMethod = (method: string): method is EngineMethodName =>
  Object.hasOwn(engineMethods, method);

const refuse = (message: string): Reply<never> => ({
  ok: false,
  error: { code: 'bad-message', message },
});

async function callHandler<M extends EngineMethodName>(
  handlers: EngineHandlers,
  method: M,
  params: unknown,
): Promise<Reply<unknown>> {
  const parsed = engineMethods[method].safeParse(params);
  if (!parsed.success)
    return refuse(`"${method}" was called with parameters that it does not take.`);
  try {
    // The table gives `method` its parameter shape, which TypeScript cannot follow through the index.
    return { ok: true, value: await handlers[method](parsed.data as ParsedParams<M>) };
  } catch (thrown) {
    const error = toErrorShape(thrown);
    // An expected failure is told to whoever asked; the log is for what nobody foresaw.
    if (error.code === 'failed') logFault(method, thrown);
    return { ok: false, error };
  }
}

/** Parses and runs one call. Never throws: what a handler throws becomes the reply's code and sentence. */
export async function dispatchCall(
  handlers: EngineHandlers,
  method: string,
  params: unknown,
): Promise<Reply<unknown>> {
  return isEngineMethod(method)
    ? callHandler(handlers, method, params)
    : refuse('There is no such method.');
}
