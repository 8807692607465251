// Credit transfers for a bank as ISO 20022 pain.001.001.09: one payment information with all
// transfers from one account.
import { formatMoney } from './money.ts';
import type { BankAccount } from './payment-details.ts';

/** One transfer, in minor units. `id` comes back with every answer of the bank, as `EndToEndId`. */
export type Transfer = { id: string; amountMinor: bigint; creditor: BankAccount };

/** `id`: that of the message and of its payment information, of at most 35 characters. */
export type TransferFile = {
  id: string;
  createdAt: Date;
  /** The day on which the bank executes it, as 2026-12-01; banks refuse days that are over. */
  executeOn: string;
  currency: string;
  debtor: BankAccount;
  transfers: readonly Transfer[];
};

const NAMESPACE = 'urn:iso:std:iso:20022:tech:xsd:pain.001.001.09';

/** Text of the file in parts. */
export function* pain001(file: TransferFile): Generator<string> {
  const { id, createdAt, executeOn, currency, debtor, transfers } = file;
  const sumMinor = transfers.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  const totals = [
    element('NbOfTxs', String(transfers.length)),
    element('CtrlSum', formatMoney(sumMinor, currency)),
  ].join('');
  yield (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<Document xmlns="${NAMESPACE}"><CstmrCdtTrfInitn>\n` +
    `<GrpHdr>${element('MsgId', id)}${element('CreDtTm', createdAt.toISOString())}${totals}` +
    `<InitgPty>${name(debtor)}</InitgPty></GrpHdr>\n` +
    `<PmtInf>${element('PmtInfId', id)}<PmtMtd>TRF</PmtMtd>${totals}${serviceLevel(currency)}` +
    `<ReqdExctnDt>${element('Dt', executeOn)}</ReqdExctnDt>` +
    `<Dbtr>${name(debtor)}</Dbtr><DbtrAcct>${iban(debtor)}</DbtrAcct>` +
    `<DbtrAgt><FinInstnId>${agent(debtor)}</FinInstnId></DbtrAgt>` +
    // In SEPA each side pays its own bank; elsewhere both share.
    `<ChrgBr>${currency === 'EUR' ? 'SLEV' : 'SHAR'}</ChrgBr>\n`
  );
  for (const transfer of transfers) yield transferOf(transfer, currency);
  yield '</PmtInf>\n</CstmrCdtTrfInitn></Document>\n';
}

function transferOf({ id, amountMinor, creditor }: Transfer, currency: string): string {
  return (
    `<CdtTrfTxInf><PmtId>${element('EndToEndId', id)}</PmtId>` +
    `<Amt><InstdAmt Ccy="${currency}">${formatMoney(amountMinor, currency)}</InstdAmt></Amt>` +
    (creditor.bic === null ? '' : `<CdtrAgt><FinInstnId>${agent(creditor)}</FinInstnId></CdtrAgt>`) +
    `<Cdtr>${name(creditor)}</Cdtr><CdtrAcct>${iban(creditor)}</CdtrAcct>` +
    `<RmtInf>${element('Ustrd', `Payout ${id}`)}</RmtInf></CdtTrfTxInf>\n`
  );
}

function serviceLevel(currency: string): string {
  return currency === 'EUR' ? '<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf>' : '';
}

function name({ holder }: BankAccount): string {
  return element('Nm', holder);
}

function iban(account: BankAccount): string {
  return `<Id>${element('IBAN', account.iban)}</Id>`;
}

function agent({ bic }: BankAccount): string {
  return bic === null ? '<Othr><Id>NOTPROVIDED</Id></Othr>' : element('BICFI', bic);
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function element(tag: string, text: string): string {
  return `<${tag}>${text.replace(/[&<>]/g, (special) => ESCAPES[special]!)}</${tag}>`;
}
