-- Affiliates have what finance needs to write to them and to invoice: e-mail, tax number, country.

alter table affiliates
  add column email text,
  add column tax_id text,
  add column country text check (country ~ '^[A-Z]{2}$');
comment on column affiliates.tax_id is 'its VAT or tax number, as the operator has it; nobody checks it';
comment on column affiliates.country is 'where it is taxed, as ISO 3166-1 alpha-2';
