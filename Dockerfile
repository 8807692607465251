# One image for every process of Postrider: the API (by default), the worker, and the migration. The TypeScript runs as it is.
FROM node:24-slim

# Host names are resolved by half of the threads at most; with Node's four, two dead name servers would hold up everybody.
ENV NODE_ENV=production HOST=0.0.0.0 UV_THREADPOOL_SIZE=32
WORKDIR /app

# Packages first, so that a change of our own code does not install them again.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts \
 && npm cache clean --force

COPY . .

USER node
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=4s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 8080) + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# Node itself, not npm, so that a stop signal reaches it.
CMD ["node", "--max-semi-space-size=32", "--enable-source-maps", "--import", "@oxc-node/core/register", "api/main.ts"]
