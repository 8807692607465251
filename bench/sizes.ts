// Sizes of the bench's measurements, of a whole run and of a quick one.

/** Measurements that share a stack. */
export type Name =
  | 'single'
  | 'batch'
  | 'idle'
  | 'open'
  | 'clicks'
  | 'wpe'
  | 'real'
  | 'drain'
  | 'isolation'
  | 'refused'
  | 'down'
  | 'overload'
  | 'pictures';

/** Events, or minutes of a soak. */
export type Sizes = Record<Name | 'nodur' | 'delivery' | 'ledger' | 'lists' | 'soak', number>;

/** Number of events per measurement. A quick run leaves out measurements that need more. */
export function sizesOf(events: number, isQuick: boolean): Sizes {
  if (isQuick)
    return {
      single: 3000,
      batch: 6000,
      idle: 30,
      open: 600,
      clicks: 6000,
      wpe: 200,
      real: 1000,
      drain: 1000,
      isolation: 0,
      refused: 0,
      down: 0,
      overload: 0,
      pictures: 0,
      nodur: 3000,
      delivery: 2000,
      ledger: 5000,
      lists: 0,
      soak: 0,
    };
  return {
    single: events,
    batch: events * 2,
    idle: 200,
    open: 4500,
    clicks: events,
    wpe: 600,
    real: Math.ceil(events / 2),
    drain: 10_000,
    isolation: events * 2,
    refused: events,
    down: events,
    overload: events * 4,
    pictures: 0,
    nodur: events,
    delivery: events,
    ledger: events * 2,
    lists: 0,
    soak: 0,
  };
}
