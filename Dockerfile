# upswell as an image: the command with everything it needs, run by a user without rights.
#   docker build -t upswell . && docker run --rm upswell --help
FROM python:3.11.14-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/upswell
COPY pyproject.toml requirements.txt README.md LICENSE ./
COPY schemas schemas
COPY pipeline pipeline
COPY agents agents
COPY upswell upswell
# every file by the hash that `make lock` has written down, setuptools for the build among them
RUN /opt/upswell/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
RUN /opt/upswell/bin/pip install --no-cache-dir --disable-pip-version-check --no-build-isolation --no-deps .
# the parts that are compiled are optional elsewhere: an image without them would only count more slowly
RUN cd / && /opt/upswell/bin/python -c "import pipeline.text._scan, pipeline.text._phrases, pipeline.trends._plain, \
    pipeline._split, pipeline.trends._samples, pipeline.trends._sliding, pipeline.trends._uniting, schemas._decode, \
    agents.runtime._records"

FROM python:3.11.14-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin upswell \
    && install -d -o upswell -g upswell /data /etc/upswell
COPY --from=build /opt/upswell /opt/upswell
ENV PATH=/opt/upswell/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER upswell
# upswell.toml of this folder is read, where there is one
WORKDIR /etc/upswell
VOLUME /data
STOPSIGNAL SIGTERM
ENTRYPOINT ["upswell"]
CMD ["--help"]
