import type { EngineState, ProviderStatus } from '../../contract/channels.js';
import { assertNever } from '../../domain/result.js';

const PROVIDER_NAMES: Readonly<Record<string, string>> = {
  cpu: 'CPU',
  webgpu: 'WebGPU',
  cuda: 'CUDA',
  coreml: 'CoreML',
  dml: 'DirectML',
};

const nameProvider = (id: string): string => PROVIDER_NAMES[id] ?? id;

/** The engine in two words at the most, since the bar is full, and in a sentence for who points at them. */
export function describeEngine(
  state: EngineState,
  provider: ProviderStatus | null,
  restarting: boolean,
): {
  readonly label: string;
  readonly detail: string;
  readonly tone: 'good' | 'warn' | 'bad' | 'busy';
} {
  switch (state.kind) {
    case 'starting':
      return { label: 'Starting', detail: 'The engine is starting.', tone: 'busy' };
    case 'stopped':
      return restarting
        ? { label: 'Restarting', detail: 'The engine is being started again.', tone: 'busy' }
        : { label: 'Stopped', detail: state.reason, tone: 'bad' };
    case 'ready': {
      if (provider === null)
        return { label: 'Ready', detail: 'The engine is ready.', tone: 'good' };
      const name = nameProvider(provider.used);
      const note = provider.note === '' ? '' : ` ${provider.note}`;
      return { label: `${name} ready`, detail: `Models run on ${name}.${note}`, tone: 'good' };
    }
    default:
      return assertNever(state);
  }
}
