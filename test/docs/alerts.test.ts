// The alerts of docs/deploy/prometheus: each has a paragraph for people, and fires when it should
// and only then, by promtool's word where that is installed.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { alerts, RULES_FILE, type Alert } from '../support/alerts.ts';
import { readSource } from '../support/sources.ts';

const run = promisify(execFile);

/** Series as promtool takes them: figures a minute apart. */
type Series = Record<string, string>;

/** First figures of what is there while all is well, and how they grow. */
const WELL: Readonly<Record<string, string>> = {
  'up{job="postrider",instance="api"}': '1',
  'postrider_backlog_read{instance="api"}': '1',
  'postrider_recorder_backlog{instance="worker"}': '0',
  'postrider_postgres_waiting{instance="api"}': '0',
  'postrider_events_unsettled_oldest_seconds{instance="api"}': '3',
  'postrider_postbacks_stuck{instance="api",state="gave_up"}': '0',
  'postrider_postbacks_stuck{instance="api",state="retrying"}': '900',
  'postrider_endpoints{instance="api",state="active"}': '20',
  'postrider_endpoints{instance="api",state="failing"}': '2',
  'postrider_attempts_total{instance="worker",outcome="delivered"}': '0+95',
  'postrider_attempts_total{instance="worker",outcome="http_404"}': '0+5',
  'postrider_attempts_total{instance="worker",outcome="local_error"}': '0',
  // Failed for a moment, and were sent at the next try.
  'postrider_notice_messages_total{instance="worker",result="failed"}': '0 3',
};

/** `minutes`: when it must fire. `without`: series of WELL that are missing. */
type Trouble = { series: Series; without?: string; minutes: number };

const TROUBLES: Record<string, Trouble> = {
  PostriderTargetDown: { series: { 'up{job="postrider",instance="w"}': '0x9' }, minutes: 4 },
  PostriderNoWorker: { series: {}, without: 'postrider_recorder_backlog', minutes: 4 },
  PostriderNoApi: { series: {}, without: 'postrider_backlog_read', minutes: 4 },
  PostriderDatabaseSilent: { series: { 'postrider_backlog_read{instance="b"}': '0x9' }, minutes: 4 },
  PostriderConnectionsWait: { series: { 'postrider_postgres_waiting{instance="b"}': '2x9' }, minutes: 6 },
  PostriderSlotsUsedUp: {
    series: { 'temporal_worker_task_slots_available{instance="w",task_queue="q",worker_type="x"}': '0x9' },
    minutes: 7,
  },
  PostriderEventsWait: {
    series: { 'postrider_events_unsettled_oldest_seconds{instance="b"}': '30+30x20' },
    minutes: 10,
  },
  PostriderEventsPileUp: { series: { 'postrider_events_unsettled{instance="b"}': '20000x20' }, minutes: 7 },
  PostriderBatchesStall: {
    series: {
      'postrider_batches_in_flight{instance="b"}': '8x20',
      'postrider_events_to_start{instance="b"}': '0+50x20',
    },
    minutes: 10,
  },
  PostriderApiSlow: {
    series: histogram('postrider_http_request_duration_seconds', 'route="/v1/events"', '1', '2.5'),
    minutes: 15,
  },
  PostriderApiFails: {
    series: { 'postrider_http_requests_total{status="503"}': '0+1x20' },
    minutes: 5,
  },
  PostriderRefusalsRise: {
    series: { 'postrider_refusals_total{code="conflict"}': '0+1x1440 1440+20x60' },
    minutes: 1490,
  },
  PostriderEventsSetAside: { series: { 'postrider_events_set_aside{reason="r"}': '1x90' }, minutes: 65 },
  PostriderAmendmentsWait: { series: { postrider_amendments_waiting: '1x90' }, minutes: 65 },
  PostriderHoldsNotReleased: { series: { postrider_holds_due: '20000x30' }, minutes: 20 },
  PostriderMonthNotClosed: { series: { postrider_months_due: '1x400' }, minutes: 365 },
  PostriderFirstDeliverySlow: {
    series: histogram('postrider_event_to_delivery_seconds', 'try="first"', '10', '30'),
    minutes: 25,
  },
  PostriderPostbacksStuck: {
    series: { 'postrider_postbacks_stuck{instance="b",state="held"}': '1500x90' },
    minutes: 65,
  },
  PostriderPostbackStuckLong: {
    series: { 'postrider_postbacks_stuck_oldest_seconds{state="held"}': '90000x30' },
    minutes: 20,
  },
  PostriderPostbacksGaveUp: {
    series: { 'postrider_postbacks_stuck{instance="b",state="gave_up"}': '1x20' },
    minutes: 7,
  },
  PostriderGivingUpFast: { series: { postrider_postbacks_given_up_total: '0+5x60' }, minutes: 40 },
  PostriderManyEndpointsFail: {
    series: { 'postrider_endpoints{instance="b",state="failing"}': '3x30' },
    minutes: 15,
  },
  PostriderAttemptsFail: {
    series: { 'postrider_attempts_total{instance="worker",outcome="timeout"}': '0+20x60' },
    minutes: 40,
  },
  PostriderRequestsNotMade: {
    series: { 'postrider_attempts_total{instance="w",outcome="local_error"}': '0 0 1x20' },
    minutes: 5,
  },
  PostriderNameServersAway: {
    series: {
      'postrider_name_lookup_seconds_count{result="found"}': '0+1x30',
      'postrider_name_lookup_seconds_count{result="silent"}': '0+2x30',
    },
    minutes: 15,
  },
  PostriderNoticesFail: {
    series: {
      'postrider_notice_messages_total{instance="w",result="failed"}': '0x5 1x59 2x59 3x59 4x59',
    },
    minutes: 160,
  },
  PostriderRecorderBlocked: { series: { 'postrider_recorder_backlog{instance="b"}': '256x9' }, minutes: 4 },
};

