// URLs of endpoints that lead to the same place.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparableUrl } from '../../../domain/delivery/same-url.ts';

for (const [url, same] of [
  ['https://a.example/p?c={click_id}', 'HTTPS://A.Example:443/p?c={click_id}#top'],
  ['http://a.example', 'http://a.example:80/'],
  ['http://a.example?c={sub1}', 'http://a.example/?c={sub1}'],
  ['http://[::1]:8080/p', 'http://[::1]:8080/p'],
] as const)
  test(`${url} and ${same} lead to the same place`, () => {
    assert.equal(comparableUrl(url), comparableUrl(same));
  });

for (const [url, other] of [
  ['https://a.example/p', 'http://a.example/p'],
  ['https://a.example/p', 'https://a.example/P'],
  ['https://a.example/p', 'https://a.example/p/'],
  ['https://a.example:80/p', 'https://a.example/p'],
  ['https://a.example:4430/p', 'https://a.example/p'],
  ['https://a.example/p?c={sub1}', 'https://a.example/p?c={sub2}'],
] as const)
  test(`${url} and ${other} lead to different places`, () => {
    assert.notEqual(comparableUrl(url), comparableUrl(other));
  });
