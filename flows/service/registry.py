"""Agents that a workspace registered beside those of the hub: register, update, remove."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property

from sqlalchemy import Connection, Engine

from agents.catalog import catalog
from agents.contract.manifest import Manifest
from agents.contract.schema import Frozen
from flows.definition.declared import manifest_of, read_declared
from flows.definition.problems import did_you_mean
from flows.errors import ConflictError, InvalidInputError, UnknownError
from flows.execution.agents import Agents
from flows.people import DEFAULT_WORKSPACE
from flows.service.agent_images import Resolved, resolve
from flows.settings import Settings
from flows.store import Registered, newest_agent, open_store, read, register, registered_agents, write


class Registration(Frozen):
    """Where a registered agent comes from. `reference` is the image as it was named, `image` the digest it had then."""

    version: int
    reference: str
    image: str
    author: str
    at: datetime


class KnownAgent(Frozen):
    """An agent that a workspace can use; `registration` is None for one that comes with the hub."""

    manifest: Manifest
    registration: Registration | None = None


class Registry:
    """The agents of one workspace. Those of others are not there. All methods raise UnavailableError.

    A run keeps to the agents that it began with, whatever is registered or removed meanwhile.
    """

    def __init__(self, settings: Settings, workspace: str) -> None:
        self._settings = settings
        self._workspace = workspace

    def list(self) -> tuple[KnownAgent, ...]:
        """All of them, by name."""
        found = read(self._engine, lambda connection: registered_agents(connection, self._workspace))
        usable = Agents(self._settings, self._workspace).registered
        own = [KnownAgent(manifest=manifest) for manifest in catalog().values()]
        others = [_known(one) for one in found if one.name not in catalog() and one.name in usable]
        return tuple(sorted([*own, *others], key=lambda one: one.manifest.name))

    def get(self, name: str) -> KnownAgent:
        """One of them. Raises UnknownError with the nearest name."""
        own = catalog().get(name)
        return KnownAgent(manifest=own) if own is not None else _known(self._find(name))

    def register(self, image: str, author: str, manifest: str | None = None) -> KnownAgent:
        """Make the agent in that image known under the name in its manifest.

        Raises InvalidInputError for an image or a manifest that cannot be, ConflictError where the name is taken.
        """
        self._check_registries()
        found = resolve(image, self._settings, manifest)
        name = found.manifest.name

        def next_version(before: Registered | None) -> int:
            if before is not None and before.manifest is not None:
                raise ConflictError(f"there is an agent '{name}' already; update it, or remove it first")
            return 1 if before is None else before.version + 1

        return self._write(found, image, author, next_version)

    def update(self, name: str, image: str, author: str, manifest: str | None = None) -> KnownAgent:
        """Let a registered agent run from what `image` is now; the same image and manifest again are no new version.

        Raises as `register`, and UnknownError where there is none of that name.
        """
        self._check_registered(name)
        self._check_registries()
        found = resolve(image, self._settings, manifest)
        if found.manifest.name != name:
            raise InvalidInputError(
                f"the image holds the agent '{found.manifest.name}', not '{name}'; names stay as they are"
            )

        def next_version(before: Registered | None) -> int:
            if before is None or before.manifest is None:
                raise _unknown(name, ())
            same = (before.image, before.manifest) == (found.image, found.manifest.model_dump_json())
            return before.version if same else before.version + 1

        return self._write(found, image, author, next_version)

    def remove(self, name: str, by: str) -> None:
        """Let no new run use a registered agent. Raises UnknownError, ConflictError for one of the hub."""
        self._check_registered(name)

        def end(connection: Connection) -> None:
            before = newest_agent(connection, self._workspace, name)
            if before is None or before.manifest is None:
                raise _unknown(name, ())
            gone = {"version": before.version + 1, "at": datetime.now(UTC), "author": by, "manifest": None}
            register(connection, before.model_copy(update=gone))

        write(self._engine, end)

    def _write(
        self, found: Resolved, reference: str, author: str, next_version: Callable[[Registered | None], int]
    ) -> KnownAgent:
        name = found.manifest.name
        if name in catalog():
            raise ConflictError(f"'{name}' is an agent of the hub itself; choose another name in the manifest")

        def put(connection: Connection) -> Registered:
            before = newest_agent(connection, self._workspace, name)
            version = next_version(before)
            if before is not None and before.version == version:
                return before
            made = Registered(
                workspace=self._workspace,
                name=name,
                version=version,
                at=datetime.now(UTC),
                author=author,
                reference=reference,
                image=found.image,
                manifest=found.manifest.model_dump_json(),
            )
            register(connection, made)
            return made

        return _known(write(self._engine, put))

    def _check_registries(self) -> None:
        """Raises InvalidInputError: by the engine's own logins and images a tenant could run what is another's."""
        if self._workspace != DEFAULT_WORKSPACE and not self._settings.agent_registries:
            raise InvalidInputError(
                "a workspace registers agents of the registries that DOCKYARD_AGENT_REGISTRIES names, and it names none: "
                "ask who runs the hub"
            )

    def _check_registered(self, name: str) -> None:
        if name in catalog():
            raise ConflictError(f"'{name}' comes with the hub, and changes with it")
        self._find(name)

    def _find(self, name: str) -> Registered:
        found = read(self._engine, lambda connection: newest_agent(connection, self._workspace, name))
        if found is None or found.manifest is None:
            raise _unknown(name, [one.manifest.name for one in self.list()])
        return found

    @cached_property
    def _engine(self) -> Engine:
        return open_store(self._settings)


def _known(found: Registered) -> KnownAgent:
    manifest = manifest_of(read_declared(found.manifest or ""), found.image)
    where = {name: getattr(found, name) for name in Registration.model_fields}
    return KnownAgent(manifest=manifest, registration=Registration.model_validate(where))


def _unknown(name: str, known: list[str] | tuple[str, ...]) -> UnknownError:
    return UnknownError(f"there is no agent '{name}'. {did_you_mean(name, known)}".rstrip())
