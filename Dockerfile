# One image for all roles; docker-compose.yml and docs/operations.md say which command is which.
FROM node:24.18.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24.18.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --include=dev --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/ensure.mjs scripts/
COPY apps apps
COPY libs libs
RUN node scripts/ensure.mjs build

FROM node:24.18.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
# New volumes that are mounted here take over owner and mode.
RUN install -d -o node -g node -m 0700 /var/lib/touchstone /var/lib/touchstone-key
COPY package.json ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
USER node
EXPOSE 3000
CMD ["node", "--enable-source-maps", "dist/apps/standalone/src/main.js"]
