"""Audits: what discovery methods answer and what somebody claims, each located among all valid circuits."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.discovery.audit import audit, audit_json, what_is_missing
from analysis.discovery.claims import read_claim, subject_of
from analysis.discovery.location import Landscape
from analysis.discovery.registry import read_methods
from analysis.work import Work
from pluriscope.circuits import Circuit
from pluriscope.findings import Findings

ClaimLike = Circuit | str | Iterable[str] | Iterable[float] | NDArray[Any] | Mapping[str, Any]
"""A circuit, a mask, names of edges, a number for each edge, or any of these with how scores pick a mask."""


def audited(result: Findings, methods: Sequence[str] | None, claims: Mapping[str, ClaimLike]) -> dict[str, Any]:
    """Run methods and locate their answers, and claims: the content of an audit file.

    Args:
        result: among whose circuits.
        methods: keys with settings; if None one of each where there are no claims.
        claims: each with a name.

    Raises:
        InvalidMethod: an unknown method or setting.
        InvalidClaim: a claim that cannot be read.
    """
    asked = read_methods(["default"] if methods is None and not claims else methods or ())
    subject = subject_of(result.question)
    told = {name: read_claim(_text(claim).encode(), subject) for name, claim in claims.items()}
    work = Work(clock=time.perf_counter)
    landscape = Landscape(result.question, result.search, work)
    begun = work.clock()
    found = audit(landscape, asked, told, work)
    seconds = {"methods": work.clock() - begun}
    return audit_json(landscape, found, seconds, what_is_missing(landscape), result.network_file.planted)


def _text(claim: ClaimLike) -> str:
    """A claim as it would be pasted."""
    if isinstance(claim, (Circuit, str)):
        return claim.mask if isinstance(claim, Circuit) else claim
    if isinstance(claim, Mapping):
        return json.dumps(dict(claim))
    return json.dumps(claim.ravel().tolist() if isinstance(claim, np.ndarray) else list(claim))
