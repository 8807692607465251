// Names for the parts of a trace.
import type { Answer } from '../../wire/types.ts';

export type Trace = Answer<'/v1/events/{id}'>;
export type Commission = Trace['commissions'][number];
export type Transfer = Trace['transfers'][number];
export type TracedDelivery = Trace['deliveries'][number];
export type Version = NonNullable<Trace['versions']>[number];
