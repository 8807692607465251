// Meaning of a field `id` by the prefix of its values.

/** Nouns by prefix. */
const NOUNS: Readonly<Record<string, string>> = {
  opr: 'the operator',
  key: 'the API key',
  aff: 'the affiliate',
  deal: 'the deal',
  link: 'the link',
  evt: 'the event',
  ep: 'the endpoint',
  dlv: 'the postback',
  trf: 'the transfer',
  pay: 'the payout',
  run: 'the payout run',
  imp: 'the import',
  rpl: 'the replay',
  act: 'the action',
  stm: 'the statement',
  cpn: 'the coupon',
  typ: 'the name',
  cur: 'the currency',
  sec: 'the secret',
  rea: 'the reassignment',
  adt: 'the entry',
  nch: 'the channel',
  slot: 'the commission',
};

/** What an id is the id of, by the pattern of its schema; undefined where that names no prefix. */
export function meaningOfId(pattern: unknown): string | undefined {
  const [, prefix = ''] = /^\^([a-z]+)_/.exec(String(pattern)) ?? [];
  return Object.hasOwn(NOUNS, prefix) ? `id of ${NOUNS[prefix]}` : undefined;
}
