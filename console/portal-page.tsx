// Entry of the affiliates' portal, which opens by a link from the operator.
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './style/tokens.css';
import './style/base.css';
import './style/frame.css';
import './style/parts.css';
import { applyTheme } from './frame/theme.ts';
import { Portal } from './portal/portal.tsx';

applyTheme();
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Portal />
  </StrictMode>,
);
