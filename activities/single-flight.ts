// Single-flight: concurrent runs of the same activity share one execution. Temporal starts a run
// again after a timeout, also while the first run still waits for PostgreSQL; without sharing, both
// would send the same postbacks.

/**
 * Wraps an activity: a call joins the run with the same key that is in progress in this process.
 */
export function singleFlight<Input, Result>(
  keyOf: (input: Input) => string,
  activity: (input: Input) => Promise<Result>,
): (input: Input) => Promise<Result> {
  const inProgress = new Map<string, Promise<Result>>();
  return (input) => {
    const key = keyOf(input);
    let run = inProgress.get(key);
    if (!run) inProgress.set(key, (run = activity(input).finally(() => inProgress.delete(key))));
    return run;
  };
}

/**
 * Waits for all runs, also after a failure, so that no run outlives the activity. Throws the first
 * failure in the given order.
 */
export async function allSettledOrThrow<Results extends readonly unknown[]>(runs: {
  [Key in keyof Results]: Promise<Results[Key]>;
}): Promise<Results> {
  const results = await Promise.allSettled(runs);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  }) as unknown as Results;
}
