#!/usr/bin/env node
// Source maps come first, because they apply only to modules loaded after this line: with them a failure of the tour
// names the line of the source that caused it.
process.setSourceMapsEnabled(true);

const { runCommandLine } = await import("./command-line.js");
const { ProcessSink } = await import("./process-sink.js");
process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdout: new ProcessSink(process.stdout),
  stderr: new ProcessSink(process.stderr),
  env: process.env,
});
