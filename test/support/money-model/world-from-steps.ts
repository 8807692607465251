// Plays steps into a world without any system: what a history of calls comes to be at its end.
import { nameOf, resolve, type ApiStep } from './steps.ts';
import type {
  Affiliate,
  Assignment,
  Click,
  Coupon,
  Deal,
  Rate,
  Reassignment,
  Terms,
  Version,
  World,
  WorldEvent,
} from './world.ts';

type Body = Record<string, unknown>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

class Builder {
  readonly operator: Mutable<World['operator']> = {
    currency: 'USD',
    zones: [{ value: 'UTC', since: null }],
    click_window_days: 30,
    existing_customers: 'bind',
  };
  readonly currencies: Record<string, number> = {};
  readonly affiliates = new Map<string, Mutable<Affiliate>>();
  readonly deals = new Map<string, Mutable<Deal>>();
  readonly clicks: Click[] = [];
  readonly coupons: Coupon[] = [];
  readonly rates: Rate[] = [];
  readonly events = new Map<string, WorldEvent>();
  readonly assignments: Assignment[] = [];
  readonly reassignments: Reassignment[] = [];

  apply(step: ApiStep, name: string, body: Body, at: string): void {
    const [, , resource, id = '', action = ''] = step.path.split('/');
    const target = id.replace('$', '');
    if (resource === 'operator' || resource === 'operators')
      this.setOperator(body, at, resource === 'operators');
    else if (resource === 'currencies') this.currencies[body['code'] as string] = body['exponent'] as number;
    else if (resource === 'affiliates') this.affiliate(step.method === 'POST' ? name : target, body, at);
    else if (resource === 'deals') this.deal(target || name, action, body, at);
    else if (resource === 'clicks') this.click(name, body, at);
    else if (resource === 'coupons')
      this.coupons.push({ ...body, affiliate: body['affiliate_id'] } as unknown as Coupon);
    else if (resource === 'fx-rates') this.rate(body, at);
    else if (resource === 'events') this.event(target || name, action, body, at);
    else if (resource === 'orphans') this.assignments.push({ event: target, ...affiliateOf(body) });
    else if (resource === 'customers') {
      this.reassignments.push({
        customer: target,
        from: body['from'] as string,
        affiliate: affiliateOf(body).affiliate,
      });
    } else if (resource !== 'payouts' && resource !== 'holds')
      throw new Error(`the model knows no ${step.path}`);
  }

  /**
   * A zone that the operator began with holds from the beginning, and so does one that replaced it
   * before the first event; a later one holds from its change on.
   */
  private setOperator({ timezone, name: _name, ...settings }: Body, at: string, isNew: boolean): void {
    Object.assign(this.operator, settings);
    if (timezone === undefined) return;
    const isFirst = isNew || this.events.size === 0;
    const zone = { value: timezone as string, since: isFirst ? null : at };
    this.operator.zones = isFirst ? [zone] : [...this.operator.zones, zone];
  }

  private affiliate(name: string, body: Body, at: string): void {
    const known: Mutable<Affiliate> = this.affiliates.get(name) ?? { id: name, state: 'active', parents: [] };
    const isNew = !this.affiliates.has(name);
    this.affiliates.set(name, known);
    if (body['external_id'] !== undefined) known.external_id = body['external_id'] as string;
    if (body['parent_id'] !== undefined) {
      const since = isNew ? null : ((body['parent_since'] as string | undefined) ?? at);
      known.parents = [...known.parents, { value: body['parent_id'] as string | null, since }];
    }
    if (body['state'] === undefined) return;
    known.state = body['state'] as Affiliate['state'];
    delete known.closed_at;
    if (known.state === 'closed') known.closed_at = at;
  }

  private deal(name: string, action: string, body: Body, at: string): void {
    const version: Version = {
      terms: body['terms'] as Terms,
      effective_from: (body['effective_from'] as string | undefined) ?? null,
      ...(body['applies_to'] === 'new_customers' ? { applies_to: 'new_customers' } : {}),
    };
    const known = this.deals.get(name);
    if (known === undefined) {
      if (version.effective_from === null && this.events.size > 0)
        throw new Error(`${name} comes after events: it would hold from now on, so give it a date`);
      const owner = body['affiliate_id'] as string | undefined;
      this.deals.set(name, {
        id: name,
        versions: [version],
        ...(owner === undefined ? {} : { affiliate: owner }),
      });
    } else if (action === 'versions') known.versions = [...known.versions, version];
    else if (action === 'end') known.ended_at = at;
    else throw new Error(`the model knows no ${action} of deals`);
  }

  private click(name: string, body: Body, at: string): void {
    const clickedAt = (body['clicked_at'] as string | undefined) ?? at;
    const id = (body['click_id'] as string | undefined) ?? name;
    this.clicks.push({ id, affiliate: body['affiliate_id'] as string, clicked_at: clickedAt });
  }

  /** A rate for the same pair and time replaces the former one. */
  private rate(body: Body, at: string): void {
    const rate = { as_of: at, ...body } as unknown as Rate;
    const same = this.rates.findIndex(
      ({ base, quote, as_of }) => base === rate.base && quote === rate.quote && as_of === rate.as_of,
    );
    if (same >= 0) this.rates.splice(same, 1);
    this.rates.push(rate);
  }

  private event(name: string, action: string, body: Body, at: string): void {
    const known = this.events.get(name);
    if (action === '') {
      if (known === undefined)
        this.events.set(name, { id: name, occurred_at: at, ...withTextIds(body) } as WorldEvent);
      return;
    }
    if (known === undefined) throw new Error(`${action} of an event that was not sent: ${name}`);
    if (action === 'amend') {
      const { reason: _reason, metadata: _metadata, ...values } = body;
      this.events.set(name, { ...known, ...values });
    } else if (action === 'void' || action === 'unvoid')
      this.events.set(name, { ...known, voided: action === 'void' });
    else this.events.set(name, { ...known, rejected: action === 'reject' });
  }
}

/** Empty text is no value. */
const withoutEmpty = (body: Body): Body =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== ''));

/** An event with ids as text, as which the API takes numbers too. */
function withTextIds(body: Body): Body {
  const ids = ['transaction_id', 'customer_id', 'click_id', 'reference'].filter((id) => id in body);
  return { ...body, ...Object.fromEntries(ids.map((id) => [id, String(body[id])])) };
}

function affiliateOf(body: Body): { affiliate: string; from?: string } {
  const from = body['from'] as string | undefined;
  return { affiliate: body['affiliate_id'] as string, ...(from === undefined ? {} : { from }) };
}

/**
 * The world after the steps. What names no time happens at `now`, one step a millisecond after the
 * other.
 */
export function worldFrom(steps: readonly ApiStep[], now: number): World {
  const builder = new Builder();
  for (const [index, step] of steps.entries()) {
    if (step.refused) continue;
    const body = withoutEmpty(resolve(step.body, now, (name) => name) as Body);
    builder.apply(step, nameOf(step, index), body, new Date(now + index).toISOString());
  }
  const { operator } = builder;
  return {
    operator,
    currencies: builder.currencies,
    affiliates: [...builder.affiliates.values()],
    deals: [...builder.deals.values()],
    clicks: builder.clicks,
    coupons: builder.coupons,
    rates: builder.rates,
    events: [...builder.events.values()],
    assignments: builder.assignments,
    reassignments: builder.reassignments,
  };
}
