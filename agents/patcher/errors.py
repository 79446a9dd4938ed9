"""What the patcher gives up for. Each text says what is wrong, where, and what to do next."""

from agents.contract.errors import AgentError


class UnusableFileError(AgentError):
    """A file that is to be changed cannot be: it is missing, a link, binary, or does not parse."""

    code = "unusable-file"


class UnusableChangeError(AgentError):
    """What is to be changed is not there, or the change cannot be made without touching more than was asked for."""

    code = "unusable-change"


class NotProvenError(AgentError):
    """The patch did not do on a fresh copy exactly what it should, or did not come off again: it is not given out."""

    code = "not-proven"
