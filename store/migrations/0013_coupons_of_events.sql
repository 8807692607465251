-- A coupon that is made after events that name it binds their customers as if it had come first. A
-- hash, as for clicks; only events that name a coupon pay for it.

drop index concurrently if exists events_coupon;
create index concurrently events_coupon on events (operator_id, hashtextextended(upper(coupon collate "C"), 0))
  where coupon is not null;
