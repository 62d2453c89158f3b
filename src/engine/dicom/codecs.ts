import { createRequire } from 'node:module';

import type * as dcmjsCodecs from 'dcmjs-codecs';
import type { DecoderClass, FrameInfo } from 'ibis-emscripten-codec';

import { IbisError } from '../../contract/errors.js';
import { readPrecision, setColourTransform } from './jpegMarkers.js';
import { unpackBits } from './unpackBits.js';
import type { RawSamples } from './pixels.js';
import { decodeRle } from './rle.js';
import type { Codec } from './transferSyntaxes.js';
import type { PixelLayout } from './types.js';

interface Decoded {
  readonly bytes: Uint8Array;
  readonly info: FrameInfo;
  readonly interleaveMode: number | null;
}

// OpenJPEG tells every tile on stdout; what goes wrong is thrown anyway. A new object each time: emscripten
// makes the module out of it.
const silent = () => ({ print: () => undefined, printErr: () => undefined });
const loaders = {
  jpeg: {
    decoder: 'JPEGDecoder',
    load: () => import('@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs'),
  },
  'jpeg-ls': {
    decoder: 'JpegLSDecoder',
    load: () => import('@cornerstonejs/codec-charls/decodewasmjs'),
  },
  jpeg2000: {
    decoder: 'J2KDecoder',
    load: () => import('@cornerstonejs/codec-openjpeg/decodewasmjs'),
  },
  htj2k: { decoder: 'HTJ2KDecoder', load: () => import('@cornerstonejs/codec-openjph/wasmjs') },
} as const;

const loaded = new Map<keyof typeof loaders, Promise<DecoderClass>>();

function loadDecoder(name: keyof typeof loaders): Promise<DecoderClass> {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const { decoder, load } = loaders[name];
  const loading = load().then(async (module) => {
    const found = (await module.default(silent()))[decoder];
    if (found === undefined) throw new Error(`codec ${name} lacks ${decoder}`);
    return found;
  });
  loading.catch(() => loaded.delete(name));
  loaded.set(name, loading);
  return loading;
}

const brokenFrame = (cause: unknown): IbisError =>
  new IbisError('broken-file', 'The file is damaged: a compressed image in it cannot be decoded.', {
    cause,
  });

async function runWasm(name: keyof typeof loaders, bytes: Uint8Array): Promise<Decoded> {
  const Decoder = await loadDecoder(name).catch((cause: unknown) => {
    throw new IbisError('failed', `The ${name} decoder of this installation cannot be loaded.`, {
      cause,
    });
  });
  const decoder = new Decoder();
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    return {
      bytes: decoder.getDecodedBuffer().slice(), // out of the wasm heap
      info: { ...decoder.getFrameInfo() },
      interleaveMode: decoder.getInterleaveMode?.() ?? null,
    };
  } catch (cause) {
    throw brokenFrame(cause);
  } finally {
    decoder.delete();
  }
}

function checkSize(info: FrameInfo, layout: PixelLayout): void {
  const fits =
    info.width === layout.columns &&
    info.height === layout.rows &&
    info.componentCount === layout.samplesPerPixel;
  if (!fits)
    throw new IbisError(
      'broken-file',
      'The file contradicts itself: a compressed image in it has another size than its header states.',
    );
}

/** A compressed frame (not native) -> samples. Throws IbisError. */
export async function decodeCompressed(
  codec: Exclude<Codec, 'native' | 'deflated-frame'>,
  bytes: Uint8Array,
  layout: PixelLayout,
): Promise<RawSamples> {
  switch (codec) {
    case 'rle':
      return decodeRleFrame(bytes, layout);
    case 'jpeg':
      return decodeJpeg(bytes, layout);
    case 'jpeg-lossless':
      return decodeJpegLossless(bytes, layout);
    case 'jpeg-ls': {
      const decoded = await runWasm('jpeg-ls', bytes);
      checkSize(decoded.info, layout);
      const planar = decoded.interleaveMode === 0 && layout.samplesPerPixel > 1;
      return toSamples(decoded, layout, planar, layout.photometric);
    }
    case 'jpeg2000':
    case 'htj2k': {
      const decoded = await runWasm(codec, bytes);
      checkSize(decoded.info, layout);
      // The codestream's own component transform is undone by the decoder: YBR_RCT and YBR_ICT come out RGB.
      return toSamples(decoded, layout, false, layout.photometric);
    }
  }
}

