/** A Uint8Array, not a Buffer, so that hot loops meet one shape; its memory is not cleared first: whoever makes it writes over all of it before anybody reads. */
export function plainBytes(length: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}
