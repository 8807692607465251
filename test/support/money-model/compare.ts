// Writes what the model expects in wire forms, and lists where a story says otherwise.
import { decimalText, exponentOf } from './exact.ts';
import type { Story } from './stories.ts';
import type { Expected, World } from './world.ts';

/** An affiliate's sum in one currency as decimal text. */
export function sumText(world: World, { totals }: Expected, affiliate: string, currency: string): string {
  return decimalText(totals.get(affiliate)?.get(currency) ?? 0n, exponentOf(currency, world.currencies));
}

/** An event's status and reason, such as "orphaned before_click". */
export function outcomeText({ events }: Expected, event: string): string {
  const { status, reason } = events.get(event) ?? { status: 'not sent' };
  return reason === undefined ? status : `${status} ${reason}`;
}

/** The sums that a story says, by affiliate and currency; without a currency they are USD. */
export function saidSums({ balances }: Story): { affiliate: string; currency: string; sum: string }[] {
  return Object.entries(balances).flatMap(([affiliate, said]) =>
    Object.entries(typeof said === 'string' ? { USD: said } : said).map(([currency, sum]) => ({
      affiliate,
      currency,
      sum,
    })),
  );
}

/** Where the model disagrees with a story, a line each. */
export function disagreements(story: Story, world: World, model: Expected): string[] {
  const sums = saidSums(story).map(({ affiliate, currency, sum }) => ({
    of: `${affiliate} in ${currency}`,
    said: sum,
    model: sumText(world, model, affiliate, currency),
  }));
  const outcomes = Object.entries(story.events ?? {}).map(([event, said]) => ({
    of: event,
    said,
    model: outcomeText(model, event),
  }));
  const said = new Set(Object.keys(story.balances));
  const others = [...model.totals].flatMap(([affiliate, byCurrency]) =>
    [...byCurrency]
      .filter(
        ([currency, sum]) =>
          sum !== 0n &&
          (!said.has(affiliate) ||
            !saidSums(story).some((each) => each.affiliate === affiliate && each.currency === currency)),
      )
      .map(([currency]) => ({
        of: `${affiliate} in ${currency}`,
        said: 'nothing',
        model: sumText(world, model, affiliate, currency),
      })),
  );
  return [...sums, ...outcomes, ...others]
    .filter((each) => each.said !== each.model)
    .map((each) => `${each.of}: the story says ${each.said}, the model ${each.model}`);
}
