// A form for one group of settings, which says what changes from what to what before it is saved.
import { useState } from 'react';
import { counted } from '../../format/money.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { CodeField, SelectField, TextField } from '../../parts/form.tsx';
import { toast } from '../../parts/toasts.tsx';
import { client, refresh } from '../../wire/client.ts';
import type { Operator, Setting, SettingGroup } from './setting-table.ts';
import { bodyOf, changesOf, textOf, type Change } from './setting-values.ts';

type ChangeProps = { group: SettingGroup; operator: Operator; onClose: () => void };

export function ChangeSettings({ group: { title, settings }, operator, onClose }: ChangeProps) {
  const [texts, setTexts] = useState(() =>
    Object.fromEntries(settings.map((setting) => [setting.name, textOf(setting, operator)])),
  );
  const changes = changesOf(settings, operator, texts);
  const run = async () => {
    await client.PATCH('/v1/operator', { body: bodyOf(changes, texts) });
    await refresh();
    toast(`Saved: ${changes.map(({ setting }) => setting.label.toLowerCase()).join(', ')}.`);
  };
  return (
    <Confirm
      title={title}
      confirm={`Change ${counted(changes.length, 'setting')}`}
      isReady={changes.length > 0}
      run={run}
      onClose={onClose}
    >
      {settings.map((setting) => (
        <SettingField
          key={setting.name}
          setting={setting}
          value={texts[setting.name]!}
          onChange={(value) => setTexts((before) => ({ ...before, [setting.name]: value }))}
        />
      ))}
      {changes.length > 0 && <Changes of={changes} />}
    </Confirm>
  );
}

type FieldProps = { setting: Setting; value: string; onChange: (value: string) => void };

function SettingField({ setting, value, onChange }: FieldProps) {
  const { label, about: help } = setting;
  switch (setting.kind) {
    case 'choice':
      return <SelectField {...{ label, value, onChange, help }} options={setting.options} />;
    case 'lines':
    case 'pairs':
      return <CodeField {...{ label, value, onChange, help }} hint={setting.hint} rows={4} />;
    case 'whole':
    case 'whole or none':
      return (
        <TextField
          {...{ value, onChange, help }}
          label={`${label} (${setting.unit})`}
          isWrong={!/^\d*$/.test(value.trim())}
          {...(setting.kind === 'whole or none' && { hint: setting.none })}
        />
      );
    case 'text':
      return <TextField {...{ label, value, onChange, help }} />;
  }
}

function Changes({ of: changes }: { of: readonly Change[] }) {
  return (
    <div className="stack" role="status">
      {changes.map(({ setting: { name, label, warning }, from, to }) => (
        <div key={name} className="notice" data-tone={warning ? 'warn' : undefined}>
          <strong>{label}</strong>
          <p className="as-written">
            {from} <span aria-label="becomes">⟶</span> <mark>{to}</mark>
          </p>
          {warning && <p className="small">{warning}</p>}
        </div>
      ))}
    </div>
  );
}
