// Credit transfers for a bank as ISO 20022 pain.001.001.09: one payment information with all
// transfers from one account.
import { formatMoney } from '../../domain/ledger/money.ts';
import type { BankAccount } from '../../domain/ledger/payment-details.ts';
import { bankReference, bankText } from './bank-text.ts';

/** One transfer, in minor units. `id` comes back with every answer of the bank, as `EndToEndId`. */
export type Transfer = { id: string; amountMinor: bigint; creditor: BankAccount };

/** `id`: that of the message and of its payment information. */
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
/** Characters of a name in SEPA; ISO has twice as many. */
const NAME_LENGTH = 70;

/** Text of the file in parts. */
export function* pain001(file: TransferFile): Generator<string> {
  const { createdAt, executeOn, currency, debtor, transfers } = file;
  const id = bankReference(file.id);
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

function transferOf({ amountMinor, creditor, ...payout }: Transfer, currency: string): string {
  const id = bankReference(payout.id);
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
  return element('Nm', bankText(holder, NAME_LENGTH));
}

function iban(account: BankAccount): string {
  return `<Id>${element('IBAN', account.iban)}</Id>`;
}

function agent({ bic }: BankAccount): string {
  return bic === null ? '<Othr><Id>NOTPROVIDED</Id></Othr>' : element('BICFI', bic);
}

/** No text has a character that XML would escape: banks carry none. */
function element(tag: string, text: string): string {
  return `<${tag}>${text}</${tag}>`;
}
