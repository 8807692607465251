// Single values as every page shows them: money, times, ids, states.
import { createContext, useContext, useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import { shortId } from '../format/ids.ts';
import { isId, pageOfMonth, placeOf, PLACES } from '../format/places.ts';
import { formatAmount, isNegative } from '../format/money.ts';
import { exactTime, relativeTime } from '../format/time.ts';
import { plain, toneOf, type Tone } from '../format/words.ts';
import { useNow } from './clock.ts';

export function Money({ amount, currency }: { amount: string; currency: string }) {
  return (
    <span className={isNegative(amount) ? 'money is-negative' : 'money'}>
      {formatAmount(amount)} <span>{currency}</span>
    </span>
  );
}

/** Amounts in several currencies, one below the other. */
export function Sums({
  of,
  none = '–',
}: {
  of: readonly { amount: string; currency: string }[];
  none?: string;
}) {
  if (of.length === 0) return <span className="muted">{none}</span>;
  return (
    <>
      {of.map(({ amount, currency }) => (
        <div key={currency}>
          <Money amount={amount} currency={currency} />
        </div>
      ))}
    </>
  );
}

/** Relative, with the exact time on hover. `isDue`: a time that has come is not in the past. */
type TimeProps = { at: string | null | undefined; none?: ReactNode; isDue?: boolean };

export function Time({ at, none = '–', isDue = false }: TimeProps) {
  const now = useNow();
  if (at == null) return <span className="muted">{none}</span>;
  return (
    <time dateTime={at} title={exactTime(at)} className="nowrap">
      {isDue && Date.parse(at) <= now ? 'due now' : relativeTime(at, now)}
    </time>
  );
}

/** Where pages of things are: those of the console, unless another program says otherwise. */
export const Places = createContext(PLACES);

/** An id in its short form, with the whole one on hover; leads to its page where it has one. */
export function Id({ id }: { id: string }) {
  const place = placeOf(id, useContext(Places));
  return (
    <span className="id">
      {place === null ? (
        <span title={id}>{shortId(id)}</span>
      ) : (
        <Link href={place} title={id}>
          {shortId(id)}
        </Link>
      )}
      <Copy text={id} label={`Copy ${id}`} />
    </span>
  );
}

/** A month of the books; leads to its page where months have one, which is not so in the portal. */
export function Month({ of }: { of: string }) {
  if (useContext(Places) !== PLACES) return <>{of}</>;
  return <Link href={pageOfMonth(of)}>{of}</Link>;
}

/** A text in which ids lead to their pages. */
export function WithIds({ text }: { text: string }) {
  return text
    .split(/(\b[a-z]+_[0-9a-z]{26}\b)/)
    .map((part, index) => (isId(part) ? <Id key={index} id={part} /> : part));
}

const COPIED_MS = 1500;

/** A small button that copies a text. */
export function Copy({ text, label }: { text: string; label: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), COPIED_MS);
  };
  return (
    <button
      type="button"
      className="copy"
      aria-label={isCopied ? 'Copied' : label}
      onClick={() => void copy()}
    >
      <svg width="14" height="14" viewBox="0 0 16 16" fill="none" stroke="currentColor" aria-hidden="true">
        {isCopied ? (
          <path d="M3 8.5l3.2 3.2L13 5" strokeWidth="1.8" />
        ) : (
          <path d="M5.5 5.5h7v7h-7zM3.5 10.5v-7h7" strokeWidth="1.3" />
        )}
      </svg>
    </button>
  );
}

export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className="badge" data-tone={tone}>
      {children}
    </span>
  );
}

/** The state of something, in the colour that the same state has everywhere. */
export function State({ of, note }: { of: string; note?: string }) {
  return (
    <span title={note}>
      <Badge tone={toneOf(of)}>{plain(of)}</Badge>
    </span>
  );
}

/** Names and values, one pair a line. Pairs without a value are left out. */
export function Facts({ of }: { of: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {of.flatMap(([name, value]) =>
        value === null || value === undefined
          ? []
          : [<dt key={name}>{name}</dt>, <dd key={`${name}:`}>{value}</dd>],
      )}
    </dl>
  );
}

/** A link that leaves the console, in a tab of its own. */
export function Outside({ href, children }: { href: string; children: ReactNode }) {
  return (
    <a href={href} target="_blank" rel="noreferrer">
      {children}&nbsp;<span aria-hidden="true">↗</span>
      <span className="only-read"> (opens in a new tab)</span>
    </a>
  );
}
