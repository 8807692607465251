// Answers about event types: schema and view.
import { z } from 'zod';
import { EVENT_CLASSES, EVENT_TYPES, eventClassOf } from '../../domain/types.ts';
import type { EventTypeAlias } from '../../store/setup/event-types.ts';
import * as field from '../http/answer-fields.ts';

export const eventType = z.object({
  id: field.idOf('typ'),
  name: field.text,
  standard: z.enum(EVENT_TYPES),
  class: z.enum(EVENT_CLASSES),
  created_at: field.time,
});

export function eventTypeView({ id, name, standard, createdAt }: EventTypeAlias) {
  return { id, name, standard, class: eventClassOf(standard), created_at: createdAt };
}
