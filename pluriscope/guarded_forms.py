"""Forms that change something are there for those who may send them; others are offered the login in their place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Access:
    """What the reader of a page may do.

    Args:
        by: why they may change things ("local", "token", "session"); "" for readers.
        read_only: nobody may change anything.
        login_url: where to log in, and come back.
    """

    by: str = "local"
    read_only: bool = False
    login_url: str = ""

    @property
    def may_change(self) -> bool:
        return bool(self.by) and not self.read_only


_ACCESS: ContextVar[Access] = ContextVar("access", default=Access())  # noqa: B039  # it is frozen


@contextmanager
def shown_to(access: Access) -> Iterator[None]:
    """What is rendered within is for somebody with this access."""
    token = _ACCESS.set(access)
    try:
        yield
    finally:
        _ACCESS.reset(token)


def may_send() -> bool:
    """Whether the reader may send a form that changes something."""
    return _ACCESS.get().may_change


def may_log_in() -> bool:
    """Whether logging in would let the reader send it."""
    access = _ACCESS.get()
    return not access.by and not access.read_only


def login_first(words: str) -> Markup:
    """What stands in place of a form that the reader may not send: the login under the words of its button."""
    if not may_log_in():
        return Markup()
    return Markup(
        '<p class="login-first"><a class="btn" href="{}" rel="nofollow">{}</a> '
        '<small class="muted">Log in first.</small></p>'
    ).format(_ACCESS.get().login_url, words)
