"""Errors of requests: item, cause, cure, and the page to go to instead.

PageError
├── NotFound    404  an address that names nothing; says why and what is nearest
├── BadQuery    400  an option that is unknown, malformed or out of range; says which are allowed
├── Refused     403  a change from where none is accepted
│   ├── LoginNeeded   one that a login would allow; leads there and back
│   └── ReadOnly      any change, while nothing may be changed here
├── BadHost     400  a host name that this site does not have
├── TooLong     414  an address longer than any of ours
│   └── HeadersTooLong  431  headers longer than any browser's
├── Gone        410  what was deleted; leads to where that is undone
├── Conflict    409  a change that the present state does not allow
├── Moved       301  what has another slug now; answered by leading there
├── Unopened    307  a network that is not stored; answered by leading to where it can be opened
├── TakesTooLong 422 it takes longer to compute than an answer may
└── Busy        503  more is being computed than this process takes on at once

Their answers are made in :mod:`pluriscope.app.error_answers`, beside those to errors of the engine and the store.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote, urlencode

from fastapi import Request

from pluriscope.analysis.errors import ExplainedError


@dataclass
class PageError(ExplainedError):
    """A request that cannot be answered.

    Args:
        field: the option, path part or body field at fault, "" if none is.
        parent: address of the nearest page that exists, "" to let the address decide.
        parent_label: what that page is called.
    """

    field: str = ""
    parent: str = ""
    parent_label: str = ""
    status: ClassVar[int] = 400


class NotFound(PageError):
    """The address names nothing that is here."""

    status = 404


class BadQuery(PageError):
    """An option that is unknown, malformed or out of range."""

    status = 400


class Refused(PageError):
    """The caller may not do this."""

    status = 403


class LoginNeeded(Refused):
    """The caller may not do this without logging in; the parent is where that is done."""


class ReadOnly(Refused):
    """Nothing may be changed here."""


class BadHost(PageError):
    """The request names a host that this site is not."""

    status = 400


class TooLong(PageError):
    """An address that is longer than any of ours."""

    status = 414


class TooLarge(PageError):
    """A body is larger than what is read."""

    status = 413


class HeadersTooLong(TooLong):
    """Headers that are longer than any browser's."""

    status = 431


@dataclass
class Gone(PageError):
    """The thing at the address was deleted.

    Args:
        restore_url: undoes it with POST.
    """

    restore_url: str = ""

    status = 410


class Conflict(PageError):
    """The present state does not allow it."""

    status = 409


class Moved(PageError):
    """A network had that slug once; answered by a redirection to its present one."""

    status = 301
    former: str = ""
    now: str = ""

    @classmethod
    def to(cls, former: str, now: str, page: str) -> Moved:
        """Make the error that leads from a former slug to the present one.

        Args:
            former: the slug in the address.
            now: its present slug.
            page: its own page.
        """
        moved = cls(
            f"network {former[:80]!r}",
            f"is called {now!r} now",
            "use that name, or the digest, which stays",
            "network",
            page,
            f"network {now}",
        )
        moved.former, moved.now = former, now
        return moved

    def address(self, request: Request) -> str:
        """The request's address with the present slug, in the path or among the options."""
        # the path with the prefix, whether or not a proxy has sent it along
        path = str(request.scope["path"]).replace(f"/networks/{self.former}", f"/networks/{self.now}", 1)
        query = [(key, self._renamed(key, value)) for key, value in request.query_params.multi_items()]
        return quote(path, safe="/:@!$&'()*+,;=") + (f"?{urlencode(query)}" if query else "")

    def _renamed(self, key: str, value: str) -> str:
        """An option with the present slug where it names the same, or a page of it."""
        if (key, value) == (self.field, self.former):
            return self.now
        if key == "url":
            return re.sub(rf"(?<=/networks/){re.escape(self.former)}(?![^/?#.])", self.now, value, count=1)
        return value


class Unopened(PageError):
    """A network that is not stored (any more); answered by a redirection to where it can be opened, the parent."""

    status = 307


class TakesTooLong(PageError):
    """It takes longer to compute than an answer may."""

    status = 422


class Busy(PageError):
    """More is being computed on request than this process takes on at once."""

    status = 503
