"""What a result is called in addresses, and the addresses that explanations had."""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from pluriscope.address import Addresses
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

    def url(self, ref: ExplanationRef) -> str:
        """The address of one of its explanations."""
        return Addresses(PREFIX.get()).explanation(self.network, ref, self.scope)


def present(path: str) -> str:
    """The path of any page, without a prefix; of an explanation at its former path the one that it has now."""
    for former, now in _FORMER:
        path = re.sub(former, now, path)
    return path
