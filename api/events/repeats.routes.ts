// Route of repeats by content: events sent again without a transaction id, recognised by equal
// content.
import type { Router } from 'express';
import type { Store } from '../../store/index.ts';
import type { Auth } from '../http/auth.ts';
import { listOf, plainPage } from '../http/lists.ts';
import { addPath } from '../http/path.ts';
import { repeatView } from './repeats.answers.ts';
import * as answers from './repeats.answers.ts';

type Deps = { store: Pick<Store, 'contentRepeats'>; auth: Auth };

export function addRepeatRoutes(router: Router, { store, auth }: Deps): void {
  addPath(router, '/v1/repeats', {
    get: [auth.scope('read'), listOf(plainPage, store.contentRepeats.list, repeatView, answers.repeat)],
  });
}
