import { expect, test } from "vitest";
import { StoreError } from "./store-error.js";

test("an error carries its code, its context and its cause", () => {
  const cause = new Error("why");
  const error = new StoreError("STORE_CORRUPT", "what", { offset: 7 }, { cause });
  expect(error).toMatchObject({
    name: "StoreError",
    code: "STORE_CORRUPT",
    message: "what",
    context: { offset: 7 },
    cause,
  });
});
