-- The failing endpoints of an operator are counted at each look at the queue of one of them.

create index endpoints_failing on endpoints (operator_id) where failing_since is not null;
