import { frameBytes, type FrameEncoder } from "@holdfast/segment-codec";

const COPY_BYTES = 256 * 1024;

/** Encodes frames once more, a buffer at a time. */
export class FrameCopy {
  readonly encoder: FrameEncoder;
  writtenBytes = 0;
  readonly #sink: (bytes: Uint8Array) => void;
  #buffer = new Uint8Array(COPY_BYTES);
  #filled = 0;

  constructor(encoder: FrameEncoder, sink: (bytes: Uint8Array) => void) {
    this.encoder = encoder;
    this.#sink = sink;
  }

  append(payload: Uint8Array, meta: { readonly kind: number; readonly flags: number; readonly span: number }): void {
    const bytes = frameBytes(payload.length);
    if (this.#filled + bytes > this.#buffer.length) this.write();
    if (bytes > this.#buffer.length) this.#buffer = new Uint8Array(bytes);
    // Nobody sees a byte of this before all of it is durable, so each frame may say so of those before it. Otherwise damage to
    // what was proven where it lay would pass for a torn tail where it lies then.
    this.encoder.durableLsn = this.encoder.nextLsn - 1;
    this.#filled = this.encoder.append(this.#buffer, this.#filled, payload, meta);
  }

  write(): void {
    if (this.#filled === 0) return;
    this.#sink(this.#buffer.subarray(0, this.#filled));
    this.writtenBytes += this.#filled;
    this.#filled = 0;
  }
}
