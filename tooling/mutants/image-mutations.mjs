// Which images are made, and how one is made: crash-choice.ts, crash-images.ts, crash-strategy.ts, image-maker.ts.
import { area, tests } from "./area.mjs";

export const imageMutations = area(
  "images",
  [tests.crash, tests.images, tests.laws, tests.brute, tests.vanish],
  [
    // --- one image ---
    {
      what: "a choice forgets whole effects",
      file: "crash-choice.ts",
      find: "apply.push(effect.seq);",
      put: "apply.length = 0;",
    },
    {
      what: "a choice forgets torn pieces",
      file: "crash-choice.ts",
      find: "else (torn[String(effect.seq)] ??= []).push(...unit.pieces);",
    },
    { what: "an image holds what was not chosen", file: "crash-choice.ts", find: "if (!chosen.has(index)) return;" },
    {
      what: "an image applies whole what tore",
      file: "crash-choice.ts",
      find: "applyEffect(state, effect, personality, unit.pieces, keepsTail);",
      put: "applyEffect(state, effect, personality, undefined, keepsTail);",
    },
    {
      what: "no image shows garbage in new space",
      file: "crash-choice.ts",
      find: "spillGarbage(state, effect);",
    },
    {
      what: "every image shows garbage in new space",
      file: "crash-choice.ts",
      find: '&& unwritten === "garbage") {',
      put: ") {",
    },
    {
      what: "garbage covers bytes that were in place before the length",
      file: "crash-choice.ts",
      find: "writeAgain(state, effect, units, chosen, index, personality);",
    },
    {
      what: "garbage in new space comes with bytes that a cut took away",
      file: "crash-choice.ts",
      find: "for (let index = cut + 1; index < before; index += 1) {",
      put: "for (let index = 0; index < before; index += 1) {",
    },
    {
      what: "bytes behind the end of a file are not noticed",
      file: "fs-state.ts",
      find: "if (end > size && end > (this.loose.get(ino) ?? 0)) this.loose.set(ino, end);",
    },
    { what: "an image keeps files without a name", file: "crash-choice.ts", find: "state.dropUnreachable();" },
    {
      what: "a choice may keep what is not pending",
      file: "crash-choice.ts",
      find: "if (!known.has(seq)) refuse(`record ${seq} is not pending at ${choice.at}`);",
    },
    {
      what: "a choice may keep half a rename",
      file: "crash-choice.ts",
      find: "if (kept > 0 && kept < unit.effects.length) refuse(`record ${unit.effects[0]?.seq} persists only with its group`);",
    },
    {
      what: "a choice may keep an effect without what it needs",
      file: "crash-choice.ts",
      find: "if (closed.size > chosen.size) {",
      put: "if (closed.size < chosen.size) {",
    },
    {
      what: "a choice of another version is believed",
      file: "crash-choice.ts",
      find: "if (value.version !== crashChoiceVersion) {",
      put: "if (value.version === undefined) {",
    },
    {
      what: "a choice brings no torn piece back",
      file: "crash-choice.ts",
      find: "if (kept > 0 || torn) chosen.add(index);",
      put: "if (kept > 0) chosen.add(index);",
    },

    // --- many images of one moment ---
    {
      what: "a file holds what it held in the image before",
      file: "image-maker.ts",
      find: "if (chosen.has(index)) key += bit;",
      put: "if (chosen.has(index)) key = bit;",
      tests: [tests.maker],
    },
    {
      what: "a write that went astray counts for the file it was meant for",
      file: "image-maker.ts",
      find: '(effect.kind === "data" ? effect.strayTo?.ino : undefined) ?? effect.ino',
      put: "effect.ino",
      tests: [tests.maker],
    },
    {
      what: "a content that was made before is not put in place",
      file: "image-maker.ts",
      find: "state.adoptContent(ino, known);",
      tests: [tests.maker],
    },
    {
      what: "images that share contents have no names",
      file: "image-maker.ts",
      find: "for (const index of this.#names) if (chosen.has(index)) this.#apply(state, index, chosen);",
      tests: [tests.maker],
    },
    {
      what: "images that share contents keep files without a name",
      file: "image-maker.ts",
      find: "state.dropUnreachable();",
      tests: [tests.maker],
    },
    {
      what: "images that share contents keep what lies behind the end",
      file: "image-maker.ts",
      find: "for (const ino of [...state.loose.keys()]) state.trim(ino);",
      tests: [tests.maker],
    },
    {
      what: "no content is kept",
      file: "image-maker.ts",
      find: "if (content !== undefined) contents.set(key, content);",
      tests: [tests.maker],
    },

    // --- crash points ---
    {
      what: "no crash before a barrier returns",
      file: "crash-images.ts",
      find: "if (next !== undefined && isEffect(next)) continue;",
      put: 'if (next !== undefined && (isEffect(next) || next.kind === "barrier")) continue;',
    },
    {
      what: "no crash before write-back",
      file: "crash-images.ts",
      find: "if (next !== undefined && isEffect(next)) continue;",
      put: 'if (next !== undefined && (isEffect(next) || next.kind === "writeback")) continue;',
    },
    {
      what: "no crash at a mark",
      file: "crash-images.ts",
      find: "if (next !== undefined && isEffect(next)) continue;",
      put: 'if (next !== undefined && (isEffect(next) || next.kind === "mark")) continue;',
    },
    {
      what: "no crash before bits rot",
      file: "crash-images.ts",
      find: "if (next !== undefined && isEffect(next)) continue;",
      put: 'if (next !== undefined && (isEffect(next) || next.kind === "media")) continue;',
    },
    {
      what: "no crash at the end",
      file: "crash-images.ts",
      find: "if (next !== undefined && isEffect(next)) continue;",
      put: "if (next === undefined || isEffect(next)) continue;",
    },
    {
      what: "a crash in the middle of a rename",
      file: "crash-images.ts",
      find: "if (next !== undefined && isEffect(next)) continue;",
    },
    {
      what: "every crash point is the first",
      file: "crash-images.ts",
      in: "export function* crashPoints(",
      find: "ledger.advance(at);",
    },
    {
      what: "the end of a run is passed over",
      file: "crash-images.ts",
      find: "for (let at = 0; at <= records.length; at += 1) {",
      put: "for (let at = 0; at < records.length; at += 1) {",
    },
    {
      what: "personalities with one outcome are explored",
      file: "crash-images.ts",
      find: 'if (personality.law !== "effects") {',
      put: 'if (personality.name === "") {',
    },
    {
      what: "images that were made before are made again",
      file: "crash-images.ts",
      find: "if (seen.has(hash)) continue;",
    },
    { what: "images that were made before are not remembered", file: "crash-images.ts", find: "seen.add(hash);" },
    {
      what: "images are made at every crash point though one was asked for",
      file: "crash-images.ts",
      find: "if (options.at !== undefined && options.at !== point.at) continue;",
    },
    {
      what: "strict never fills with garbage",
      file: "personality.ts",
      find: 'if (unwritten === "garbage") ways.push("garbage");',
    },
    { what: "a limit is hit in silence", file: "crash-images.ts", find: "onLimit?.(at);" },
    {
      what: "above the limit whole writes are not enumerated",
      file: "crash-images.ts",
      find: "if (countIdeals(whole, strategy.limit + 1) <= strategy.limit) yield { units: whole, sets: new Ideals(whole) };",
    },
    { what: "above the limit nothing is made", file: "crash-images.ts", find: "yield* levels(whole, torn, 4);" },
    {
      what: "exhaustive means whole writes",
      file: "crash-images.ts",
      find: "yield { units: torn, sets: new Ideals(torn) };",
      put: "yield { units: whole, sets: new Ideals(whole) };",
    },
    { what: "level 0 is missing", file: "crash-images.ts", find: "yield { units: whole, sets: extremes(whole) };" },
    {
      what: "level 1 is missing",
      file: "crash-images.ts",
      find: "if (level >= 1) yield { units: whole, sets: prefixes(whole) };",
    },
    {
      what: "level 2 is missing",
      file: "crash-images.ts",
      find: "if (level >= 2) yield { units: whole, sets: singles(whole) };",
    },
    {
      what: "level 3 is missing",
      file: "crash-images.ts",
      find: "if (level >= 3) yield { units: torn, sets: tears(torn) };",
    },
    {
      what: "level 4 is missing",
      file: "crash-images.ts",
      find: "if (level >= 4) yield { units: whole, sets: pairs(whole) };",
    },
    {
      what: "a choice behind the end of the run is replayed at its end",
      file: "crash-images.ts",
      find: "if (choice.at > trace.records.length) {",
      put: "if (choice.at < 0) {",
    },
    {
      what: "a replay sees nothing durable",
      file: "crash-images.ts",
      in: "export function replayCrash(",
      find: "ledger.advance(choice.at);",
    },

    // --- subsets ---
    { what: "the empty subset is left out", file: "crash-strategy.ts", find: "yield new Set();" },
    { what: "the full subset is left out", file: "crash-strategy.ts", find: "yield allOf(units);" },
    {
      what: "the longest prefix is left out",
      file: "crash-strategy.ts",
      find: "for (let count = 1; count < units.length; count += 1) yield firstOf(count);",
      put: "for (let count = 1; count + 1 < units.length; count += 1) yield firstOf(count);",
    },
    {
      what: "one effect alone is kept without what it needs",
      file: "crash-strategy.ts",
      find: "yield closeOver(units, new Set([only]));",
      put: "yield new Set([only]);",
    },
    {
      what: "no prefix goes without one of its effects",
      file: "crash-strategy.ts",
      find: "yield dropFrom(units, firstOf(count), [without]);",
      put: "yield firstOf(without);",
    },
    {
      what: "no write is cut with only what came before it",
      file: "crash-strategy.ts",
      find: "yield dropFrom(units, before, cut);",
    },
    {
      what: "no write is cut with all the rest kept",
      file: "crash-strategy.ts",
      find: "yield dropFrom(units, allOf(units), cut);",
    },
    {
      what: "two effects are kept without what they need",
      file: "crash-strategy.ts",
      find: "yield closeOver(units, new Set([a, b]));",
      put: "yield new Set([a, b]);",
    },
    { what: "no two effects are dropped", file: "crash-strategy.ts", find: "yield dropFrom(units, all, [a, b]);" },
    {
      what: "every subset is legal",
      file: "crash-strategy.ts",
      find: "if (taken[index] === 0 && this.#allowed(index)) {",
      put: "if (taken[index] === 0) {",
    },
    {
      what: "a unit is allowed as soon as one of its needs is taken",
      file: "crash-strategy.ts",
      find: "if (this.taken[needed] === 0) return false;",
      put: "if (this.taken[needed] === 1) return true;",
    },
    {
      what: "the walk forgets to count down",
      file: "crash-strategy.ts",
      in: "next(): boolean",
      find: "taken[index] = 0;",
    },
    {
      what: "the first subset of the walk is left out",
      file: "crash-strategy.ts",
      find: "for (let more = true; more; more = walk.next()) if (isWanted(lent))",
      put: "for (let more = walk.next(); more; more = walk.next()) if (isWanted(lent))",
    },
    {
      what: "subsets are counted one short",
      file: "crash-strategy.ts",
      find: "let count = 1;\n  while (count < limit",
      put: "let count = 0;\n  while (count < limit",
    },
    {
      what: "random subsets keep what lost its needs",
      file: "crash-strategy.ts",
      find: "yield dropDependents(units, chosen);",
      put: "yield chosen;",
    },
    {
      what: "dropping keeps what lost its needs",
      file: "crash-strategy.ts",
      find: "return dropDependents(units, left);",
      put: "return left;",
    },
  ],
);
