// Keyboard shortcuts: `g` and then the key of a page, `/` for the search. Not while a person types.
import { useEffect } from 'react';
import { useLocation } from 'wouter';
import { PAGES } from './pages.ts';

const WITHIN_MS = 1500;

export function useShortcuts(): void {
  const [, navigate] = useLocation();
  useEffect(() => {
    let since = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === '/') {
        event.preventDefault();
        document.getElementById('find')?.focus();
        return;
      }
      if (event.key === 'g') {
        since = event.timeStamp;
        return;
      }
      const page = PAGES.find(({ key }) => key === event.key);
      if (page && since > 0 && event.timeStamp - since < WITHIN_MS) navigate(page.path);
      since = 0;
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [navigate]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, select, textarea, [role=menu] *');
}
