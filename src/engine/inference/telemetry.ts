/**
 * Since 1.29 ONNX Runtime's own builds send usage data to their maker (microsoft/onnxruntime#27379) and keep a
 * device id on the disk. This variable, which must be set before the library is loaded, is its full opt-out on
 * Linux and macOS; on Windows its events go to the system's tracing, which the user's privacy settings govern.
 *
 * Call it on the main thread before a worker or child that loads the library starts: a worker's `process.env`
 * is a copy that native code does not see.
 */
export function refuseTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY = '1';
}
