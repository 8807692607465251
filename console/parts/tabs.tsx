// Tabs, of which only the chosen one is rendered.
import { Tab, TabList, TabPanel, TabProvider } from '@ariakit/react';
import { Suspense, type ReactNode } from 'react';
import { Loading } from './layout.tsx';

export type TabEntry = { id: string; label: string; content: () => ReactNode };

type TabsProps = { label: string; tabs: readonly TabEntry[]; chosen: string; onChoose: (id: string) => void };

export function Tabs({ label, tabs, chosen, onChoose }: TabsProps) {
  return (
    <TabProvider selectedId={chosen} setSelectedId={(id) => id && onChoose(id)}>
      <TabList className="tabs" aria-label={label}>
        {tabs.map((tab) => (
          <Tab key={tab.id} id={tab.id} className="tab">
            {tab.label}
          </Tab>
        ))}
      </TabList>
      <TabPanel tabId={chosen}>
        <Suspense fallback={<Loading />}>{tabs.find(({ id }) => id === chosen)?.content()}</Suspense>
      </TabPanel>
    </TabProvider>
  );
}
