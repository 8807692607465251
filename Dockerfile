# Builds one image for all processes of Postrider: the API (by default), the worker and the
# migration. Node runs the TypeScript sources directly.
FROM node:24-slim AS console
WORKDIR /app
COPY local/install.mjs local/build-console.mjs local/fetch-reference.mjs local/
COPY console console/
COPY domain/console-pages.ts domain/
COPY docs/VERIFYING.md docs/
RUN node local/build-console.mjs && node local/fetch-reference.mjs

FROM node:24-slim

ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app

# Installs packages before copying the sources, so that a change of the sources reuses this layer.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts \
 && npm cache clean --force

COPY . .
RUN ["node", "worker/bundle.ts"]
COPY --from=console /app/console/dist console/dist
COPY --from=console /app/api/openapi/built api/openapi/built

ARG GIT_COMMIT=
ENV GIT_COMMIT=$GIT_COMMIT

USER node
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=4s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 8080) + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# Runs node directly, since npm would not forward stop signals.
CMD ["node", "--max-semi-space-size=32", "--import", "./typescript.mjs", "api/main.ts"]
