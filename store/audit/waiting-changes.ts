// Events about which the audit says nothing yet, since a change of them waits.

/** SQL: the events that are to be judged or amended again. Needs the operator as `$1`. */
export const WAITING = `(
    select event_id from change_requests where operator_id = $1
    union all select event_id from amendments where operator_id = $1 and state in ('accepted', 'waiting'))`;
