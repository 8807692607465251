// Tabs, of which only the chosen one is rendered.
import { Tab, TabList, TabPanel, TabProvider } from '@ariakit/react';
import { Suspense, useEffect, useRef, type ReactNode } from 'react';
import { Loading } from './layout.tsx';

export type TabEntry = { id: string; label: string; content: () => ReactNode };

type TabsProps = { label: string; tabs: readonly TabEntry[]; chosen: string; onChoose: (id: string) => void };

/** The first tab stands for one that is not there, as an old address may name. */
export function Tabs({ label, tabs, chosen: named, onChoose }: TabsProps) {
  const { id: chosen, content } = tabs.find(({ id }) => id === named) ?? tabs[0]!;
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => showWithin(list.current, chosen), [chosen]);
  return (
    <TabProvider selectedId={chosen} setSelectedId={(id) => id && onChoose(id)}>
      <TabList ref={list} className="tabs" aria-label={label}>
        {tabs.map((tab) => (
          <Tab key={tab.id} id={tab.id} className="tab">
            {tab.label}
          </Tab>
        ))}
      </TabList>
      <TabPanel tabId={chosen}>
        <Suspense fallback={<Loading />}>{content()}</Suspense>
      </TabPanel>
    </TabProvider>
  );
}

/** Scrolls a list that is wider than the screen, and not the page, to one of its tabs. */
function showWithin(list: HTMLElement | null, id: string): void {
  const tab = list?.querySelector(`#${CSS.escape(id)}`)?.getBoundingClientRect();
  if (!list || !tab) return;
  const { left, right } = list.getBoundingClientRect();
  if (tab.left < left || tab.right > right) list.scrollLeft += tab.left - left;
}
