// Codec server for the Temporal UI and CLI: decodes payloads that `TEMPORAL_CODEC_KEY` encrypted,
// for the administrator and whoever has `TEMPORAL_CODEC_TOKEN`. Not there without a key.
import type { RequestHandler, Router } from 'express';
import type { WireCodec } from '../../workflows/payload-codec.ts';
import type { Auth } from '../http/auth.ts';
import { largeJsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { addPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import { payloads } from './codec.schema.ts';

/**
 * `token`: opens the codec server, beside the administrator token. `uiOrigin`: of the Temporal UI,
 * whose pages may call; undefined where no UI is known.
 */
export type CodecServer = WireCodec & { token: string | undefined; uiOrigin: string | undefined };

/** `codec`: null where the codec server is off. */
type Deps = { auth: Auth; codec: CodecServer | null };

const SIGNED_IN =
  'This browser may decode payloads until it is closed.\n' +
  'In the Temporal UI open the codec settings, enter this address as the endpoint, ' +
  'and include cross-origin credentials.\n';

export function addCodecRoutes(router: Router, { auth, codec }: Deps): void {
  const isHolder: RequestHandler =
    codec === null ? (_req, _res, next) => next(notFound('codec server')) : auth.adminOr(codec.token);

  if (codec !== null) router.use('/codec', allowPagesOf(codec.uiOrigin));

  addPath(router, '/codec', {
    get: [
      // Has a browser ask for the token, which it then sends with requests of the Temporal UI too.
      (_req, res, next) => {
        res.setHeader('www-authenticate', 'Basic realm="Postrider codec", charset="UTF-8"');
        next();
      },
      isHolder,
      (_req, res) => {
        res.removeHeader('www-authenticate');
        res.setHeader('cache-control', 'no-store');
        res.type('text/plain').send(SIGNED_IN);
      },
    ],
  });

  for (const direction of ['decode', 'encode'] as const)
    addPath(router, `/codec/${direction}`, {
      post: [
        isHolder,
        ...largeJsonBody,
        async (req, res) => {
          const given = read(payloads, req.body);
          const answered = codec![direction](given.payloads).catch((cause: unknown) => {
            throw new ApiError('not_possible', 'a payload was encrypted with a key that is not here', {
              cause,
            });
          });
          res.setHeader('cache-control', 'no-store');
          res.json({ payloads: await answered });
        },
      ],
    });
}

/**
 * Lets pages of the Temporal UI, and no others, call the codec server with the token that the
 * browser keeps. A preflight carries no token.
 */
function allowPagesOf(uiOrigin: string | undefined): RequestHandler {
  return (req, res, next) => {
    res.vary('origin');
    if (uiOrigin !== undefined && req.headers.origin === uiOrigin) {
      res.setHeader('access-control-allow-origin', uiOrigin);
      res.setHeader('access-control-allow-credentials', 'true');
      res.setHeader('access-control-allow-methods', 'POST');
      res.setHeader('access-control-allow-headers', 'authorization, content-type, x-namespace');
    }
    if (req.method === 'OPTIONS') return void res.status(204).end();
    next();
  };
}
