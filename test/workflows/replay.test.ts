// Replay of recorded histories: a change that would send running workflows another way fails here.
import { before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { buildBundle, type WorkflowBundle } from '../../worker/bundle.ts';
import { WORKFLOWS } from '../../workflows/contract.ts';
import * as workflows from '../../workflows/index.ts';
import { recordedHistories } from '../support/histories.ts';
import { quietRuntime } from '../support/worker.ts';

type Started = { events: { workflowExecutionStartedEventAttributes?: { workflowType: { name: string } } }[] };

const histories = recordedHistories();
const typeOf = (history: unknown): string =>
  (history as Started).events[0]!.workflowExecutionStartedEventAttributes!.workflowType.name;

let workflowBundle: WorkflowBundle;

before(async () => {
  quietRuntime();
  workflowBundle = await buildBundle();
});

describe("today's workflows replay the recorded history", () => {
  for (const [shape, history] of histories) {
    test(shape, () => Worker.runReplayHistory({ workflowBundle }, history));
  }
});

test('the worker registers every workflow that the contract names, and no other', () => {
  assert.deepEqual(Object.keys(workflows).toSorted(), Object.values(WORKFLOWS).toSorted());
});

test('every workflow has a recorded history', () => {
  const recorded = new Set([...histories.values()].map(typeOf));
  assert.deepEqual([...recorded].toSorted(), Object.keys(workflows).toSorted());
});

test('a workflow changed incompatibly fails its replay', async () => {
  const logger = new DefaultLogger('ERROR', () => {});
  const workflowsPath = fileURLToPath(new URL('broken-workflows.ts', import.meta.url));
  const broken = await bundleWorkflowCode({ workflowsPath, logger });
  const history = histories.get('batch-handed-over');
  await assert.rejects(Worker.runReplayHistory({ workflowBundle: broken }, history), /[Nn]ondeterminism/);
});
