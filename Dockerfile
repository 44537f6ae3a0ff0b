# One image for the web server and the workers: `serve` is the default command, `work` starts workers; it has dask, too.
#   docker build -t pluriscope .          (or ./run image)
# BASE is any Debian-like image with Python 3.11 or newer and its venv module. For builds that can be repeated name it
# by digest: --build-arg BASE=python:3.12-slim@sha256:…, the digest from `docker buildx imagetools inspect python:3.12-slim`.
# Packages are pinned by constraints.txt. Nothing here depends on the processor: buildx --platform linux/amd64,linux/arm64.
ARG BASE=python:3.12-slim

FROM ${BASE} AS build
# Without an index of CPU builds pip takes CUDA's gigabytes; point TORCH_INDEX at a mirror if that one is out of reach.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PATH=/opt/venv/bin:$PATH
WORKDIR /srv/pluriscope
RUN python3 -m venv /opt/venv
# dependencies first: their layer is kept while only the core changes, and no plugin
COPY pyproject.toml constraints.txt ./
COPY plugins plugins
RUN pip install --retries 0 --timeout 60 --extra-index-url "${TORCH_INDEX}" --constraint constraints.txt torch \
 && python -c "import torch; assert torch.version.cuda is None, 'this is not a CPU build of torch'"
RUN python -c "import glob, tomllib; f, *plugins = (tomllib.load(open(n, 'rb')) for n in ('pyproject.toml', *glob.glob('plugins/*/pyproject.toml'))); \
      needed = [r for p in (f, *plugins) for r in p['project']['dependencies'] if not r.startswith('pluriscope')]; \
      print(*f['build-system']['requires'], *needed, *(r for p in (f, *plugins) for e in ('onnx', 'parquet', 'pdf', 'postgresql', 'cluster') for r in p['project'].get('optional-dependencies', {}).get(e, ())), sep='\n')" > /tmp/requirements.txt \
 && pip install --constraint constraints.txt --requirement /tmp/requirements.txt
COPY . .
RUN pip install --no-deps --no-build-isolation . ./plugins/*/
# loops are compiled here for this kind of processor, beside the modules; on another one they are when first needed
RUN cd / && python -c "from pluriscope.analysis.circuits.every_loop import load_every_loop; load_every_loop()"

FROM ${BASE}
LABEL org.opencontainers.image.title="Pluriscope" \
      org.opencontainers.image.description="Every valid explanation of one small network, side by side." \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    PYTHONDONTWRITEBYTECODE=1 \
    PLURISCOPE_DATA=/data \
    PLURISCOPE_HOST=0.0.0.0 \
    PLURISCOPE_PORT=8000
COPY --from=build /opt/venv /opt/venv
RUN mkdir /data && chown 10001:10001 /data
WORKDIR /data
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PLURISCOPE_PORT'] + os.environ.get('PLURISCOPE_PREFIX', '') + '/health', timeout=4)"]
ENTRYPOINT ["pluriscope"]
CMD ["serve"]
