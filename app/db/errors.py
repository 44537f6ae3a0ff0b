"""Errors of the store and of the job table; each names the item, the cause and the cure, like the engine's own."""

from __future__ import annotations

from pluriscope.analysis.errors import ExplainedError


class StoreError(ExplainedError):
    """A request to the store that cannot be fulfilled."""


class NotFound(StoreError):
    """Nothing stored goes by that name, digest or id."""


class Ambiguous(StoreError):
    """Several stored things go by that name or begin with that digest prefix."""


class Deleted(StoreError):
    """The network or study that goes by that name was deleted; for some time that can be undone."""

    slug: str = ""


class Conflict(StoreError):
    """The change contradicts what is stored already."""


class Damaged(StoreError):
    """A copy, a backup or what was restored from one is not what it should be; what was there before is unharmed."""


class StoreUnavailable(StoreError):
    """The database cannot be opened, written or brought to the current schema."""


class StoreReadOnly(StoreUnavailable):
    """The database can be read but not changed: its file, folder or volume may not be written."""


class StoreFull(StoreUnavailable):
    """No room is left for a change; what is stored is unharmed."""
