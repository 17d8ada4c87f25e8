# deblur with FFmpeg and the packages of the queue. Downloads from the registries of Debian and npm alone.
FROM node:20-bookworm-slim AS build
WORKDIR /build
# The package of ONNX Runtime would fetch CUDA's libraries.
ENV ONNXRUNTIME_NODE_INSTALL=skip
COPY . .
RUN npm ci
# Without the packages of development, but with the two of the queue, which are optional.
RUN npm pkg delete devDependencies
RUN npm install --save-prod --ignore-scripts bullmq@6.7.0 ioredis@6.0.0

FROM node:20-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends ffmpeg \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /build/package.json ./package.json
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/weights ./weights
COPY --from=build /build/src/tools/html/page ./src/tools/html/page
COPY --from=build /build/dist ./dist
RUN ln -s /app/dist/bin/deblur.js /usr/local/bin/deblur
USER node
WORKDIR /data
ENTRYPOINT ["deblur"]
CMD ["--help"]
