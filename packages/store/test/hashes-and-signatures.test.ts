// The hash of a store is in its log, and what it seals can be signed.
import * as crypto from "node:crypto";
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { blake3 } from "@holdfast/segment-codec/blake3";
import { expect, test } from "vitest";
import { openStoreReader, type AppendReceipt, type Revision, type Sequence } from "../src/index.js";
import { sha256 } from "../src/sha256.js";
import { verifyReceipt } from "../src/verify-entry.js";
import { determined, events, openSample, Placed } from "./sample-store.js";

test.each([blake3, sha256])(
  "a store hashes as it was created, and a reader finds out how: $algorithm",
  async (hash) => {
    const directory = new Directory(new MemoryFs());
    const store = await openSample(directory, { hash });
    store.append("a", Placed, { amount: 1 });
    store.append("a", Placed, { amount: 2 });
    const sealed = store.hashAt(2);
    await store.close();
    const other = hash === blake3 ? sha256 : blake3;
    await expect(openSample(directory, { hash: other })).rejects.toEqual(
      expect.objectContaining({ code: "WAL_INVALID_OPTION", context: expect.objectContaining({ option: "hash" }) }),
    );
    const reader = openStoreReader({ directory, events });
    expect(reader.hashAt(2)).toEqual(sealed);
    expect(await reader.verify()).toMatchObject({ kind: "intact", lastHash: sealed });
    reader.close();
    const again = await openSample(directory, { hash, ...determined(1) });
    expect(await again.verify()).toMatchObject({ kind: "intact", lastHash: sealed });
    await again.close();
  },
);

test("a receipt that the store signs is verified without it", async () => {
  const { publicKey, privateKey } = crypto.generateKeyPairSync("ed25519");
  const signer = { keyId: "k", sign: (message: Uint8Array): Uint8Array => crypto.sign(null, message, privateKey) };
  const store = await openSample(undefined, { signer });
  const signed = store.sign(store.append("a", Placed, { amount: 1 }));
  const check = (message: Uint8Array, signature: Uint8Array): boolean =>
    crypto.verify(null, message, publicKey, signature);
  const keys = new Map([["k", check]]);
  const kept: unknown = JSON.parse(JSON.stringify(signed));
  expect(verifyReceipt(kept, { keys })).toMatchObject({ kind: "valid", receipt: { sequence: 1, revision: 0 } });
  expect(verifyReceipt({ ...signed, revision: 1 }, { keys })).toMatchObject({ kind: "invalid" });
  await store.close();
  const unsigned = await openSample();
  const receipt = unsigned.append("a", Placed, { amount: 1 });
  expect(() => unsigned.sign(receipt)).toThrowError(expect.objectContaining({ code: "STORE_INVALID_OPTION" }));
  await unsigned.close();
});

test("a store signs what it has, and nothing else", async () => {
  const { privateKey } = crypto.generateKeyPairSync("ed25519");
  const signer = { keyId: "k", sign: (message: Uint8Array): Uint8Array => crypto.sign(null, message, privateKey) };
  const store = await openSample(undefined, { signer });
  const first = store.append("a", Placed, { amount: 1 }, { rung: "memory" });
  const second = store.append("b", Placed, { amount: 2 });
  expect(store.sign(first)).toMatchObject({ sequence: 1, revision: 0, id: first.id });
  const other = await openSample(undefined, determined(7));
  for (const wrong of [
    other.append("a", Placed, { amount: 1 }),
    { ...first, sequence: 2 as Sequence },
    { ...first, sequence: 3 as Sequence },
    { ...first, revision: 1 as Revision },
    { ...first, id: second.id },
    { ...first, hash: second.hash },
    { ...first, hash: first.hash.subarray(1) },
    { sequence: 1 } as AppendReceipt,
    undefined as unknown as AppendReceipt,
  ]) {
    expect(() => store.sign(wrong)).toThrowError(expect.objectContaining({ code: "STORE_INVALID_OPTION" }));
  }
  await store.close();
  await other.close();
});
