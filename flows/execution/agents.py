"""The agents that a workspace can use: those that come with the hub, and those that it registered."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from functools import cached_property

from agents.catalog import catalog
from agents.contract.manifest import Manifest
from flows.definition.declared import PinnedAgent, manifest_of, read_declared
from flows.definition.definition import Definition
from flows.errors import InvalidInputError
from flows.settings import Settings

_LOG = logging.getLogger(__name__)


class Agents(Mapping[str, Manifest]):
    """Manifests by name of all agents that a workspace can use. A name of the hub's own is the hub's.

    The database is asked at the first name that is none of the hub's; UnavailableError then comes from whatever asks.
    """

    def __init__(self, settings: Settings, workspace: str) -> None:
        self._settings = settings
        self._workspace = workspace

    @cached_property
    def registered(self) -> Mapping[str, PinnedAgent]:
        """Those that the workspace registered. Raises UnavailableError."""
        return _registered(self._settings, self._workspace)

    @cached_property
    def _all(self) -> Mapping[str, Manifest]:
        return known_with(self.registered)

    def __getitem__(self, name: str) -> Manifest:
        own = catalog().get(name)
        return self._all[name] if own is None else own

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def used_by(self, definition: Definition) -> dict[str, PinnedAgent]:
        """Those that the workspace registered and the workflow runs."""
        names = sorted(definition.agents() - catalog().keys())
        return {name: self.registered[name] for name in names}


def known_with(others: Mapping[str, PinnedAgent]) -> Mapping[str, Manifest]:
    """Manifests of the hub's own agents and these, as a run began with them."""
    own = catalog()
    found = {name: manifest_of(one.manifest, one.image) for name, one in others.items() if name not in own}
    return dict(sorted((found | own).items()))


def _registered(settings: Settings, workspace: str) -> dict[str, PinnedAgent]:
    from flows.store import is_made, open_store, read, registered_agents

    if not is_made(settings):
        return {}
    found = read(open_store(settings), lambda connection: registered_agents(connection, workspace))
    known = {}
    for one in found:
        try:
            known[one.name] = PinnedAgent(image=one.image, manifest=read_declared(one.manifest or ""))
        except InvalidInputError as error:  # an older version took it: the others stay usable
            _LOG.warning("The agent '%s' of the workspace '%s' is left out: %s", one.name, workspace, error)
    return known
