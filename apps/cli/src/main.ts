#!/usr/bin/env node
// Source maps come first, because they apply only to modules loaded after this line: with them a failure of the tour
// names the line of the source that caused it.
process.setSourceMapsEnabled(true);

// Whoever reads our output may leave early (`holdfast tour | head`). The work goes on to its end, so that it tidies up.
process.stdout.on("error", ignoreClosedPipe);
process.stderr.on("error", ignoreClosedPipe);

const { runCommandLine } = await import("./command-line.js");
process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
});

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
