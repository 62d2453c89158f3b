import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { contentSecurityPolicy } from './security.js';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm', // or WebAssembly.instantiateStreaming refuses it
  '.onnx': 'application/octet-stream',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** The file under `rendererDir` that an app:// address names; null when it names none inside it. */
export function rendererFile(rendererDir: string, address: string): string | null {
  let pathname: string;
  try {
    pathname = decodeURIComponent(new URL(address).pathname);
  } catch {
    return null; // not an address, or a broken escape
  }
  if (pathname.includes('\0')) return null;
  const file = path.join(rendererDir, pathname === '/' ? 'index.html' : pathname);
  return file.startsWith(rendererDir + path.sep) ? file : null;
}

/** Serves the built renderer, with the content policy on every answer. */
export async function serveRendererFile(rendererDir: string, address: string): Promise<Response> {
  const file = rendererFile(rendererDir, address);
  const bytes = file === null ? null : await readFile(file).catch(() => null);
  if (file === null || bytes === null) return new Response('not found', { status: 404 });
  return new Response(new Uint8Array(bytes), {
    headers: {
      'content-type': CONTENT_TYPES[path.extname(file)] ?? 'application/octet-stream',
      'content-security-policy': contentSecurityPolicy,
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    },
  });
}
