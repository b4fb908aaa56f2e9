// Bad input for decoders: sound bytes, cut, flipped, zeroed, spliced, repeated, swapped and with forged numbers. The cases of a
// run are numbered from a first seed on, and a failure names the one that replays it alone:
//
//   HOLDFAST_BAD_INPUT_CASES=1000000 HOLDFAST_BAD_INPUT_SEED=7 npx vitest run test/bad-input.fault.test.ts
//   HOLDFAST_BAD_INPUT_CASES=1 HOLDFAST_BAD_INPUT_SEED=<seed> HOLDFAST_BAD_INPUT_DECODER=<name> npx vitest run ...

/** A whole number from 0 up to, and not including, `below`. */
export type Draw = (below: number) => number;

/** A decoder over one damaged input: throws when something comes out that may not. */
export type BadInputCase = (draw: Draw) => void;

/** Whole numbers below a bound, from a seed: mulberry32 by Tommy Ettinger. */
export function drawer(seed: number): Draw {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export function pick<Item>(items: readonly Item[], draw: Draw): Item {
  const item = items[draw(items.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

/** Numbers at the edges of what fields hold. */
export const forgedNumbers: readonly number[] = [
  0, 1, 7, 8, 31, 32, 0x7f, 0xff, 0x100, 0xffff, 0x1_0000, 0x1000_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
];

/** One to three changes of a copy of `bytes`, some with pieces of `others`. */
export function damage(bytes: Uint8Array, others: readonly Uint8Array[], draw: Draw): Uint8Array {
  let current: Uint8Array = bytes.slice();
  for (let left = 1 + draw(3); left > 0; left--) current = damageOnce(current, others, draw);
  return current;
}

function damageOnce(bytes: Uint8Array, others: readonly Uint8Array[], draw: Draw): Uint8Array {
  const size = bytes.length;
  if (size === 0) return Uint8Array.of(draw(256));
  const at = draw(size);
  const length = [1, 2, 4, 8, 32, 64, 512][draw(7)] ?? 1;
  const end = Math.min(size, at + length);
  const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
  switch (draw(10)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << draw(8));
      return bytes;
    case 2:
      bytes.fill(0, at - (at % length), end);
      return bytes;
    case 3:
      bytes[at] = draw(256);
      return bytes;
    case 4: {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const word = Math.max(0, Math.min(at - (at % 4), size - 4));
      if (size >= 4) view.setUint32(word, pick(forgedNumbers, draw), draw(2) === 0);
      return bytes;
    }
    case 5: // repeat a piece
      return join(bytes.subarray(0, end), bytes.subarray(at));
    case 6: // take a piece out
      return join(bytes.subarray(0, at), bytes.subarray(end));
    case 7: {
      const other = pick([...others, bytes], draw); // the same place of other bytes
      bytes.set(other.subarray(at, Math.min(other.length, end)), at);
      return bytes;
    }
    case 8: {
      const other = pick([...others, bytes], draw); // one half of each
      return join(bytes.subarray(0, at), other.subarray(draw(2) === 0 ? at : draw(other.length)));
    }
    default: {
      const from = draw(size); // two pieces change places
      const width = Math.min(length, size - Math.max(from, at));
      const one = bytes.slice(at, at + width);
      bytes.copyWithin(at, from, from + width);
      bytes.set(one, from);
      return bytes;
    }
  }
}

/**
 * The decoders as pairs of a name and a run of its share of the cases, for `test.each`. A run returns how many there were.
 *
 * @param caseCount - for all decoders together, unless HOLDFAST_BAD_INPUT_CASES says otherwise.
 */
export function badInputRuns(
  decoders: Readonly<Record<string, BadInputCase>>,
  caseCount: number,
): readonly (readonly [string, () => number])[] {
  const { HOLDFAST_BAD_INPUT_CASES, HOLDFAST_BAD_INPUT_SEED, HOLDFAST_BAD_INPUT_DECODER: only } = process.env;
  const chosen = Object.entries(decoders).filter(([name]) => only === undefined || name === only);
  const cases = Math.ceil(Number(HOLDFAST_BAD_INPUT_CASES ?? caseCount) / chosen.length);
  const firstSeed = Number(HOLDFAST_BAD_INPUT_SEED ?? 1);
  return chosen.map(([name, decode]) => {
    const run = (): number => {
      for (let seed = firstSeed; seed < firstSeed + cases; seed++) {
        try {
          decode(drawer(seed));
        } catch (cause) {
          const replay = `HOLDFAST_BAD_INPUT_CASES=1 HOLDFAST_BAD_INPUT_SEED=${seed} HOLDFAST_BAD_INPUT_DECODER="${name}"`;
          throw new Error(`replay with ${replay}: ${cause instanceof Error ? cause.message : String(cause)}`, {
            cause,
          });
        }
      }
      return cases;
    };
    return [name, run] as const;
  });
}
