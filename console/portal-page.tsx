// Entry of the affiliates' portal, which opens by a link from the operator.
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './style/tokens.css';
import './style/base.css';
import './style/frame.css';
import './style/parts.css';
import './style/print.css';
import './style/portal.css';
import { applyTheme } from './frame/theme.ts';
import { Portal } from './portal/portal.tsx';
import { takeToken } from './portal/token.ts';
import { sendFromPortal } from './wire/client.ts';

applyTheme();
sendFromPortal(window.top === window.self ? '1' : 'framed');
const token = takeToken();
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Portal token={token} />
  </StrictMode>,
);
