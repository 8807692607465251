// What keeps runs of the same step apart. Temporal runs a step again when it took too long, also while the first run still waits here for
// PostgreSQL to come back; sending the same postbacks twice then would be our doing.

/** Makes a step that joins an earlier run of itself, told by the key, which is still under way in this process. */
export function singleFlight<Input, Result>(
  keyOf: (input: Input) => string,
  step: (input: Input) => Promise<Result>,
): (input: Input) => Promise<Result> {
  const underWay = new Map<string, Promise<Result>>();
  return (input) => {
    const key = keyOf(input);
    let run = underWay.get(key);
    if (!run) underWay.set(key, (run = step(input).finally(() => underWay.delete(key))));
    return run;
  };
}

/** Waits for all, also when some fail, so that nothing goes on behind a step that has ended. Throws the first failure, in the order given. */
export async function allSettledOrThrow<Results extends readonly unknown[]>(runs: {
  [Key in keyof Results]: Promise<Results[Key]>;
}): Promise<Results> {
  const results = await Promise.allSettled(runs);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  }) as unknown as Results;
}
