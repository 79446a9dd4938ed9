# The hub, for Prefect's docker and kubernetes pools: each run of a workflow is one container of this image.
# The agents it starts run from the agent image, on the Docker engine that DOCKYARD_DOCKER_HOST or a socket names.
#
#   docker build -f deployments/images/hub.Dockerfile --build-arg BASE_IMAGE=… --secret id=ca,src=ca.pem -t dockyard-hub .
#
# The optional secret `ca` holds extra certificate authorities for the package index; it stays out of the image.
ARG BASE_IMAGE=python:3.13-slim
FROM ${BASE_IMAGE}

# Repositories are cloned here.
RUN command -v git >/dev/null \
    || (apt-get update -qq && apt-get install -y -qq --no-install-recommends git openssh-client \
        && rm -rf /var/lib/apt/lists/*)
RUN useradd --uid 10001 --user-group --create-home --shell /usr/sbin/nologin dockyard

COPY deployments/images/hub.txt /tmp/
RUN --mount=type=secret,id=ca,target=/run/secrets/ca.pem,required=false \
    if [ -s /run/secrets/ca.pem ]; then export PIP_CERT=/run/secrets/ca.pem; fi \
    && python3 -m venv /opt/hub \
    && /opt/hub/bin/pip install --no-cache-dir --require-hashes -r /tmp/hub.txt \
    && rm /tmp/hub.txt

# The same files as in a checkout, so that the agent image's name comes out the same.
COPY agents /opt/dockyard/agents
COPY blocks /opt/dockyard/blocks
COPY deployments /opt/dockyard/deployments
COPY flows /opt/dockyard/flows
COPY ui /opt/dockyard/ui
RUN /opt/hub/bin/python -m compileall -q /opt/dockyard

ENV PATH=/opt/hub/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/dockyard \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    LANG=C.UTF-8
USER 10001:10001
WORKDIR /home/dockyard
