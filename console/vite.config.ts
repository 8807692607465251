// Builds the two pages, console and portal, into `dist`, and serves them during development beside
// an API that runs already (`npm start`).
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { budget } from './budget.ts';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const API = 'http://127.0.0.1:8080';

export default defineConfig({
  root: ROOT,
  base: '/console/',
  publicDir: false,
  build: {
    target: 'es2022',
    outDir: `${ROOT}dist`,
    emptyOutDir: true,
    // A data: URL would need a looser content security policy.
    assetsInlineLimit: 0,
    // It would put an inline style into the page, which the policy refuses.
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { console: `${ROOT}console.html`, portal: `${ROOT}portal.html` },
      // Packages mark their modules for servers, of which there is none.
      onLog: (level, log, handle) => log.code === 'MODULE_LEVEL_DIRECTIVE' || handle(level, log),
    },
  },
  plugins: [budget()],
  server: { proxy: { '/v1': API, '/session': API, '/openapi.json': API } },
});
