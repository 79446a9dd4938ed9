"""Why a patch is not applied, or not rolled back. Each means that nothing was changed."""

from flows.errors import DockyardError


class PatchError(DockyardError):
    """A patch could not be applied or rolled back; the text says why and what to do next."""


class NotALocalRepositoryError(PatchError):
    """The folder is no git repository of its own."""


class BaseMovedError(PatchError):
    """What the patch was made for is no longer what the ref names."""


class DirtyFolderError(PatchError):
    """Tracked files have changes that are not committed."""


class DiffRefusedError(PatchError):
    """The diff does not apply, or touches what no patch may touch."""


class BranchTakenError(PatchError):
    """The branch is there already and holds something else; nothing is ever overwritten."""


class BranchInUseError(PatchError):
    """The branch cannot be deleted: it has moved on, or it is checked out."""
