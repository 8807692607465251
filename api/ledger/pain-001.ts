// Credit transfers for a bank as ISO 20022 pain.001.001.09: one payment information with all
// transfers from one account.
import { createHash } from 'node:crypto';
import { formatMoney } from '../../domain/ledger/money.ts';
import type { BankAccount } from '../../domain/ledger/payment-details.ts';
import { bankReference, bankText } from './bank-text.ts';

/** One transfer, in minor units. `id` comes back with every answer of the bank, as `EndToEndId`. */
export type Transfer = { id: string; amountMinor: bigint; creditor: BankAccount };

export type TransferFile = {
  runId: string;
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
  const lines = transfers.map((transfer) => transferOf(transfer, currency));
  const payer = { name: name(debtor), iban: iban(debtor), agent: agent(debtor) };
  const id = messageId(file.runId, [currency, ...Object.values(payer), ...lines]);
  const sumMinor = transfers.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  const totals = [
    element('NbOfTxs', String(transfers.length)),
    element('CtrlSum', formatMoney(sumMinor, currency)),
  ].join('');
  yield (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<Document xmlns="${NAMESPACE}"><CstmrCdtTrfInitn>\n` +
    `<GrpHdr>${element('MsgId', id)}${element('CreDtTm', createdAt.toISOString())}${totals}` +
    `<InitgPty>${payer.name}</InitgPty></GrpHdr>\n` +
    `<PmtInf>${element('PmtInfId', id)}<PmtMtd>TRF</PmtMtd>${totals}${serviceLevel(currency)}` +
    `<ReqdExctnDt>${element('Dt', executeOn)}</ReqdExctnDt>` +
    `<Dbtr>${payer.name}</Dbtr><DbtrAcct>${payer.iban}</DbtrAcct>` +
    `<DbtrAgt><FinInstnId>${payer.agent}</FinInstnId></DbtrAgt>` +
    // In SEPA each side pays its own bank; elsewhere both share.
    `<ChrgBr>${currency === 'EUR' ? 'SLEV' : 'SHAR'}</ChrgBr>\n`
  );
  yield* lines;
  yield '</PmtInf>\n</CstmrCdtTrfInitn></Document>\n';
}

/**
 * Id of the message and of its payment information, in the 35 characters that banks take: the run,
 * and a digest of what is paid. Banks refuse an id that they had, so the same transfers have the
 * same one on every day, and others another one.
 */
function messageId(runId: string, content: readonly string[]): string {
  const digest = createHash('sha256').update(content.join('\n')).digest('hex');
  return `${runId.slice(runId.indexOf('_') + 1)}-${digest.slice(0, 8)}`;
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
