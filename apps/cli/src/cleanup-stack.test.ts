import { expect, test } from "vitest";
import { CleanupStack } from "./cleanup-stack.js";

test("tasks run once, latest first, and a failure keeps no other from running", () => {
  const ran: string[] = [];
  const cleanup = new CleanupStack();
  cleanup.add(() => ran.push("first"));
  cleanup.add(() => {
    throw new Error("second");
  });
  const forget = cleanup.add(() => ran.push("third"));
  cleanup.add(() => ran.push("fourth"));
  forget();
  forget();
  expect(cleanup.run()).toEqual([new Error("second")]);
  expect(ran).toEqual(["fourth", "first"]);
  expect(cleanup.run()).toEqual([]);
  expect(ran).toEqual(["fourth", "first"]);
});
