"""The address of an object's page. Objects and rows of lists are named by references, which cost nothing to make."""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from pluriscope.naming import ExplanationRef, Scope

PREFIX: Final = ContextVar("PREFIX", default="")
""""" or the path under which a proxy serves the site, without a slash at the end."""
_FORMER: Final = (
    (r"^(/networks/[^/]+)/circuits/([^/]+)$", r"\1/explanations/c-\2"),
    (r"^(/networks/[^/]+)/circuits/([^/]+)/interpretations/([^/]+)$", r"\1/explanations/i-\2.\3"),
    (r"^(/networks/[^/]+)/algorithms/([^/]+)$", r"\1/explanations/g-\2"),
    (r"^(/networks/[^/]+)/algorithms/([^/]+)/alignments/([^/]+)$", r"\1/explanations/a-\2.\3"),
    (r"^(/networks/[^/]+)/algorithms/([^/]+)/directions/([^/]+)$", r"\1/explanations/d-\2.\3"),
)
"""The paths that explanations had, with those that they have now."""


@dataclass(frozen=True)
class ResultRef:
    """What one analysis found.

    Args:
        network: slug, or beginning of a digest.
        scope: which analysis of the network.
    """

    network: str
    scope: Scope


@dataclass(frozen=True)
class ItemRef:
    """One explanation of a result.

    Args:
        of: the result.
        ref: which explanation.
    """

    of: ResultRef
    ref: ExplanationRef


def url_for(thing: ResultRef | ItemRef, view: str = "", **query: Any) -> str:
    """The address of the page of a result or an explanation.

    Args:
        thing: what the page is about.
        view: which of its pages, such as "explanations" of a result; "" for its own.
        query: further options; several values as a list, None and "" are left out.
    """
    result = thing if isinstance(thing, ResultRef) else thing.of
    segments = ["networks", result.network, *(() if isinstance(thing, ResultRef) else _segments(thing.ref, view))]
    path = "/".join(quote(one, safe="") for one in (*segments, *([view] if view else [])))
    options = [(key, str(one)) for key, value in query.items() for one in _several(value) if one not in (None, "")]
    pairs = [*result.scope.query().items(), *options]
    return f"{PREFIX.get()}/{path}" + (f"?{urlencode(pairs)}" if pairs else "")


def _segments(ref: ExplanationRef, view: str) -> tuple[str, ...]:
    """The path of an explanation below its network, before that of its view."""
    if ref.kind == "circuit" and view == "interpretations":
        return "circuits", ref.first
    return "explanations", str(ref)


def present(path: str) -> str:
    """The path of any page, without a prefix; of an explanation at its former path the one that it has now."""
    for former, now in _FORMER:
        path = re.sub(former, now, path)
    return path


def _several(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else (value,)
