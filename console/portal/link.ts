// The address of the portal: the operator is in its path.

export const ROOT = '/portal';

/** The operator that the address names; null where it names none. */
export function operatorIn(path: string): string | null {
  return /^\/portal\/(opr_[0-9a-z]{26})(?:\/|$)/.exec(path)?.[1] ?? null;
}
