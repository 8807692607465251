// All judgements over the records of a run.
import type { Evidence, Violation } from '../records.ts';
import { judgeDoubles } from './doubles.ts';
import { lost } from './lost.ts';
import { order } from './order.ts';
import { owners } from './owners.ts';
import { settledOnce } from './settled-once.ts';
import { told } from './told.ts';

export const judgeAll = (evidence: Evidence): Violation[] => [
  ...lost(evidence),
  ...settledOnce(evidence),
  ...judgeDoubles(evidence).violations,
  ...order(evidence),
  ...owners(evidence),
  ...told(evidence),
];
