// The API's server: its requests and responses are made as the application's own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import express from 'express';
import { createHttpServer } from '../../../api/http/server.ts';

test('requests and responses have the prototypes of the application before Express sees them', async () => {
  const app = express();
  app.get(
    '/seen',
    (req, res) => void res.status(202).json({ query: req.query, isJson: req.accepts('json') }),
  );
  const server = createHttpServer(app);
  const seen: boolean[] = [];
  server.prependListener('request', (req, res) => {
    seen.push(Object.getPrototypeOf(req) === app.request, Object.getPrototypeOf(res) === app.response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/seen?a=1`);
    assert.deepEqual([answer.status, await answer.json()], [202, { query: { a: '1' }, isJson: 'json' }]);
    assert.deepEqual(seen, [true, true]);
    assert.equal(app.request.app, app);
  } finally {
    server.close();
  }
});
