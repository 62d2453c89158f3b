/// <reference types="vite/client" />
import type { IbisApi } from '../contract/channels.js';

declare global {
  interface Window {
    /** Set by preload: the only way out of the sandbox. */
    readonly ibis: IbisApi;
  }
}
