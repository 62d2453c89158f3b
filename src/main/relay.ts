import { engineMethods, mainMethods } from '../contract/channels.js';
import type {
  EngineMethodName,
  MainMethodName,
  MethodResults,
  ParsedParams,
  Reply,
} from '../contract/channels.js';
import { toErrorShape } from '../contract/errors.js';

/** Names of the two IPC channels between the window and main. */
export const INVOKE_CHANNEL = 'ibis:invoke';
export const EVENT_CHANNEL = 'ibis:event';

/** What main answers itself. */
export type MainHandlers = {
  readonly [M in MainMethodName]: (params: ParsedParams<M>) => Promise<MethodResults[M]>;
};

const isMainMethod = (method: string): method is MainMethodName =>
  Object.hasOwn(mainMethods, method);
const isEngineMethod = (method: string): method is EngineMethodName =>
  Object.hasOwn(engineMethods, method);

const refuse = (message: string): Reply<never> => ({
  ok: false,
  error: { code: 'bad-message', message },
});

async function callMain<M extends MainMethodName>(
  handlers: MainHandlers,
  method: M,
  params: unknown,
): Promise<Reply<unknown>> {
  const parsed = mainMethods[method].safeParse(params);
  if (!parsed.success)
    return refuse(`"${method}" was called with parameters that it does not take.`);
  try {
    // The table gives `method` its parameter shape, which TypeScript cannot follow through the index.
    return { ok: true, value: await handlers[method](parsed.data as ParsedParams<M>) };
  } catch (thrown) {
    return { ok: false, error: toErrorShape(thrown) };
  }
}

/**
 * One call from the window: checked against the channel table, then answered here or passed to the engine
 * (which parses the parameters again: it has other callers). Never throws.
 */
export async function relayCall(
  method: unknown,
  params: unknown,
  options: {
    readonly handlers: MainHandlers;
    readonly callEngine: (method: EngineMethodName, params: unknown) => Promise<Reply<unknown>>;
  },
): Promise<Reply<unknown>> {
  if (typeof method !== 'string') return refuse('A call must name its method.');
  if (isMainMethod(method)) return callMain(options.handlers, method, params);
  if (!isEngineMethod(method)) return refuse('There is no such method.');
  if (!engineMethods[method].safeParse(params).success)
    return refuse(`"${method}" was called with parameters that it does not take.`);
  return options.callEngine(method, params);
}
