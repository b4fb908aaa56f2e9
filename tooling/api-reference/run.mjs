// The API reference: a page tree for every public entry of every package, made from the sources by TypeDoc.
//   npm run docs               writes it to docs/api, which git ignores
//   npm run docs -- --check    writes nothing, and fails on what has no documentation, on links that lead nowhere, and on types
//                              that a public one speaks of and no entry exports
import { join } from "node:path";
import { root } from "../ci/steps.mjs";
import { readReference, validateReference } from "./reference.mjs";

const [flag, ...more] = process.argv.slice(2);
if ((flag !== undefined && flag !== "--check") || more.length > 0) {
  console.error("docs: the one argument is --check");
  process.exit(2);
}

const reference = await readReference();
if (reference === undefined) process.exit(1); // TypeDoc has said why
const { application, project } = reference;
validateReference(reference);
if (flag === undefined) await application.generateDocs(project, join(root, "docs/api"));

const problems = application.logger.errorCount + application.logger.warningCount;
console.log(problems === 0 ? "docs: everything public is documented" : `docs: ${problems} problems`);
process.exitCode = problems === 0 ? 0 : 1;
