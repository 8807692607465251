// Routes of endpoints: settings, secrets, and pause, resume, enable.
import type { Router } from 'express';
import type { z } from 'zod';
import { newId } from '../../store/db/ids.ts';
import type { NewSecret } from '../../store/delivery/endpoint-secrets.ts';
import type {
  Endpoint,
  EndpointChange,
  EndpointSettings,
  EndpointSwitch,
} from '../../store/delivery/endpoints.ts';
import type { Store } from '../../store/index.ts';
import { requireAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { byAffiliate, listOf } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { invalid, read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import { checkEndpoint, warningsAboutSaved, type EndpointRules, type Warning } from './endpoint-check.ts';
import { endpointView, shown } from './endpoints.answers.ts';
import * as answers from './endpoints.answers.ts';
import { DEFAULT_OVERLAP_HOURS, endpointChange, newEndpoint, rotation } from './endpoints.schema.ts';

type Signing = Endpoint['signing'];
/**
 * Makes the secret of an endpoint. One without signing gets a shared secret too, for when signing
 * is turned on.
 */
export type MakeSecret = (signing: Signing) => NewSecret;

/** Reads a secret that its owner brought along. */
export type ReadSecret = (
  signing: Signing,
  secret: string,
) => ({ kind: 'secret' } & NewSecret) | { kind: 'problem'; message: string };

/** Every postback of an affiliate goes to each of its endpoints. */
const MOST_BY_AFFILIATE = 20;

type Deps = {
  store: Pick<Store, 'endpoints' | 'endpointSecrets' | 'affiliates'>;
  auth: Auth;
  temporal: Pick<Temporal, 'wakeEndpoint' | 'startDelivery'>;
  endpointRules: EndpointRules;
  makeSecret: MakeSecret;
  readSecret: ReadSecret;
};

export function addEndpointRoutes(
  router: Router,
  { store, auth, temporal, endpointRules, makeSecret, readSecret }: Deps,
): void {
  addPath(router, '/v1/endpoints', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const { operator, affiliate } = callerOf(res);
        const operatorId = operator.id;
        const { affiliate_id: affiliateId = null, secret, ...wire } = read(newEndpoint, req.body);
        const warnings = await checkEndpoint(wire, endpointRules);
        await requireAffiliate(store, operatorId, affiliateId, 'affiliate_id');
        if (affiliate !== null) await refuseTooMany(operatorId, affiliate.id);
        const made = secretOf(wire.signing, secret);
        const endpoint = await store.endpoints.insert(
          operatorId,
          { id: newId('ep'), affiliateId, ...made },
          settingsOf(wire),
        );
        warnings.push(...warningsAboutSaved(endpoint), ...(await sameUrl(operatorId, endpoint)));
        res.status(201).json({ ...endpointView(endpoint), ...shown(made), warnings });
      },
    ],
    get: [
      auth.scope('read'),
      listOf(
        byAffiliate,
        (operatorId, page, { affiliate_id: id = null }) => store.endpoints.list(operatorId, id, page),
        endpointView,
        answers.endpoint,
      ),
    ],
  });

  addPath(router, '/v1/endpoints/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const endpoint = await store.endpoints.find(callerOf(res).operator.id, idFromPath(req, 'endpoint'));
        if (endpoint === null) throw notFound('endpoint');
        res.json(endpointView(endpoint));
      },
    ],
    patch: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const id = idFromPath(req, 'endpoint');
        const operatorId = callerOf(res).operator.id;
        const wire = read(endpointChange, req.body);
        const warnings = await checkEndpoint(wire, endpointRules);
        const made = await secretFor(wire.signing, operatorId, id);
        const updated = await store.endpoints.update(operatorId, id, settingsOf(wire));
        if (updated === null) throw notFound('endpoint');
        const { endpoint } = updated;
        if (updated.isMoved) await wakeQueue(temporal, operatorId, id, updated.singles);
        warnings.push(...warningsAboutSaved(endpoint));
        if (wire.url !== undefined) warnings.push(...(await sameUrl(operatorId, endpoint)));
        res.json({ ...endpointView(endpoint), ...(made && shown(made)), warnings });
      },
    ],
    delete: [
      auth.scope('manage'),
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const id = idFromPath(req, 'endpoint');
        if (!(await store.endpoints.remove(operatorId, id))) throw notFound('endpoint');
        await temporal.wakeEndpoint(operatorId, id, 'switched');
        res.status(204).end();
      },
    ],
  });

  addPath(router, '/v1/endpoints/:id/rotate-secret', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const id = idFromPath(req, 'endpoint');
        const { overlap_hours: overlapHours, secret } = read(rotation, req.body);
        const present = await store.endpoints.find(operatorId, id);
        if (present === null) throw notFound('endpoint');
        const { signing } = present;
        const made = secretOf(signing, secret);
        const endpoint = await store.endpointSecrets.rotate(operatorId, id, {
          ...made,
          overlapHours,
          signing,
        });
        if (endpoint === null) throw notFound('endpoint');
        res.json({ ...endpointView(endpoint), ...shown(made) });
      },
    ],
  });

  async function refuseTooMany(operatorId: string, affiliateId: string): Promise<void> {
    const some = { before: null, limit: MOST_BY_AFFILIATE };
    if ((await store.endpoints.list(operatorId, affiliateId, some)).length === MOST_BY_AFFILIATE)
      throw new ApiError('not_possible', `an affiliate makes at most ${MOST_BY_AFFILIATE} endpoints`);
  }

  /** The secret that the owner brought along, or a new one. */
  function secretOf(signing: Signing, given: string | undefined): NewSecret {
    if (given === undefined) return makeSecret(signing);
    const own = readSecret(signing, given);
    if (own.kind === 'problem')
      throw invalid([{ path: 'secret', code: 'invalid_secret', message: own.message }]);
    return own;
  }

  /** A warning where others of the same affiliate have the same URL. */
  async function sameUrl(operatorId: string, endpoint: Endpoint): Promise<Warning[]> {
    const others = await store.endpoints.findSameUrl(operatorId, endpoint);
    if (others.length === 0) return [];
    const message =
      `${others.join(', ')} of the same affiliate has this URL too: what both listen to comes there twice, ` +
      'with two values of webhook-id';
    return [{ code: 'same_url', path: 'url', message }];
  }

  /**
   * Makes a secret of the new kind when `signing` changes. The former secret signs beside it for
   * the default overlap.
   */
  async function secretFor(
    signing: Signing | undefined,
    operatorId: string,
    id: string,
  ): Promise<NewSecret | null> {
    const present = await store.endpoints.find(operatorId, id);
    if (present === null || signing === undefined || signing === 'none') return null;
    if ((signing === 'v1a') === (present.publicKey !== null)) return null;
    const made = makeSecret(signing);
    const overlapHours = present.signing === 'none' ? 0 : DEFAULT_OVERLAP_HOURS;
    await store.endpointSecrets.rotate(operatorId, id, { ...made, overlapHours, signing });
    return made;
  }

  for (const action of ['pause', 'resume', 'enable'] as const)
    addSwitchPath(router, { store, auth, temporal }, action);
}

