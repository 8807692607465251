// A payout run over all affiliates, an import of 100,000 lines, many small ones of each, and erased
// customers.
import { insert, numberedId, type Context } from './sql.ts';

export async function writePayDay(context: Context): Promise<void> {
  await insert(context, [
    'payout_runs id, currency, minimum_minor, needs_details, is_dry_run, state, total, through_id, actor, finished_at',
    `select $1, ${numberedId('run', 'n')}, 'USD', 0, true, false, 'done', 1, '', 'key_1', now() from generate_series(1, 500) n`,
  ]);
  await insert(context, [
    'payout_run_items run_id, affiliate_id, result, amount_minor',
    `select $1, ${numberedId('run', '1')}, ${numberedId('aff', 'a')},
       case a when 3 then 'suspended' else 'below_minimum' end, 100
     from generate_series(0, ${context.affiliates - 1}) a`,
  ]);
  await insert(context, [
    'imports id, state, columns, is_dry_run, total, actor, finished_at',
    `select $1, ${numberedId('imp', 'n')}, 'done', '{event}', false, 100000, 'key_1', now() from generate_series(1, 500) n`,
  ]);
  await insert(context, [
    'import_chunks import_id, number, results, statuses',
    `select $1, ${numberedId('imp', '1')}, n, (
       select json_agg(json_build_object('status', case when n = 199 and l = 1 then 'refused' else 'accepted' end,
         'eventId', ${numberedId('evt', 'l')}, 'issues', json_build_array())) from generate_series(1, 500) l),
       case n when 199 then '{accepted,refused}'::text[] else '{accepted}' end
     from generate_series(0, 199) n`,
  ]);
  await insert(context, [
    'erasures id, state, actor, finished_at',
    `select $1, ${numberedId('ers', 'n')}, 'done', 'key_1', now() from generate_series(1, 500) n`,
  ]);
}
