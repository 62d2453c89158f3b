import * as ort from 'bench://local/ort/ort.wasm.min.mjs';

ort.env.wasm.wasmPaths = 'bench://local/ort/';

const now = () => performance.now();
async function time(runs, work) {
  const elapsedMs = [];
  for (let run = 0; run < runs; run += 1) {
    const begun = now();
    await work();
    elapsedMs.push(now() - begun);
  }
  return elapsedMs;
}

const open = (name) => ort.InferenceSession.create(`bench://local/model/${name}`);

/** `frame`: float32 [1, 3, 1024, 1024] as made by the engine for the same slice. */
window.runBench = async ({ frame, clicks, size, threads, encodeRuns, decodeRuns }) => {
  ort.env.wasm.numThreads = threads;
  const encoder = await open('encoder.onnx');
  const decoder = await open('sam.onnx');
  const input = new ort.Tensor('float32', new Float32Array(frame), [1, 3, 1024, 1024]);
  const [outputName] = encoder.outputNames;
  let embedding = (await encoder.run({ input }))[outputName];
  const encodeMs = await time(encodeRuns, async () => {
    embedding = (await encoder.run({ input }))[outputName];
  });
  const prompt = () => ({
    image_embeddings: embedding,
    point_coords: new ort.Tensor('float32', new Float32Array(clicks.coords), [1, clicks.count, 2]),
    point_labels: new ort.Tensor('float32', new Float32Array(clicks.labels), [1, clicks.count]),
    mask_input: new ort.Tensor('float32', new Float32Array(256 * 256), [1, 1, 256, 256]),
    has_mask_input: new ort.Tensor('float32', new Float32Array([0]), [1]),
    orig_im_size: new ort.Tensor('float32', new Float32Array(size), [2]),
  });
  let outputs = await decoder.run(prompt());
  const decodeMs = await time(decodeRuns, async () => {
    outputs = await decoder.run(prompt());
  });
  const { data } = outputs.masks;
  let maskPixels = 0;
  for (const logit of data) if (logit > 0) maskPixels += 1;
  return { encodeMs, decodeMs, maskPixels, threads, isolated: window.crossOriginIsolated };
};
