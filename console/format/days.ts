// Calendar days as text, such as `2026-11-30`: today in a time zone, the days of a span, and the
// spans that people ask for.

const DAY_MS = 86_400_000;

/** First and last day. */
export type Span = { from: string; to: string };

/** The day that it is in a time zone. */
export function dayIn(timeZone: string, now: number): string {
  const format = { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  return new Intl.DateTimeFormat('en-CA', format).format(now);
}

/** All days of a span, the earliest first. */
export function daysOf({ from, to }: Span): string[] {
  const count = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => shifted(from, index));
}

/** The spans that people ask for, by name. */
export function spansUntil(today: string): Readonly<Record<string, Span>> {
  const month = `${today.slice(0, 8)}01`;
  const lastOfFormer = shifted(month, -1);
  return {
    Today: { from: today, to: today },
    Yesterday: { from: shifted(today, -1), to: shifted(today, -1) },
    'Last 7 days': { from: shifted(today, -6), to: today },
    'Last 90 days': { from: shifted(today, -89), to: today },
    'This month': { from: month, to: today },
    'Last month': { from: `${lastOfFormer.slice(0, 8)}01`, to: lastOfFormer },
  };
}

function shifted(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}
