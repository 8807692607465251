-- PostgreSQL sums bigints as numerics, which takes an allocation for every group; summing a million slots is quicker without.

create aggregate bigint_sum(bigint) (sfunc = int8pl, combinefunc = int8pl, stype = bigint, parallel = safe);
comment on aggregate bigint_sum(bigint) is 'sum() that stays a bigint: null for no rows, and an error when it does not fit';
