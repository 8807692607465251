// Starts of workflows that are in no hurry: one after the other, each key once, those of each
// operator in turn.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createUnhurried } from '../../../activities/delivery/unhurried.ts';

test('unhurried starts go one after the other, in order, also after one that failed', async () => {
  const unhurried = createUnhurried(0);
  const story: string[] = [];
  const start = (name: string) => () =>
    new Promise<void>((resolve, reject) => {
      story.push(`${name} begins`);
      setImmediate(() => {
        story.push(`${name} ends`);
        if (name === 'b') reject(new Error('away'));
        else resolve();
      });
    });
  const results = await Promise.allSettled(['a', 'b', 'c'].map((name) => unhurried('op', name, start(name))));
  assert.deepEqual(story, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});

test('an unhurried start serves all who ask for it while it waits, and none who ask later', async () => {
  const unhurried = createUnhurried(0);
  let starts = 0;
  let end: () => void = () => {};
  const first = unhurried('op', 'a', () => {
    starts++;
    return new Promise((resolve) => (end = resolve));
  });
  const again = async (): Promise<void> => void starts++;
  const same = unhurried('op', 'a', again);
  assert.equal(same, first);
  await Promise.resolve();
  assert.equal(starts, 1);
  // The start is under way: what it saw is older than what is asked for now.
  const next = unhurried('op', 'a', again);
  end();
  await Promise.all([first, next]);
  assert.equal(starts, 2);
});

test('unhurried starts leave a pause between them', async () => {
  const unhurried = createUnhurried(20);
  const startedAt: number[] = [];
  const start = async (): Promise<void> => void startedAt.push(performance.now());
  await Promise.all(['a', 'b', 'c'].map((name) => unhurried('op', name, start)));
  assert.ok(startedAt[2]! - startedAt[0]! >= 35, `${startedAt[2]! - startedAt[0]!} ms for two pauses`);
});

test('unhurried starts of one operator never stand before those of another', async () => {
  const unhurried = createUnhurried(0);
  const story: string[] = [];
  const start = (name: string) => async (): Promise<void> => void story.push(name);
  const many = ['a', 'b', 'c', 'd'].map((key) => unhurried('many', key, start(`many ${key}`)));
  const few = ['a', 'b'].map((key) => unhurried('few', key, start(`few ${key}`)));
  await Promise.all([...many, ...few]);
  assert.deepEqual(story, ['many a', 'few a', 'many b', 'few b', 'many c', 'many d']);
});
