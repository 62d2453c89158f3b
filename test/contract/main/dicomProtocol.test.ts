import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Reply } from '../../../src/contract/channels.js';
import type { ResolvedResource } from '../../../src/contract/engineMessages.js';
import { serveRendererFile } from '../../../src/main/appProtocol.js';
import { serveDicomResource } from '../../../src/main/dicomProtocol.js';
import { contentSecurityPolicy } from '../../../src/main/security.js';
import { openTestEngine } from '../engine/helpers.js';
import type { TestEngine } from '../engine/helpers.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ibis-protocol-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('dicom:// answers', () => {
  const file = path.join(folder, 'frames.bin');
  const bytes = randomBytes(3 * 1024 * 1024);
  beforeAll(() => {
    writeFileSync(file, bytes);
  });
  const serve = (reply: Reply<ResolvedResource>, address = 'dicom://local/frame/a1') =>
    serveDicomResource(address, { resolve: async () => reply, rendererOrigin: 'app://ibis' });
  const stretch = (offset: number, length: number): Reply<ResolvedResource> => ({
    ok: true,
    value: { file, offset, length, contentType: 'application/octet-stream' },
  });

  it.each([
    [0, 10],
    [12_345, 2_500_000],
    [3 * 1024 * 1024 - 1, 1],
    [5, 0],
  ])('are the stretch from %i of %i bytes, no more and no less', async (offset, length) => {
    const response = await serve(stretch(offset, length));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-length')).toBe(String(length));
    const body = Buffer.from(await response.arrayBuffer());
    expect(body.equals(bytes.subarray(offset, offset + length))).toBe(true);
  });

  it('may be read by our page and no other', async () => {
    for (const reply of [
      stretch(0, 4),
      { ok: false, error: { code: 'not-found', message: 'x' } } as const,
    ]) {
      const { headers } = await serve(reply);
      expect(headers.get('access-control-allow-origin')).toBe('app://ibis');
      expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  it('say that a file has been cut short, rather than send half an image', async () => {
    const cut = path.join(folder, 'cut.bin');
    writeFileSync(cut, randomBytes(100));
    const reply = {
      ok: true,
      value: { file: cut, offset: 0, length: 100, contentType: 'x/y' },
    } as const;
    expect((await serve(reply)).status).toBe(200);
    truncateSync(cut, 50);
    expect((await serve(reply)).status).toBe(410);
    rmSync(cut);
    expect((await serve(reply)).status).toBe(410);
  });

  it.each([
    ['not-found', 404],
    ['engine-stopped', 503],
    ['broken-file', 500],
  ] as const)('carry %s as status %i with its sentence', async (code, status) => {
    const response = await serve({ ok: false, error: { code, message: 'What happened.' } });
    expect(response.status).toBe(status);
    expect(await response.text()).toBe('What happened.');
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it('are refused for an address of another form, and the engine is not asked', async () => {
    const response = await serveDicomResource('dicom://local/frame/../x', {
      resolve: () => Promise.reject(new Error('asked')),
      rendererOrigin: 'app://ibis',
    });
    expect(response.status).toBe(400);
  });
});

describe('dicom:// with the engine behind it', () => {
  let test: TestEngine;
  beforeAll(async () => {
    test = await openTestEngine();
  });
  afterAll(() => test.close());

  it("serves a slice's pixels and a thumbnail of the demo study", async () => {
    const { seriesId } = await test.engine.invoke('openDemoStudy', {});
    const series = await test.engine.invoke('getSeries', { seriesId: seriesId ?? '' });
    const image = series.volumes[0]?.images[60];
    const options = {
      resolve: (resource: string) => test.engine.resolve(resource),
      rendererOrigin: 'app://ibis',
    };
    const frame = await serveDicomResource(`dicom://local/frame/${image?.imageId}`, options);
    expect((await frame.arrayBuffer()).byteLength).toBe(181 * 217);
    const thumbnail = await serveDicomResource(`dicom://local/thumbnail/${seriesId}`, options);
    expect(thumbnail.headers.get('content-type')).toBe('image/png');
    const none = await serveDicomResource('dicom://local/frame/none', options);
    expect(none.status).toBe(404);
  });
});

describe('app:// answers', () => {
  it('carry the policy and a type that the browser believes', async () => {
    writeFileSync(path.join(folder, 'codec.wasm'), 'x');
    const response = await serveRendererFile(folder, 'app://ibis/codec.wasm');
    expect(response.headers.get('content-type')).toBe('application/wasm');
    expect(response.headers.get('content-security-policy')).toBe(contentSecurityPolicy);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('are "not found" for what is not there, outside, or a folder', async () => {
    for (const name of ['nope.js', '..%2f..%2fetc%2fpasswd', ''])
      expect((await serveRendererFile(folder, `app://ibis/${name}`)).status).toBe(404);
  });
});
