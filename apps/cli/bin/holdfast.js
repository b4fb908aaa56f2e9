#!/usr/bin/env node
import { existsSync } from "node:fs";

// The program itself is built; this is the name by which a checkout and an install find it.
const program = new URL("../dist/main.js", import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write("holdfast: this checkout is not built; `npm test` or `pnpm build` builds it\n");
  process.exitCode = 2;
}