/** A histogram of which a fifth lies between the two bounds. */
function histogram(name: string, label: string, below: string, above: string): Series {
  return {
    [`${name}_bucket{${label},le="${below}"}`]: '0+40x40',
    [`${name}_bucket{${label},le="${above}"}`]: '0+50x40',
    [`${name}_bucket{${label},le="+Inf"}`]: '0+50x40',
  };
}

test('OPERATIONS.md has a paragraph for every alert, in their order, and each alert leads to its own', () => {
  const section = readSource('docs/OPERATIONS.md')
    .split(/^### /m)
    .find((part) => part.startsWith('Alerts\n'))!
    .split(/^## /m)[0]!;
  const paragraphs = section.split(/^#### /m).slice(1);
  assert.deepEqual(
    paragraphs.map((paragraph) => paragraph.split('\n')[0]),
    alerts.map(({ alert }) => alert),
  );
  for (const paragraph of paragraphs) assert.ok(paragraph.length > 120, `too short: ${paragraph}`);
  for (const { alert, labels, annotations } of alerts) {
    assert.equal(annotations.runbook, `docs/OPERATIONS.md#${alert.toLowerCase()}`);
    assert.ok(['critical', 'warning'].includes(labels.severity), alert);
  }
});

test('promtool finds the rules well formed', async (t) => {
  if (!(await hasPromtool(t))) return;
  await run('promtool', ['check', 'rules', RULES_FILE]);
  await run('promtool', ['check', 'config', '--syntax-only', 'docs/deploy/prometheus/prometheus.yml']);
});

test('every alert fires in its trouble, and none fires beside it or while all is well', async (t) => {
  assert.deepEqual(Object.keys(TROUBLES).toSorted(), alerts.map(({ alert }) => alert).toSorted());
  if (!(await hasPromtool(t))) return;
  const folder = await mkdtemp(join(tmpdir(), 'alerts-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'alerts.yml');
  const cases = [
    caseOf('all is well', wellFor(170), 170, []),
    ...alerts.flatMap((alert) => casesOf(alert, TROUBLES[alert.alert]!)),
  ];
  // JSON is YAML.
  await writeFile(
    file,
    JSON.stringify({ rule_files: [resolve(RULES_FILE)], evaluation_interval: '1m', tests: cases }),
  );
  await run('promtool', ['test', 'rules', file]).catch((error: Error & { stdout: string; stderr: string }) =>
    assert.fail(error.stdout + error.stderr),
  );
});

/** The trouble must fire in time, and must not have fired a minute before `for` is over. */
function casesOf({ alert, for: wait }: Alert, { series, without, minutes }: Trouble): object[] {
  const all = { ...wellFor(minutes, without), ...series };
  const soon = wait === undefined ? [] : [caseOf(`${alert} at once`, all, 0, [])];
  return [caseOf(alert, all, minutes, [alert]), ...soon];
}

function wellFor(minutes: number, without?: string): Series {
  const kept = Object.entries(WELL).filter(([name]) => without === undefined || !name.startsWith(without));
  return Object.fromEntries(kept.map(([name, figures]) => [name, `${figures}x${minutes + 10}`]));
}

function caseOf(name: string, series: Series, minutes: number, firing: readonly string[]): object {
  return {
    name,
    interval: '1m',
    input_series: Object.entries(series).map(([one, values]) => ({ series: one, values })),
    promql_expr_test: [
      {
        expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
        eval_time: `${minutes}m`,
        exp_samples: firing.map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
      },
    ],
  };
}

async function hasPromtool(t: TestContext): Promise<boolean> {
  const isThere = await run('promtool', ['--version']).then(
    () => true,
    () => false,
  );
  if (!isThere) t.skip('promtool is not installed (Debian: apt-get install prometheus)');
  return isThere;
}
