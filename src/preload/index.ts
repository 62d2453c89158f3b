import { contextBridge, ipcRenderer, webUtils } from 'electron';

import type { IbisApi, IbisEvent } from '../contract/channels.js';

/**
 * `window.ibis`. Types come from the channel table; main checks every call against the same table, so nothing
 * is checked here and no schema is bundled. The channel names are main/relay.ts's.
 */
const api: IbisApi = {
  invoke: (method, params) => ipcRenderer.invoke('ibis:invoke', method, params),
  onEvent: (listener) => {
    const forward = (_event: unknown, fact: IbisEvent): void => {
      listener(fact);
    };
    ipcRenderer.on('ibis:event', forward);
    return () => {
      ipcRenderer.removeListener('ibis:event', forward);
    };
  },
  pathOfFile: (file) => webUtils.getPathForFile(file),
  platform: process.platform,
};

contextBridge.exposeInMainWorld('ibis', api);
