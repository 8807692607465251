// Upcoming money in one currency, as the API says it.
import type { Answer } from '../../wire/types.ts';

export type Upcoming = Answer<'/v1/affiliates/{id}/upcoming'>['data'][number];
