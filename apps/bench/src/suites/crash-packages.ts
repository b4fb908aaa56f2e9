import { loadPrograms, replacement, verdicts, type Found, type SaveProgram } from "@holdfast-tooling/save-programs";
import { crashMatrix } from "@holdfast/crash-test";
import { patchNodeFs, type NodeFsPatch } from "@holdfast/crash-test/node";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { bound, figureOf, type Row } from "../row.js";
import type { Part } from "../suite.js";

/**
 * Published packages under the matrix, one personality at a time. Nothing stops at a first failure: every disk is
 * recovered from and counted, and a count that contradicts what is known of the packages fails the measurement, so that
 * a run that explored too little cannot look fast.
 */
export const packagesPart: Part = {
  name: "packages",
  async measure({ quick }) {
    const patch = patchNodeFs(new MemoryFs());
    try {
      return [await timed(await loadPrograms(), patch, quick ? 1 : 5)];
    } finally {
      patch.restore();
    }
  },
};

/** What the recoveries of one package under one personality found. */
export interface Census {
  readonly program: string;
  readonly personality: string;
  /** Recoveries behind a crash of the save, and behind a crash inside the recovery from one. */
  readonly recoveries: readonly [number, number];
  /** Recoveries that found neither version. */
  readonly damaged: number;
  /** Recoveries that found the old version after the save had reported success. */
  readonly forgotten: number;
}

/** Why a census is no measurement, or undefined when it agrees with what is known of the package. */
export function contradiction(census: Census): string | undefined {
  const { program, personality, recoveries, damaged, forgotten } = census;
  const verdict = verdicts[personality];
  const where = `${program} under ${personality}`;
  if (verdict === undefined) return `nothing is known of ${where}`;
  if (Math.min(...recoveries) === 0) return `${where}: no crash ${recoveries[0] === 0 ? "at all" : "inside recovery"}`;
  if (damaged > 0 !== verdict.found.includes(program)) return `${where}: ${damaged} recoveries found a damaged file`;
  if (forgotten > 0 !== verdict.forgets.includes(program)) return `${where}: ${forgotten} recoveries missed the save`;
  return undefined;
}

async function timed(programs: readonly SaveProgram[], patch: NodeFsPatch, rounds: number): Promise<Row> {
  const nsPerOperation: number[] = [];
  let censuses: Census[] = [];
  for (let round = -1; round < rounds; round += 1) {
    censuses = [];
    const start = performance.now();
    for (const program of programs) {
      for (const personality of Object.keys(verdicts)) censuses.push(await censusOf(program, personality, patch));
    }
    if (round >= 0) nsPerOperation.push((performance.now() - start) * 1e6);
    const wrong = censuses.map(contradiction).find((why) => why !== undefined);
    if (wrong !== undefined) throw new Error(wrong);
  }
  return {
    id: "packages/all",
    workload: "four npm packages, four personalities, one nested crash",
    ours: figureOf({ name: "", nsPerOperation }, "time"),
    bar: bound("most", 60e9),
    note: noteOf(censuses),
  };
}

async function censusOf(program: SaveProgram, personality: string, patch: NodeFsPatch): Promise<Census> {
  const recoveries: [number, number] = [0, 0];
  let [damaged, forgotten] = [0, 0];
  const { complete } = await crashMatrix<Found>({
    ...replacement(program, (fs) => patch.mount(fs)),
    name: program.name,
    personalities: [personality],
    check: ({ kind }, { acked, depth }) => {
      recoveries[depth === 0 ? 0 : 1] += 1;
      if (kind === "damaged") damaged += 1;
      if (kind === "old" && acked("saved")) forgotten += 1;
    },
    nested: 1,
  });
  if (!complete) throw new Error(`${program.name} under ${personality}: the exploration was not complete`);
  return { program: program.name, personality, recoveries, damaged, forgotten };
}

function noteOf(censuses: readonly Census[]): string {
  const sum = (of: (census: Census) => number): number => censuses.reduce((total, census) => total + of(census), 0);
  const damaging = [...new Set(censuses.filter(({ damaged }) => damaged > 0).map(({ program }) => program))];
  return (
    `every disk that a crash of the save may leave, and level 3 of those behind a crash inside recovery: ${sum(({ recoveries }) => recoveries[0])} and ` +
    `${sum(({ recoveries }) => recoveries[1])} recoveries, none left out behind a failure; ` +
    `${sum(({ damaged }) => damaged)} found a damaged file (${damaging.join(", ")}).`
  );
}
