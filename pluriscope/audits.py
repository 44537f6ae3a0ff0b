"""Audits: what discovery methods answer and what somebody claims, each located among all valid circuits."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.discovery.audit import audit, audit_json, what_is_missing
from analysis.discovery.claims import CLAIM_FORMAT, MAX_CLAIM_BYTES, Claim, subject_of
from analysis.discovery.location import Landscape
from analysis.discovery.registry import read_methods
from analysis.discovery.sent_claims import read_sent
from analysis.errors import InvalidClaim
from analysis.work import Work
from pluriscope.circuits import Circuit
from pluriscope.findings import Findings
from pluriscope.models import read_bytes

ClaimLike = Circuit | str | Iterable[str] | Iterable[float] | NDArray[Any] | Mapping[str, Any]
"""A circuit, a mask, names of edges, a number for each edge, or an entry of a claim file."""


def audited(
    result: Findings,
    methods: Sequence[str] | None,
    claims: str | Path | Mapping[str, ClaimLike],
) -> dict[str, Any]:
    """Run methods and locate their answers, and claims: the content of an audit file.

    Args:
        result: among whose circuits.
        methods: keys with settings; if None one of each where there are no claims.
        claims: a claim file, or a name for each.

    Raises:
        InvalidMethod: an unknown method or setting.
        InvalidClaim: a claim that cannot be read.
    """
    asked = read_methods(["default"] if methods is None and not claims else methods or ())
    told = _read_claims(result, claims)
    work = Work(clock=time.perf_counter)
    landscape = Landscape(result.question, result.search, work)
    begun = work.clock()
    found = audit(landscape, asked, told, work)
    seconds = {"methods": work.clock() - begun}
    return audit_json(landscape, found, seconds, what_is_missing(landscape), result.network_file.planted)


def _read_claims(result: Findings, claims: str | Path | Mapping[str, ClaimLike]) -> tuple[Claim, ...]:
    if isinstance(claims, (str, Path)):
        raw = read_bytes(Path(claims).expanduser(), "claim file", InvalidClaim, MAX_CLAIM_BYTES)
    else:
        entries = [_entry(name, claim) for name, claim in claims.items()]
        document = {"format": CLAIM_FORMAT, "output": result.output, "claims": entries}
        raw = json.dumps(document).encode()
    return read_sent(raw, subject_of(result.question)).claims


def _entry(name: str, claim: ClaimLike) -> dict[str, Any]:
    """A claim as an entry of a claim file."""
    entry: dict[str, Any] = {"name": name, "kind": "circuit"}
    if isinstance(claim, Circuit):
        return entry | {"mask": claim.mask}
    if isinstance(claim, str):
        return entry | {"mask": claim.lower()}
    if isinstance(claim, Mapping):
        return entry | dict(claim)
    listed = claim.ravel().tolist() if isinstance(claim, np.ndarray) else list(claim)
    return entry | ({"edges": listed} if listed and all(isinstance(one, str) for one in listed) else {"scores": listed})
