// Choice of what an endpoint is told of: everything, or single types of message.
import { Choice } from '../../parts/form.tsx';

/** What an endpoint can listen to. */
const TYPES = [
  ['conversion.created', 'a new conversion'],
  ['conversion.adjusted', 'what it earns has changed'],
  ['conversion.reversed', 'it was taken back, in whole or in part'],
  ['conversion.reinstated', 'it earns again'],
  ['conversion.released', 'its commission became payable'],
  ['payout.paid', 'a payout was paid'],
] as const;

/** Beside these, what a webhook of the operator can listen to. */
const NOTICES = [
  ['endpoint.failing', 'an endpoint does nothing but fail'],
  ['endpoint.disabled', 'an endpoint was disabled'],
  ['delivery.gave_up', 'a postback was given up'],
  ['payout_run.done', 'a payout run is done'],
] as const;

type ListeningProps = {
  chosen: readonly string[];
  onChange: (events: readonly string[]) => void;
  isOperators: boolean;
};

/** `*` is what is told unless one asks for more: it leaves out what has to be asked for. */
export function Listening({ chosen, onChange, isOperators }: ListeningProps) {
  const isAll = chosen.includes('*');
  const switched = (type: string, isOn: boolean) =>
    onChange(isOn ? [...chosen, type] : chosen.filter((one) => one !== type));
  return (
    <fieldset className="choices">
      <legend className="label">Is told of</legend>
      <Choice
        label={
          isOperators
            ? 'Conversions of all affiliates, every change of them, and notices'
            : 'Conversions, and every change of them'
        }
        isChosen={isAll}
        onChange={(isOn) => onChange(isOn ? ['*'] : ['conversion.created'])}
      />
      {!isAll &&
        [...TYPES, ...(isOperators ? NOTICES : [])].map(([type, meaning]) => (
          <Choice
            key={type}
            label={type}
            help={meaning}
            isChosen={chosen.includes(type)}
            onChange={(isOn) => switched(type, isOn)}
          />
        ))}
    </fieldset>
  );
}
