// Receipts signed with Ed25519 of node:crypto, and what is found when anything about them is wrong.
import * as crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { blake3 } from "@holdfast/segment-codec/blake3";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dropPayload } from "../src/event-encoder.js";
import { EventHasher } from "../src/event-hash.js";
import { formatEventId } from "../src/event-id.js";
import { EventRecord } from "../src/event-record.js";
import { receiptImage, type ReceiptSigner, signReceipt, type SignedReceipt } from "../src/receipt-signature.js";
import { type SignatureCheck, verifyReceipt } from "../src/receipt-verification.js";
import { sha256 } from "../src/sha256.js";
import { logId, sampleLog, type SampleRecord, toHex } from "./support/sample-log.js";

const { privateKey, publicKey } = crypto.generateKeyPairSync("ed25519");
const signer: ReceiptSigner = { keyId: "k1", sign: (message) => crypto.sign(null, message, privateKey) };
const checkOf =
  (key: crypto.KeyObject): SignatureCheck =>
  (message, signature) =>
    crypto.verify(null, message, key, signature);
const keys = new Map([["k1", checkOf(publicKey)]]);

function receiptOf({ record: bytes, sequence, hash }: SampleRecord): SignedReceipt {
  const record = new EventRecord().read(bytes);
  const facts = { sequence, revision: record.revision, id: formatEventId(record.viewId()), hash };
  return signReceipt(logId, "blake3-256", facts, signer);
}

const [first = []] = fc.sample(sampleLog, { seed: 3, numRuns: 20 }).filter((log) => log.length >= 3);
const one = first[1]!; // three at least
const receipt = receiptOf(one);
const faultsOf = (given: unknown, more: object = {}): unknown => {
  const verdict = verifyReceipt(given, { keys, ...more });
  return verdict.kind === "valid" ? [] : verdict.faults.map(({ kind }) => kind);
};

test("a receipt outlives JSON, and is valid with its event, whole or without its payload", () => {
  fc.assert(
    fc.property(sampleLog, fc.nat(), (log, draw) => {
      const event = log[draw % log.length]!;
      const signed = JSON.parse(JSON.stringify(receiptOf(event))) as unknown;
      const whole = new EventRecord().read(event.record);
      const left = dropPayload(whole, blake3.hash(whole.viewPayload()!));
      expect(verifyReceipt(signed, { keys })).toEqual({ kind: "valid", receipt: signed, isOfRecord: false });
      for (const record of [event.record, left]) {
        expect(verifyReceipt(signed, { keys, record })).toEqual({ kind: "valid", receipt: signed, isOfRecord: true });
      }
    }),
    { numRuns: 30 },
  );
});

test("what is signed, byte for byte", () => {
  const id = formatEventId(Uint8Array.from({ length: 16 }, (_, index) => index));
  const image = receiptImage({
    ...receipt,
    algorithm: "sha256",
    sequence: 0x0102,
    revision: 0x03,
    id,
    hash: "ab".repeat(32),
  });
  expect(toHex(image)).toBe(
    `${Buffer.from("holdfast.receipt/1\0").toString("hex")}02a0a1a2a3a4a5a6a7a8a9aaabacadaeaf` +
      `02010000000000000300000000000000000102030405060708090a0b0c0d0e0f${"ab".repeat(32)}`,
  );
});

describe("a receipt that says something else is not valid", () => {
  test.each<[keyof SignedReceipt, unknown]>([
    ["logId", "00".repeat(16)],
    ["algorithm", "sha256"],
    ["sequence", 3],
    ["revision", 77],
    ["id", "00000000-0000-0000-0000-000000000000"],
    ["hash", "00".repeat(32)],
    ["signature", Buffer.alloc(64).toString("base64url")],
    ["signature", "AA"],
  ])("about its %s (%#)", (field, value) => {
    expect(faultsOf({ ...receipt, [field]: value })).toEqual(["signature"]);
  });

  test("of another event, as far as the record shows", () => {
    const other = first[2]!; // three at least
    const verdict = verifyReceipt(receipt, { keys, record: other.record });
    expect(verdict).toMatchObject({
      kind: "invalid",
      faults: expect.arrayContaining([
        { kind: "other-event", field: "hash" },
        { kind: "other-event", field: "id" },
      ]),
    });
    expect(faultsOf({ ...receipt, sequence: 3 }, { record: one.record })).toEqual(["signature", "other-event"]);
    expect(faultsOf({ ...receipt, revision: 77 }, { record: one.record })).toEqual(["signature", "other-event"]);
  });

  test("whose event has changed by a bit", () => {
    for (let bit = 0; bit < one.record.length * 8; bit += 5) {
      const record = one.record.slice();
      record[bit >>> 3] = record[bit >>> 3]! ^ (1 << (bit & 7)); // bit is inside
      expect(faultsOf(receipt, { record })).toEqual(
        expect.arrayContaining([expect.stringMatching(/^(record|other-event)$/)]),
      );
    }
  });
});

