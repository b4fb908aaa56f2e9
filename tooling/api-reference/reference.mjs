// What TypeDoc makes of the sources, and what is demanded of it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Application, Comment, Converter, ReflectionKind } from "typedoc";
import { root, workspacePackages } from "../ci/steps.mjs";
import { notExported } from "./not-exported.mjs";

const packages = workspacePackages().filter(({ directory }) => directory.startsWith("packages/"));
const entries = packages.flatMap(({ directory, manifest }) =>
  Object.entries(manifest.exports)
    .filter(([, target]) => typeof target !== "string")
    .map(([entry, target]) => ({
      name: manifest.name + entry.slice(1),
      source: join(root, directory, target["@holdfast/source"]),
    })),
);
const { repository } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const home = repository.url.replace(/^git\+/, "").replace(/\.git$/, "");

/** Reads every entry. Resolves with undefined when the sources do not convert. */
export async function readReference() {
  const application = await Application.bootstrap({
    name: "Holdfast",
    readme: "none",
    basePath: root,
    entryPoints: entries.map(({ source }) => source),
    tsconfig: join(root, "tooling/api-reference/tsconfig.json"),
    skipErrorChecking: true, // `npm run check` has a step for types
    excludeExternals: true,
    excludePrivate: true,
    excludeProtected: true,
    excludeInternal: true,
    disableGit: true,
    gitRevision: "main",
    sourceLinkTemplate: `${home}/blob/{gitRevision}/{path}#L{line}`,
    externalSymbolLinkMappings: { "abstract-level": { "*": "https://github.com/Level/abstract-level#readme" } },
    packagesRequiringDocumentation: packages.map(({ manifest }) => manifest.name),
    requiredToBeDocumented: [
      ...["Module", "Variable", "Function", "TypeAlias", "Class", "Interface"],
      ...["Property", "Method", "Accessor"],
    ],
    logLevel: "Warn",
  });
  application.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => shape(project));
  application.converter.addUnknownSymbolResolver((link, from) => exportedAs(link, from.project));
  const project = await application.convert();
  return project === undefined ? undefined : { application, project };
}

function shape(project) {
  // Modules are called after their files; a reader knows them by what is imported.
  for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
    const file = module.sources?.[0]?.fullFileName;
    module.name = entries.find(({ source }) => source === file)?.name ?? module.name;
  }
  for (const member of project.getReflectionsByKind(ReflectionKind.ClassMember)) {
    // The base classes of abstract-level call these; nobody else does.
    if (member.name.startsWith("_") && member.parent?.name.startsWith("Lsm")) project.removeReflection(member);
  }
  for (const end of project.getReflectionsByKind(ReflectionKind.CallSignature)) {
    if (/^\[(dispose|asyncDispose)\]$/.test(end.name) && !end.hasComment() && !end.parent.hasComment()) {
      end.comment = new Comment([
        { kind: "text", text: "For `using`: the same as `close`, or `release` where that is its name." },
      ]);
    }
  }
}

/** A link to what its file does not import: the one thing that some entry exports under that name. */
function exportedAs({ symbolReference }, project) {
  const path = symbolReference?.path?.map((part) => part.path);
  if (path?.length !== 1) return undefined;
  const found = project.children.map((module) => module.getChildByName(path)).filter((each) => each !== undefined);
  const target = found.find((each) => !each.isReference()) ?? found[0];
  return target === undefined ? undefined : { target };
}

/** Logs a warning for everything that is missing. */
export function validateReference({ application, project }) {
  const { options } = application;
  const checks = { notDocumented: true, invalidLink: true, invalidPath: true, notExported: false };
  options.setValue("validation", checks);
  const silent = project.getReflectionsByKind(ReflectionKind.Property).filter(speaksForItself);
  options.setValue("intentionallyNotDocumented", [...new Set(silent.map((each) => each.getFriendlyFullName()))]);
  application.validate(project);

  // TypeDoc looks for missing exports in the package that a project is named after, and there are several here.
  options.setValue("validation", { notExported: true, notDocumented: false, invalidLink: false, invalidPath: false });
  for (const { manifest } of packages) {
    project.packageName = manifest.name;
    options.setValue("intentionallyNotExported", notExported(manifest.name));
    application.validate(project);
  }
}

/**
 * Properties that need no words of their own: what stands in a type that is written out in place, since the type around it has them, the one
 * that tells the members of a union apart, and the name of an error, which is that of its class. Those within parameters TypeDoc does not
 * ask for.
 */
function speaksForItself(property) {
  if (property.hasComment() || isWithin(property, ReflectionKind.Parameter)) return false;
  const { name, parent, type } = property;
  if (parent?.kind === ReflectionKind.TypeLiteral) return true;
  if (name === "kind") return type?.type === "literal";
  return name === "name" && parent?.extendedTypes?.some((base) => base.name === "Error") === true;
}

function isWithin(reflection, kind) {
  return reflection.parent !== undefined && (reflection.parent.kindOf(kind) || isWithin(reflection.parent, kind));
}
