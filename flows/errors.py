"""The hub's errors. An exception's text is what a person reads: what is wrong and what to do next."""

INVALID_INPUT = "InvalidInput"
"""Name of the (failed) Prefect state of a run that InvalidInputError ended: doors tell it from a failed node."""
REJECTED, EXPIRED = "Rejected", "Expired"
"""Names of the (failed) Prefect states of a run that people's no, or their silence, ended."""


class DockyardError(Exception):
    """Base of everything the hub refuses or fails with."""


class InvalidInputError(DockyardError):
    """What the person gave cannot be used: a file, a name, a parameter, a repository."""


class UnknownError(InvalidInputError):
    """Nothing has that id or name."""


class ConflictError(InvalidInputError):
    """It is there, and as it stands now this cannot be done with it."""


class UnavailableError(DockyardError):
    """A part that is needed does not answer: the engine, the Prefect server, the agent image."""


class NodeFailedError(DockyardError):
    """A node gave no report; the text is its reason."""


class NodeOutOfMemoryError(NodeFailedError):
    """A node was ended because it used more memory than it may."""


class NodeFloodedError(NodeFailedError):
    """A node was ended because it printed more than it may."""


class NodeTimedOutError(NodeFailedError):
    """A node was ended because its time was over."""


class RunEndedError(DockyardError):
    """Somebody ended the run in Prefect while its process went on."""
