// Notice channels as a resource: its routes, and its operations for the OpenAPI document.
import { plainPage } from '../http/lists.ts';
import { action, deleted, jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './notice-channels.answers.ts';
import { addNoticeChannelRoutes } from './notice-channels.routes.ts';
import { newChannel } from './notice-channels.schema.ts';

export const noticeChannelsResource = defineResource({
  tag: 'Setup',
  addRoutes: addNoticeChannelRoutes,
  names: {
    NoticeChannel: answers.channel,
  },
  operations: {
    'POST /v1/notice-channels': {
      id: 'createNoticeChannel',
      summary: 'Have notices sent to people',
      description:
        'By mail or to a chat, beside the webhooks that get them as postbacks. What happens within a minute is one ' +
        'message. One that cannot be sent is tried again for 72 hours.',
      who: 'manage',
      body: jsonRequest(newChannel, { kind: 'mail', address: 'ops@broker.example' }),
      answers: { 201: jsonAnswer(answers.channel, 'made') },
      refusals: ['blocked_address'],
    },
    'GET /v1/notice-channels': {
      id: 'listNoticeChannels',
      summary: 'List the channels of notices',
      who: 'read',
      query: plainPage,
      answers: { 200: listAnswer(answers.channel) },
    },
    'POST /v1/notice-channels/:id/test': {
      ...action(
        'testNoticeChannel',
        'Send a message that reports nothing, and tell how it went',
        jsonAnswer(answers.channelTrial, 'delivered, or why not'),
      ),
      description:
        'The message goes out at once, the way that notices go, and shows each notice of the channel as it would look. ' +
        'It changes nothing of the channel. Six tests a minute; an API without `SMTP_URL` cannot test mail.',
      refusals: [],
    },
    'DELETE /v1/notice-channels/:id': {
      id: 'deleteNoticeChannel',
      summary: 'Send no more notices there',
      who: 'manage',
      answers: deleted,
      refusals: ['not_found'],
    },
  },
});
