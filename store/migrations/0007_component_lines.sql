-- Deal versions say which components of earlier versions theirs continue.

alter table deal_versions add column lines text[];
comment on column deal_versions.lines is
  'the line of each component, in order: components of one line are one, whose caps, steps and losses run on '
  'from version to version; null: each component is of the line that its label names';
