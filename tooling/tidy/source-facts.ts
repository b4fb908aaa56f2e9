// What one TypeScript file contains, as far as the rules care. Comments and strings never count as code.
import ts from "typescript";
import type { TextFile } from "./repository.ts";

export interface Found {
  readonly what: string;
  readonly line: number;
}

export interface SourceFacts {
  readonly path: string;
  readonly lineCount: number;
  /** Calls and reads of time, randomness and timers, as they are written: `Date.now`. */
  readonly impure: readonly Found[];
  /** `any`, enums, `export *`, `console.*`, default exports. */
  readonly banned: readonly Found[];
  /** True when the file does nothing but re-export, from at least two files. */
  readonly isBarrel: boolean;
  readonly reexportedFrom: readonly string[];
  /** Constants named `...ErrorCodes`: their string members. */
  readonly errorCodes: readonly string[];
}

const impureMembers: Readonly<Record<string, readonly string[]>> = {
  Date: ["now"],
  Math: ["random"],
  performance: ["now", "timeOrigin"],
  process: ["hrtime", "uptime"],
  crypto: ["randomUUID", "getRandomValues", "randomBytes", "randomInt"],
};
const impureNames: readonly string[] = [
  "setTimeout",
  "setInterval",
  "setImmediate",
  "randomUUID",
  "randomBytes",
  "randomInt",
  "getRandomValues",
];

/** `clock.setTimeout` and `{ setTimeout() {} }` name a member of somebody's object, not the global. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  const named = ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isMethodSignature(parent);
  return (named || ts.isPropertySignature(parent) || ts.isPropertyDeclaration(parent)) && parent.name === node;
}

export function sourceFacts({ path, text }: TextFile): SourceFacts {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const impure: Found[] = [];
  const banned: Found[] = [];
  const errorCodes: string[] = [];
  const note = (list: Found[], node: ts.Node, what: string): void => {
    list.push({ what, line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1 });
  };

  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const [object, member] = [node.expression.text, node.name.text];
      if (impureMembers[object]?.includes(member) === true) note(impure, node, `${object}.${member}`);
      if (object === "console") note(banned, node, `console.${member}`);
      if (object === "globalThis" && impureNames.includes(member)) note(impure, node, member);
    }
    if (ts.isIdentifier(node) && impureNames.includes(node.text) && !isMemberName(node)) note(impure, node, node.text);
    const isDate = ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === "Date";
    if (isDate && (node.arguments ?? []).length === 0) note(impure, node, "new Date()");
    if (node.kind === ts.SyntaxKind.AnyKeyword) note(banned, node, "any");
    if (ts.isEnumDeclaration(node)) note(banned, node, `enum ${node.name.text}`);
    if (ts.isExportDeclaration(node) && (node.exportClause === undefined || ts.isNamespaceExport(node.exportClause))) {
      note(banned, node, "export *");
    }
    if (ts.isExportAssignment(node)) note(banned, node, "export default");
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.name.text.endsWith("ErrorCodes")) {
      node.forEachChild(function collect(child): void {
        if (ts.isStringLiteral(child)) errorCodes.push(child.text);
        else child.forEachChild(collect);
      });
    }
    node.forEachChild(visit);
  };
  visit(file);

  const reexportedFrom = file.statements
    .filter((statement) => ts.isExportDeclaration(statement))
    .map((statement) => statement.moduleSpecifier)
    .filter((specifier) => specifier !== undefined && ts.isStringLiteral(specifier))
    .map((specifier) => specifier.text);
  return {
    path,
    lineCount: text.split("\n").length - (text.endsWith("\n") ? 1 : 0),
    impure,
    banned,
    isBarrel: file.statements.length === reexportedFrom.length && new Set(reexportedFrom).size >= 2,
    reexportedFrom,
    errorCodes,
  };
}
