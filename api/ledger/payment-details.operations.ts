// Payment details as a resource: their routes, and their operations for the OpenAPI document.
import { deleted, jsonAnswer, jsonRequest } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './payment-details.answers.ts';
import { addPaymentDetailsRoutes } from './payment-details.routes.ts';
import { bankAccount, paymentDetails } from './payment-details.schema.ts';

const ACCOUNT = { holder: 'Jane Doe', iban: 'DE89 3704 0044 0532 0130 00', bic: 'COBADEFFXXX' };

export const paymentDetailsResource = defineResource({
  tag: 'Money',
  addRoutes: addPaymentDetailsRoutes,
  names: { PaymentDetails: answers.paymentDetails },
  operations: {
    'PUT /v1/affiliates/:id/payment-details': {
      id: 'setPaymentDetails',
      summary: 'Say how an affiliate is paid',
      description:
        'A bank account, or `other`: an e-wallet, an address of a chain. Replaces what there was. Kept encrypted; ' +
        'answers show accounts masked, and only the files of a payout run hold them whole.',
      who: 'manage',
      body: jsonRequest(paymentDetails, { method: 'bank', ...ACCOUNT }),
      answers: { 200: jsonAnswer(answers.paymentDetails) },
    },
    'GET /v1/affiliates/:id/payment-details': {
      id: 'getPaymentDetails',
      summary: 'How an affiliate is paid, with its account masked',
      who: 'read',
      answers: { 200: jsonAnswer(answers.paymentDetails) },
    },
    'DELETE /v1/affiliates/:id/payment-details': {
      id: 'deletePaymentDetails',
      summary: 'Forget how an affiliate is paid',
      who: 'manage',
      answers: deleted,
    },
    'PUT /v1/operator/payout-account': {
      id: 'setPayoutAccount',
      summary: 'Say which account payouts are paid from',
      description: 'The debtor of pain.001 files. Kept encrypted, and shown masked.',
      who: 'manage',
      body: jsonRequest(bankAccount, ACCOUNT),
      answers: { 200: jsonAnswer(answers.payoutAccount) },
    },
    'GET /v1/operator/payout-account': {
      id: 'getPayoutAccount',
      summary: 'The account that payouts are paid from, masked',
      who: 'read',
      answers: { 200: jsonAnswer(answers.payoutAccount) },
      refusals: ['not_found'],
    },
    'DELETE /v1/operator/payout-account': {
      id: 'deletePayoutAccount',
      summary: 'Forget the account that payouts are paid from',
      who: 'manage',
      answers: deleted,
    },
  },
});
