// Declared by hand, as far as codecs.ts uses them: these packages ship no types.

/** The emscripten builds: the factory makes a module that holds the decoder class under its name. */
declare module 'ibis-emscripten-codec' {
  interface FrameInfo {
    readonly width: number;
    readonly height: number;
    readonly bitsPerSample: number;
    readonly componentCount: number;
  }
  interface WasmDecoder {
    getEncodedBuffer(length: number): Uint8Array;
    decode(): void;
    getDecodedBuffer(): Uint8Array;
    getFrameInfo(): FrameInfo;
    getInterleaveMode?(): number;
    delete(): void;
  }
  type DecoderClass = new () => WasmDecoder;
  type Factory = (options: {
    readonly print: () => void;
    readonly printErr: () => void;
  }) => Promise<Readonly<Record<string, DecoderClass | undefined>>>;
  export type { DecoderClass, Factory, FrameInfo, WasmDecoder };
}
declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs' {
  import type { Factory } from 'ibis-emscripten-codec';
  const factory: Factory;
  export default factory;
}
declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  import type { Factory } from 'ibis-emscripten-codec';
  const factory: Factory;
  export default factory;
}
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  import type { Factory } from 'ibis-emscripten-codec';
  const factory: Factory;
  export default factory;
}
declare module '@cornerstonejs/codec-openjph/wasmjs' {
  import type { Factory } from 'ibis-emscripten-codec';
  const factory: Factory;
  export default factory;
}
declare module 'jpeg-lossless-decoder-js' {
  export class Decoder {
    /** The decoded samples; `bytesPerSample` 1 or 2. */
    decode(
      buffer: ArrayBufferLike | Uint8Array,
      offset: number,
      length: number,
      bytesPerSample: number,
    ): Uint8Array | Uint16Array;
  }
}
