/** Has so many callers make so many calls each, every one its next call once the last one has settled. */
export async function waitTogether(waiters: number, rounds: number, call: () => Promise<unknown>): Promise<void> {
  const one = async (): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) await call();
  };
  await Promise.all(Array.from({ length: waiters }, one));
}
