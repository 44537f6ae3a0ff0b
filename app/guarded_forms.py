"""Forms that change something are there for those who may send them; others are offered the login in their place.

Which forms these are is not left to each template: whatever has ``method="post"`` is guarded when the template is
compiled. A form with ``data-always`` is shown even where nothing may be changed (logging in and out).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment
from jinja2.ext import Extension

_FORM: Final = re.compile(r'<form\b[^>]*\bmethod="post"[^>]*>.*?</form>', re.DOTALL)
_LABEL: Final = re.compile(r"<button\b[^>]*>(.*?)</button>", re.DOTALL)
_OFFER: Final = (
    '<p class="login-first"><a class="btn" href="{{ login_url() }}" rel="nofollow">LABEL</a> '
    '<small class="muted">Log in first.</small></p>'
)


@dataclass(frozen=True)
class Access:
    """What the reader of a page may do.

    Args:
        role: "editor", "admin", or "" for readers.
        by: why they may ("local", "token", "session").
        read_only: nobody may change anything.
        login_url: where to log in, and come back.
    """

    role: str = "admin"
    by: str = "local"
    read_only: bool = False
    login_url: str = ""

    @property
    def may_change(self) -> bool:
        return bool(self.role) and not self.read_only


_ACCESS: ContextVar[Access] = ContextVar("access", default=Access())  # noqa: B039  # it is frozen


@contextmanager
def shown_to(access: Access) -> Iterator[None]:
    """What is rendered within is for somebody with this access."""
    token = _ACCESS.set(access)
    try:
        yield
    finally:
        _ACCESS.reset(token)


class GuardedForms(Extension):
    """Jinja extension: every form that is posted stands in a condition."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals.update(may_send=may_send, may_log_in=may_log_in, login_url=lambda: _ACCESS.get().login_url)

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _FORM.sub(_guarded, source)


def may_send() -> bool:
    """Whether the reader may send a form that changes something."""
    return _ACCESS.get().may_change


def may_log_in() -> bool:
    """Whether logging in would let the reader send it."""
    access = _ACCESS.get()
    return not access.role and not access.read_only


def _guarded(form: re.Match[str]) -> str:
    if "data-always" in form[0].partition(">")[0]:
        return form[0]
    label = _LABEL.search(form[0])
    offer = _OFFER.replace("LABEL", label[1] if label else "Change this")
    return f"{{% if may_send() %}}{form[0]}{{% elif may_log_in() %}}{offer}{{% endif %}}"
