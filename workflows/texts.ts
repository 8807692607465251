// Texts of workflows for people: moments, counts and error classes.

/** Such as `2026-11-29 02:14 UTC`. */
export function moment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `http_503` is `503`; other error classes are words already. */
export function errorText(errorClass: string): string {
  return errorClass.replace(/^http_/, '');
}

/** Such as `1 try`, `3 tries`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