describe("keys", () => {
  test("one that nobody trusts", () => {
    expect(verifyReceipt({ ...receipt, keyId: "k2" }, { keys })).toEqual({
      kind: "invalid",
      faults: [{ kind: "unknown-key", keyId: "k2" }],
    });
    expect(faultsOf({ ...receipt, keyId: "constructor" })).toEqual(["unknown-key"]);
  });

  test("another one under the same id", () => {
    const other = crypto.generateKeyPairSync("ed25519").publicKey;
    expect(faultsOf(receipt, { keys: new Map([["k1", checkOf(other)]]) })).toEqual(["signature"]);
  });

  test("a check that throws, or promises, has not said yes", () => {
    const cause = new Error("no such curve");
    const fails: SignatureCheck = () => {
      throw cause;
    };
    expect(verifyReceipt(receipt, { keys: new Map([["k1", fails]]) })).toEqual({
      kind: "invalid",
      faults: [{ kind: "signature", cause }],
    });
    const promises = (() => Promise.resolve(true)) as unknown as SignatureCheck;
    expect(faultsOf(receipt, { keys: new Map([["k1", promises]]) })).toEqual(["signature"]);
  });

  test("are given as a Map", () => {
    expect(() => verifyReceipt(receipt, { keys: { k1: checkOf(publicKey) } as never })).toThrow(
      expect.objectContaining({ code: "STORE_INVALID_OPTION" }),
    );
  });
});

test.each<[string, unknown]>([
  ["receipt", null],
  ["receipt", "receipt"],
  ["format", {}],
  ["format", { ...receipt, format: "holdfast.receipt/2" }],
  ["logId", { ...receipt, logId: receipt.logId.toUpperCase() }],
  ["logId", { ...receipt, logId: "00" }],
  ["algorithm", { ...receipt, algorithm: "none" }],
  ["sequence", { ...receipt, sequence: 0 }],
  ["sequence", { ...receipt, sequence: "2" }],
  ["revision", { ...receipt, revision: -1 }],
  ["revision", { ...receipt, revision: 2 ** 53 }],
  ["id", { ...receipt, id: "7" }],
  ["hash", { ...receipt, hash: `${receipt.hash}0` }],
  ["keyId", { ...receipt, keyId: "" }],
  ["keyId", { ...receipt, keyId: "k".repeat(257) }],
  ["signature", { ...receipt, signature: "" }],
  ["signature", { ...receipt, signature: "A".repeat(1400) }],
  ["signature", { ...receipt, signature: `${receipt.signature}=` }],
  ["signature", { ...receipt, signature: 7 }],
])("what has a wrong %s is no receipt (%#)", (field, given) => {
  expect(verifyReceipt(given, { keys })).toEqual({ kind: "invalid", faults: [{ kind: "malformed", field }] });
});

test("anything at all costs a verdict", () => {
  const anything = fc.oneof(
    fc.anything(),
    fc.record({ ...Object.fromEntries(Object.keys(receipt).map((key) => [key, fc.anything()])) }),
    fc
      .tuple(fc.constantFrom(...Object.keys(receipt)), fc.anything())
      .map(([key, value]) => ({ ...receipt, [key]: value })),
  );
  fc.assert(
    fc.property(anything, fc.uint8Array(), (given, record) => {
      expect(verifyReceipt(given, { keys, record })).toMatchObject({ kind: "invalid" });
    }),
  );
});

describe("the hash of a record", () => {
  test("is that of the algorithm the receipt names", () => {
    const golden = JSON.parse(readFileSync(new URL("golden/event-records.json", import.meta.url), "utf8")) as {
      byHash: { sha256: readonly { sequence: number; record: string; hash: string }[] };
    }; // written by event-records.py
    for (const vector of golden.byHash.sha256) {
      const bytes = Uint8Array.from(Buffer.from(vector.record, "hex"));
      const record = new EventRecord().read(bytes);
      const facts = {
        sequence: vector.sequence,
        revision: record.revision,
        id: formatEventId(record.viewId()),
        hash: Uint8Array.from(Buffer.from(vector.hash, "hex")),
      };
      const signed = signReceipt(logId, "sha256", facts, signer);
      expect(verifyReceipt(signed, { keys, record: bytes })).toMatchObject({ kind: "valid", isOfRecord: true });
      expect(() => verifyReceipt(signed, { keys, record: bytes, hash: blake3 })).toThrow(/hash is of blake3-256/);
      let asked = 0;
      const own = { ...sha256, hash: (given: Uint8Array) => (asked++, sha256.hash(given)) };
      expect(verifyReceipt(signed, { keys, record: bytes, hash: own }).kind).toBe("valid");
      expect(asked).toBeGreaterThan(0);
    }
  });
});

test.each<[string, ReceiptSigner]>([
  ["names no key", { ...signer, keyId: "" }],
  ["gives nothing", { ...signer, sign: () => new Uint8Array(0) }],
  ["gives too much", { ...signer, sign: () => new Uint8Array(1025) }],
  ["gives text", { ...signer, sign: () => "signature" as unknown as Uint8Array }],
])("a signer that %s is refused", (_what, wrong) => {
  const hasher = new EventHasher(blake3, logId);
  const record = new EventRecord().read(one.record);
  const facts = { sequence: 2, revision: 0, id: formatEventId(record.viewId()), hash: hasher.hashOf(record, 2) };
  expect(() => signReceipt(logId, "blake3-256", facts, wrong)).toThrow(
    expect.objectContaining({ code: "STORE_INVALID_OPTION" }),
  );
});
