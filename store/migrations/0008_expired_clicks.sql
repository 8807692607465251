-- Events whose click was too old are found beside orphans: evidence may come for them too.

create index event_outcomes_expired on event_outcomes (operator_id, event_id)
  where status = 'rejected' and reason = 'click_expired';
