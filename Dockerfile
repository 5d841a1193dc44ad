# syntax=docker/dockerfile:1
#
# The server in a small image, from the Debian package of these sources. The model is what is mounted at /models; without one the shapes model is there.
#
#   docker build -t flashu --build-arg REVISION=git$(git log -1 --date=format:%Y%m%d --format=%cd.%h) --build-arg EPOCH=$(git log -1 --format=%ct) .
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges -p 8080:8080 -v /srv/models/show-o2-1.5B:/models:ro flashu

FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends debhelper dpkg-dev libdnnl-dev libspng-dev libturbojpeg0-dev libwebp-dev \
        libgif-dev libheif-dev libjpeg-dev libtiff-dev ffmpeg \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# What the package is called and dated by: the sources come without their history.
ARG REVISION=""
ARG EPOCH=0
RUN FLASHU_REVISION="$REVISION" SOURCE_DATE_EPOCH="$EPOCH" scripts/package-deb --output /packages

FROM debian:bookworm-slim
# For videos in questions: --build-arg EXTRA=ffmpeg, which makes the image several times as large.
ARG EXTRA=""
RUN --mount=type=bind,from=build,source=/packages,target=/packages \
    apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends /packages/flashu_*.deb ca-certificates $EXTRA \
    && rm -rf /var/lib/apt/lists/* /etc/flashu/keys \
    && mkdir /models && ln -s /usr/share/flashu/models/shapes/* /models/
ENV FLASHU_MODEL=/models
USER 10001:10001
EXPOSE 8080
# 200 once the model is loaded. bash is the client: there is no other in the image.
HEALTHCHECK --interval=15s --timeout=10s --start-period=15m --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /health HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && read -r -t 8 _ status _ <&3 && [ \"$status\" = 200 ]"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["flashu", "serve", "--host", "0.0.0.0"]
CMD ["--port", "8080", "--log-format", "json"]
