import fc from "fast-check";
import { expect, test } from "vitest";
import { StreamHeads } from "./stream-heads.js";

test("a head is the hash that was set last, or not known", () => {
  const step = fc.tuple(fc.nat(40), fc.uint8Array({ minLength: 32, maxLength: 32 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const heads = new StreamHeads(16);
      const model = new Map<number, Uint8Array>();
      for (const [stream, hash] of steps) {
        heads.set(stream, hash);
        model.set(stream, hash);
        expect(heads.get(stream)).toEqual(hash);
      }
      for (let stream = 0; stream <= 40; stream += 1) {
        const known = heads.get(stream);
        if (known !== undefined) expect(known).toEqual(model.get(stream));
      }
      const last = new Map(steps.map(([stream]) => [stream % 16, stream]));
      for (const stream of last.values()) expect(heads.get(stream)).toEqual(model.get(stream));
    }),
  );
});
