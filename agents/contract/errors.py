"""Errors an agent may end with. Each message tells the person what to do next."""


class AgentError(Exception):
    """Base of everything an agent reports as its own failure."""

    code = "agent-failed"


class InvalidRequestError(AgentError):
    """The request is not JSON, of another version of the contract, or its params do not fit the agent's schema."""

    code = "invalid-request"


class WorkspaceError(AgentError):
    """The workspace is missing or unreadable."""

    code = "workspace"


class EngineError(AgentError):
    """An engine the agent stands on is missing, crashed or answered something unreadable."""

    code = "engine"
