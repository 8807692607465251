// Requests of periods: the page of the list.
import { z } from 'zod';
import { month } from '../http/fields.ts';
import { page } from '../http/lists.ts';

/** The cursor of this list is the last month that was shown. */
export const periodPage = z.strictObject({ ...page, cursor: month.optional() });