type WireChange = z.infer<typeof endpointChange>;

/** Settings as the store names them. */
function settingsOf(wire: Required<WireChange>): EndpointSettings;
function settingsOf(wire: WireChange): EndpointChange;
function settingsOf({
  max_in_flight: maxInFlight,
  rate_per_second: ratePerSecond,
  share_customer_id: shareCustomerId,
  api_version: apiVersion,
  ...rest
}: WireChange): EndpointChange {
  return { ...rest, maxInFlight, ratePerSecond, shareCustomerId, apiVersion };
}

/**
 * Registers pause, resume or enable. Changes the row first, then wakes the endpoint's workflow,
 * which reads it.
 */
function addSwitchPath(
  router: Router,
  { store, auth, temporal }: Pick<Deps, 'store' | 'auth' | 'temporal'>,
  action: EndpointSwitch,
): void {
  addPath(router, `/v1/endpoints/:id/${action}`, {
    post: [
      auth.scope('manage'),
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const id = idFromPath(req, 'endpoint');
        const switched = await store.endpoints.switchState(operatorId, id, action);
        if (switched === null) {
          const present = await store.endpoints.find(operatorId, id);
          if (present === null) throw notFound('endpoint');
          throw new ApiError(
            'not_possible',
            `${action} is not possible while the endpoint is ${present.state}`,
          );
        }
        const { endpoint, singles } = switched;
        await wakeQueue(temporal, operatorId, id, singles);
        const offer = action === 'enable' ? { offer: await offerOf(store, operatorId, endpoint) } : {};
        res.json({ ...endpointView(endpoint), ...offer });
      },
    ],
  });
}

/** Has the endpoint's queue looked at now. `singles` joined it, and their own workflows end. */
async function wakeQueue(
  temporal: Deps['temporal'],
  operatorId: string,
  id: string,
  singles: readonly string[],
): Promise<void> {
  for (const single of singles) await temporal.startDelivery(operatorId, single, 'retryNow');
  await temporal.wakeEndpoint(operatorId, id, 'switched');
}

/**
 * The backlog of an endpoint that was disabled: held deliveries are sent now, given-up ones by the
 * replay described here.
 */
async function offerOf(store: Pick<Store, 'endpoints'>, operatorId: string, { id, waiting }: Endpoint) {
  const missed = await store.endpoints.countGivenUp(operatorId, id);
  const replay = { method: 'POST', path: '/v1/replays', body: { endpoint_id: id, states: ['gave_up'] } };
  return { held: waiting, missed, replay };
}
