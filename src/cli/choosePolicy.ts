import { IbisError } from '../contract/errors.js';
import type { CliEngine } from './openEngine.js';

/** The policy that was named, or the first that can be used. */
export async function choosePolicy(engine: CliEngine, wanted: string | undefined): Promise<string> {
  if (wanted !== undefined) return wanted;
  const policies = (await engine.invoke('listModels', {})).filter(({ role }) => role === 'policy');
  const usable = policies.find(({ problem }) => problem === null);
  if (usable !== undefined) return usable.id;
  const [broken] = policies;
  if (broken?.problem != null) throw new IbisError(broken.problem.code, broken.problem.message);
  throw new IbisError('model-missing', 'There is no policy installed.');
}
