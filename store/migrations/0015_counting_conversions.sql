-- A month that another deal version emptied must not be taken for one in which something happened: slots count the conversions that count in them.

alter table slots add column conversions_count int not null default 0;
comment on column slots.conversions_count is 'conversions in it that no later agreement has another slot pay for';

update slots s set conversions_count = counted.conversions from (
  select f.operator_id, f.slot_id, count(*) as conversions
  from slot_facts f
  left join lateral (
    select r.whole as has_left from slot_facts r
    join deal_versions v on v.operator_id = r.operator_id and v.deal_id = split_part(r.event_id, '/', 1) and v.version = split_part(r.event_id, '/', 2)::int
    join deals d on d.operator_id = v.operator_id and d.id = v.deal_id
    where r.operator_id = f.operator_id and r.original_event_id = f.original_event_id and r.slot_id = f.slot_id and r.type = 'rerated'
    order by d.affiliate_id is not null desc, v.effective_from desc, v.deal_id desc limit 1
  ) latest on true
  where f.event_id = f.original_event_id and not coalesce(latest.has_left, false)
  group by f.operator_id, f.slot_id
) counted
where s.operator_id = counted.operator_id and s.id = counted.slot_id;
