# The one image all agents run from. Analysers need the newest Python: a repository may use syntax that an
# older one cannot parse. Layers from the most stable to the most changing; no hub code inside.
#
#   docker build -f deployments/images/agent.Dockerfile --build-arg BASE_IMAGE=… --secret id=ca,src=ca.pem .
#
# The optional secret `ca` holds extra certificate authorities for the package index; it stays out of the image.
ARG BASE_IMAGE=python:3.13-slim
FROM ${BASE_IMAGE}

RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin dockyard

# The patcher writes and tries its patches with git, which slim images of Python lack.
RUN command -v git >/dev/null \
    || (apt-get update && apt-get install --yes --no-install-recommends git && rm -rf /var/lib/apt/lists/*)

# semgrep's native engine alone, in a place of its own: its Python dependencies are pinned to old versions.
COPY deployments/images/semgrep.txt /tmp/
RUN --mount=type=secret,id=ca,target=/run/secrets/ca.pem,required=false \
    if [ -s /run/secrets/ca.pem ]; then export PIP_CERT=/run/secrets/ca.pem; fi \
    && python3 -m venv /opt/agents \
    && /opt/agents/bin/pip install --no-cache-dir --no-compile --require-hashes --no-deps \
        --target /opt/semgrep -r /tmp/semgrep.txt \
    && rm -rf /opt/semgrep/bin /tmp/semgrep.txt

COPY deployments/images/engines.txt /tmp/
RUN --mount=type=secret,id=ca,target=/run/secrets/ca.pem,required=false \
    if [ -s /run/secrets/ca.pem ]; then export PIP_CERT=/run/secrets/ca.pem; fi \
    && /opt/agents/bin/pip install --no-cache-dir --require-hashes -r /tmp/engines.txt \
    && rm /tmp/engines.txt

COPY agents /opt/dockyard/agents
RUN /opt/agents/bin/python -m compileall -q /opt/dockyard

# Safe path: a repository must not be able to shadow a module by standing in the current folder.
ENV PATH=/opt/agents/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/dockyard \
    PYTHONSAFEPATH=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DOCKYARD_SEMGREP_HOME=/opt/semgrep \
    HOME=/tmp \
    LANG=C.UTF-8
USER 10001:10001
ENTRYPOINT ["/opt/agents/bin/python", "-m"]
