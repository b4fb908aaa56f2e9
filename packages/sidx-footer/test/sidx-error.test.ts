import { expect, test } from "vitest";
import { SidxError, sidxErrorCodes } from "../src/index.js";
import { SidxError as sameClass } from "../src/sdx3-entry.js";

test("an error carries its code, where the trouble is, and its cause", () => {
  const cause = new Error("the disk said so");
  const error = new SidxError("SIDX_MALFORMED", "entry 3 is wrong", { offset: 12, entry: 3 }, { cause });
  expect(error).toBeInstanceOf(Error);
  expect([error.name, error.code, error.context, error.cause]).toEqual([
    "SidxError",
    "SIDX_MALFORMED",
    { offset: 12, entry: 3 },
    cause,
  ]);
  expect(new SidxError("SIDX_MALFORMED", "").context).toEqual({});
});

test("both entries throw the same class, and codes are listed once", () => {
  expect(sameClass).toBe(SidxError);
  expect([...sidxErrorCodes].toSorted()).toEqual([
    "SIDX_CHECKSUM_MISMATCH",
    "SIDX_FOREIGN",
    "SIDX_MALFORMED",
    "SIDX_OUT_OF_BOUNDS",
    "SIDX_TOO_LARGE",
    "SIDX_UNSUPPORTED_VERSION",
  ]);
});