const toSamples = (
  { bytes, info }: Decoded,
  layout: PixelLayout,
  planar: boolean,
  photometric: string,
): RawSamples => ({
  bytes,
  bitsAllocated: info.bitsPerSample <= 8 ? 8 : info.bitsPerSample <= 16 ? 16 : 32,
  planar,
  photometric: layout.samplesPerPixel === 1 ? layout.photometric : photometric,
});

function decodeRleFrame(bytes: Uint8Array, layout: PixelLayout): RawSamples {
  const pixelCount = layout.rows * layout.columns;
  const { bitsAllocated, samplesPerPixel, photometric } = layout;
  const unpacked = decodeRle(bytes, pixelCount, samplesPerPixel, bitsAllocated);
  if (bitsAllocated === 1)
    return {
      bytes: unpackBits(unpacked, 0, pixelCount),
      bitsAllocated: 8,
      planar: false,
      photometric,
    };
  const width =
    bitsAllocated === 8 ? 8 : bitsAllocated === 16 ? 16 : bitsAllocated === 32 ? 32 : 64;
  return { bytes: unpacked, bitsAllocated: width, planar: false, photometric };
}

async function decodeJpeg(bytes: Uint8Array, layout: PixelLayout): Promise<RawSamples> {
  if (readPrecision(bytes) > 8) return decodeJpeg12(bytes, layout);
  const decoded = await runWasm('jpeg', setColourTransform(bytes, layout.photometric));
  checkSize(decoded.info, layout);
  // libjpeg hands colour out as RGB, whatever the header says of the stored bytes.
  const info = { ...decoded.info, bitsPerSample: 8 };
  return toSamples({ ...decoded, info }, layout, false, 'RGB');
}

type DcmjsCodecs = typeof dcmjsCodecs;
let dcmtkJpeg: Promise<DcmjsCodecs> | null = null;

async function loadDcmjsCodecs(): Promise<DcmjsCodecs> {
  // CommonJS whose names an import cannot see.
  const codecs = createRequire(import.meta.url)('dcmjs-codecs') as DcmjsCodecs;
  await codecs.NativeCodecs.initializeAsync({ logCodecsInfo: false });
  return codecs;
}

/** 12-bit JPEG: DCMTK's libijg12, as dcmjs-codecs builds it; the 8-bit build above cannot. */
async function decodeJpeg12(bytes: Uint8Array, layout: PixelLayout): Promise<RawSamples> {
  dcmtkJpeg ??= loadDcmjsCodecs();
  const { Context, NativeCodecs } = await dcmtkJpeg;
  try {
    const context = new Context({
      width: layout.columns,
      height: layout.rows,
      bitsAllocated: 16,
      bitsStored: 12,
      samplesPerPixel: layout.samplesPerPixel,
      pixelRepresentation: layout.signed ? 1 : 0,
      planarConfiguration: 0,
      photometricInterpretation: layout.photometric,
      encodedBuffer: bytes,
    });
    const decoded = NativeCodecs.decodeJpeg(context, { convertColorspaceToRgb: true });
    const out = decoded.getDecodedBuffer();
    if (out === undefined || out.length < layout.rows * layout.columns * layout.samplesPerPixel * 2)
      throw new Error('nothing was decoded');
    const photometric = layout.samplesPerPixel === 1 ? layout.photometric : 'RGB';
    return { bytes: out.slice(), bitsAllocated: 16, planar: false, photometric };
  } catch (cause) {
    throw brokenFrame(cause);
  }
}

async function decodeJpegLossless(bytes: Uint8Array, layout: PixelLayout): Promise<RawSamples> {
  const { Decoder } = await import('jpeg-lossless-decoder-js');
  try {
    const width = layout.bitsAllocated <= 8 ? 1 : 2;
    const out = new Decoder().decode(bytes.buffer, bytes.byteOffset, bytes.length, width);
    return {
      bytes: new Uint8Array(out.buffer, out.byteOffset, out.byteLength),
      bitsAllocated: width === 1 ? 8 : 16,
      planar: false,
      photometric: layout.photometric,
    };
  } catch (cause) {
    throw brokenFrame(cause);
  }
}

/** A plain JPEG file -> gray or RGB bytes. */
export async function decodeJpegFile(
  bytes: Uint8Array,
  expected: { readonly columns: number; readonly rows: number; readonly samplesPerPixel: 1 | 3 },
): Promise<Uint8Array> {
  const { bytes: pixels, info } = await runWasm('jpeg', bytes);
  const fits =
    info.width === expected.columns &&
    info.height === expected.rows &&
    info.componentCount === expected.samplesPerPixel;
  if (!fits) throw brokenFrame(new Error('size differs'));
  return pixels;
}
