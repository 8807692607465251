// Answers about imports: schemas and views of an import and of its lines.
import { z } from 'zod';
import { importWorkflowId } from '../../domain/keys.ts';
import { type Import, type ImportLine, IMPORT_STATES, LINE_STATUSES } from '../../store/intake/imports.ts';
import * as field from '../http/answer-fields.ts';
import { issue } from '../http/errors.answers.ts';
import type { Temporal } from '../temporal.ts';

export const eventImport = z.object({
  id: field.idOf('imp'),
  state: z.enum(IMPORT_STATES),
  dry_run: z.boolean(),
  total: field.count.meta({ description: 'lines without the header' }),
  done: field.count.meta({ description: 'lines looked at so far' }),
  accepted: field.count,
  duplicate: field.count.meta({ description: 'lines with events that were there before' }),
  refused: field.count,
  created_by: field.text.meta({ description: 'id of the API key' }),
  created_at: field.time,
  finished_at: field.time.nullable(),
  workflow_url: field.text.nullable(),
});

export const importLine = z.object({
  line: z.int().meta({ description: 'from 1, without the header' }),
  status: z.enum(LINE_STATUSES),
  event_id: field
    .idOf('evt')
    .nullable()
    .meta({ description: 'the event of the line; of a conflict the one that was there before' }),
  path: field.text.nullable().meta({ description: 'of the first issue, as are `code` and `message`' }),
  code: field.text.nullable(),
  message: field.text.nullable(),
  issues: z.array(issue),
});

export function importView(row: Import, workflowUrl: Temporal['workflowUrl']) {
  return {
    id: row.id,
    state: row.state,
    dry_run: row.isDryRun,
    total: row.total,
    done: row.done,
    accepted: row.accepted,
    duplicate: row.duplicates,
    refused: row.refused,
    created_by: row.actor,
    created_at: row.createdAt,
    finished_at: row.finishedAt,
    workflow_url: row.state === 'receiving' ? null : workflowUrl(importWorkflowId(row.id)),
  };
}

export function lineView({ line, status, eventId, issues }: ImportLine) {
  const [first] = issues;
  return {
    line,
    status,
    event_id: eventId,
    path: first?.path ?? null,
    code: first?.code ?? null,
    message: first?.message ?? null,
    issues,
  };
}
