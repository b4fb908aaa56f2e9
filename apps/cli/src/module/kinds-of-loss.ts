import type { ModuleVerdict } from "./judge-module.js";

/** What went wrong in one way, under one or more file systems. */
export interface KindOfLoss {
  readonly verdict: ModuleVerdict["verdict"];
  /** The failure under the first of them: the others would say it of the same calls. */
  readonly text: string;
  readonly personalities: readonly string[];
}

const mostKinds = 3;

/** One example of each kind of finding, at most three. */
export function kindsOfLoss(verdicts: readonly ModuleVerdict[]): KindOfLoss[] {
  const kinds = new Map<string, KindOfLoss>();
  for (const verdict of verdicts) {
    if (!isFinding(verdict)) continue;
    const kind = kindOf(verdict);
    const { text, verdict: word } = kinds.get(kind) ?? verdict;
    const personalities = [...(kinds.get(kind)?.personalities ?? []), verdict.personality];
    kinds.set(kind, { verdict: word, text, personalities });
  }
  return [...kinds.values()].slice(0, mostKinds);
}

/** Whether a verdict says something against the module. */
export function isFinding({ verdict }: ModuleVerdict): boolean {
  return verdict !== "survives" && verdict !== "unjudged";
}

/** A kind is a verdict and the calls at fault. */
export function kindOf({ verdict, text }: ModuleVerdict): string {
  const [, fault = ""] = text.split("\n");
  return `${verdict} ${fault}`;
}
