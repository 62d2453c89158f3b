import { describe, expect, it } from 'vitest';

import { rendererFile } from '../../../src/main/appProtocol.js';
import { resourceOfAddress } from '../../../src/main/dicomProtocol.js';
import { contentSecurityPolicy, isLocalRequest } from '../../../src/main/security.js';

describe('what the window may reach', () => {
  it.each([
    'app://ibis/index.html',
    'dicom://local/frame/abc',
    'devtools://devtools/bundled/x.js',
    'blob:app://ibis/123',
    'data:image/png;base64,AA==',
  ])('lets %s through', (address) => {
    expect(isLocalRequest(address, null)).toBe(true);
  });

  it.each([
    'https://example.com/',
    'http://localhost:5173/',
    'ws://localhost:5173/',
    'file:///etc/passwd',
    'ftp://example.com/',
    'not an address',
  ])('stops %s', (address) => {
    expect(isLocalRequest(address, null)).toBe(false);
  });

  it('lets the dev server through in development, and no other server', () => {
    const devServer = 'http://localhost:5173/';
    expect(isLocalRequest('http://localhost:5173/main.ts', devServer)).toBe(true);
    expect(isLocalRequest('ws://localhost:5173/', devServer)).toBe(true);
    expect(isLocalRequest('http://localhost:5174/', devServer)).toBe(false);
    expect(isLocalRequest('https://example.com/', devServer)).toBe(false);
  });

  it('has a policy without inline code, inline style or eval', () => {
    expect(contentSecurityPolicy).toContain("default-src 'none'");
    expect(contentSecurityPolicy).toContain("style-src 'self';");
    expect(contentSecurityPolicy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
  });
});

describe('addresses of the page', () => {
  const folder = '/app/out/renderer';
  it('names files inside the built renderer', () => {
    expect(rendererFile(folder, 'app://ibis/assets/a.js?x=1')).toBe(`${folder}/assets/a.js`);
    expect(rendererFile(folder, 'app://ibis/')).toBe(`${folder}/index.html`);
  });

  it.each([
    'app://ibis/..%2f..%2fpackage.json',
    'app://ibis/%2e%2e/%2e%2e/etc/passwd',
    'app://ibis/assets/..%2f..%2f..%2fsecret',
    'app://ibis/a%00.js',
    'app://ibis/%zz',
  ])('names nothing outside it: %s', (address) => {
    const file = rendererFile(folder, address);
    if (file !== null) expect(file.startsWith(`${folder}/`)).toBe(true);
    expect(file ?? '').not.toContain('..');
  });
});

describe('addresses of images', () => {
  it('are an opaque id of a frame or a thumbnail', () => {
    expect(resourceOfAddress('dicom://local/frame/1f3a-2')).toBe('frame/1f3a-2');
    expect(resourceOfAddress('dicom://local/thumbnail/1.2.840')).toBe('thumbnail/1.2.840');
  });

  it.each([
    'dicom://elsewhere/frame/1',
    'dicom://local/file/1',
    'dicom://local/frame/../../etc/passwd',
    'dicom://local/frame/a/b',
    'dicom://local/frame/',
    'dicom://local/frame/a?b',
  ])('are nothing else: %s', (address) => {
    expect(resourceOfAddress(address)).toBeNull();
  });
});
