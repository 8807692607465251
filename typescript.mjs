// Lets Node run the TypeScript sources: by itself where it strips types (from 22.18 on), otherwise
// by a loader. Threads need none, since they run the workflow bundle, which is JavaScript.
import { isMainThread } from 'node:worker_threads';
if (isMainThread && !process.features.typescript) await import('@oxc-node/core/register');
