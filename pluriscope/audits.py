"""Audits: what discovery methods answer and what somebody claims, each located among all valid circuits."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from analysis.discovery.audit import audit, audit_json, what_is_missing
from analysis.discovery.claims import CLAIM_FORMAT, MAX_CLAIM_BYTES, Claim, subject_of
from analysis.discovery.location import Landscape
from analysis.discovery.registry import default_methods, read_method
from analysis.discovery.sent_claims import read_sent
from analysis.errors import InvalidClaim
from analysis.work import Work
from app.figures.numbers import noun
from pluriscope.circuits import Circuit
from pluriscope.findings import Findings
from pluriscope.models import read_bytes, write_json
from pluriscope.showing import Row, beside, facts, frame, heading, link, table

ClaimLike = Circuit | str | Iterable[str] | Iterable[float] | NDArray[Any] | Mapping[str, Any]
"""A circuit, a mask, names of edges, a number for each edge, or an entry of a claim file."""


@dataclass(frozen=True, eq=False, repr=False)
class Answer:
    """One answer of a method, or one claim, and where it stands.

    Args:
        result: among whose circuits.
        told: what an audit file says of it.
    """

    result: Findings
    told: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The method with its settings' values, or the claim's name."""
        return str(self.told.get("name") or self.told["method"])

    @property
    def circuit(self) -> Circuit | None:
        """The circuit that it comes to; None where there is none."""
        return Circuit.named(self.result, self.told["mask"]) if self.told.get("possible") else None

    @property
    def valid(self) -> bool:
        """Whether that is one of the valid circuits."""
        return bool(self.told.get("valid", False))

    @property
    def nearest(self) -> Circuit | None:
        """The valid circuit with fewest edges to add or remove; None where none is known."""
        near = self.told.get("nearest")
        return None if near is None or near.get("mask") is None else Circuit.named(self.result, near["mask"])

    @property
    def distance(self) -> int | None:
        """Edges to add or remove to reach that, at most so many where not all circuits are listed."""
        near = self.told.get("nearest") or {}
        found: int | None = near.get("distance", near.get("at_most"))
        return found

    @property
    def address(self) -> str:
        """The page of its circuit; "" where there is none."""
        circuit = self.circuit
        return "" if circuit is None else circuit.address

    def row(self) -> Row:
        """Its figures, as tables have them."""
        rank = self.told.get("rank") or {}
        return {
            "name": self.name,
            "outcome": self.told["outcome"],
            "mask": self.told.get("mask"),
            "edges": self.told.get("edges"),
            "valid": self.told.get("valid"),
            "distance": self.distance,
            "excess": self.told.get("excess"),
            "smaller": rank.get("smaller"),
            "larger": rank.get("larger"),
        }

    def _repr_html_(self) -> str:
        drawn = [] if self.circuit is None else [self.circuit.draw().image(380)]
        title = link(self.address, self.name) if self.address else self.name
        return heading(title) + beside([*drawn, facts(self.row())])

    def __repr__(self) -> str:
        if self.circuit is None:
            what = f"edges that make no circuit ({self.told['outcome']})"
        else:
            what = f"circuit {self.told['mask']} with {noun(self.told['edges'], 'edge')}"
        if self.valid:
            return f"<Answer: {self.name}: {what}, valid>"
        near = "" if self.distance is None else f", {noun(self.distance, 'edge')} from a valid one"
        return f"<Answer: {self.name}: {what}, not valid{near}>"


@dataclass(frozen=True, eq=False, repr=False)
class Audit(Sequence[Answer]):
    """Answers and claims, located among all valid circuits.

    Args:
        result: among whose circuits.
        document: the audit file's content.
    """

    result: Findings
    document: Mapping[str, Any]

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """All of them, in order."""
        return tuple(Answer(self.result, one) for one in self.document["claims"])

    def __len__(self) -> int:
        return len(self.answers)

    @overload
    def __getitem__(self, at: int | str) -> Answer: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Answer, ...]: ...
    def __getitem__(self, at: int | str | slice) -> Answer | tuple[Answer, ...]:
        """By place, or by name."""
        return {one.name: one for one in self.answers}[at] if isinstance(at, str) else self.answers[at]

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not known because a search stopped at a limit, one sentence each."""
        return tuple(self.document.get("missing", ()))

    def save(self, path: str | Path) -> Path:
        """Write the audit file, as ``pluriscope audit`` does."""
        return write_json(path, self.document)

    def to_pandas(self) -> Any:
        """A DataFrame with a row for each answer."""
        return frame(one.row() for one in self)

    def _repr_html_(self) -> str:
        return heading("Audit", after=f"{len(self)} answers") + table(one.row() for one in self)

    def __repr__(self) -> str:
        return f"<Audit: {sum(one.valid for one in self)} of {len(self)} answers are valid circuits>"


def audited(
    result: Findings,
    methods: Sequence[str] | None,
    claims: str | Path | Mapping[str, ClaimLike],
    picking: Mapping[str, Any] | None = None,
) -> Audit:
    """Run methods and locate their answers, and claims.

    Args:
        result: among whose circuits.
        methods: keys with settings; if None one of each where there are no claims.
        claims: a claim file, or a name for each.
        picking: how edges are picked by numbers.

    Raises:
        InvalidMethod: an unknown method or setting.
        InvalidClaim: a claim that cannot be read.
    """
    asked = default_methods() if methods is None and not claims else [read_method(text) for text in methods or ()]
    told = _read_claims(result, claims, picking or {})
    work = Work(clock=time.perf_counter)
    landscape = Landscape(result.question, result.search, work)
    begun = work.clock()
    found = audit(landscape, asked, told, work)
    seconds = {"methods": work.clock() - begun}
    return Audit(result, audit_json(landscape, found, seconds, what_is_missing(landscape), result.network_file.planted))


def _read_claims(
    result: Findings, claims: str | Path | Mapping[str, ClaimLike], picking: Mapping[str, Any]
) -> tuple[Claim, ...]:
    if isinstance(claims, (str, Path)):
        raw = read_bytes(Path(claims).expanduser(), "claim file", InvalidClaim, MAX_CLAIM_BYTES)
    else:
        entries = [_entry(name, claim, picking) for name, claim in claims.items()]
        document = {"format": CLAIM_FORMAT, "output": result.output, "claims": entries}
        raw = json.dumps(document).encode()
    return read_sent(raw, subject_of(result.question)).claims


def _entry(name: str, claim: ClaimLike, picking: Mapping[str, Any]) -> dict[str, Any]:
    """A claim as an entry of a claim file."""
    entry: dict[str, Any] = {"name": name, "kind": "circuit", **picking}
    if isinstance(claim, Circuit):
        return entry | {"mask": claim.mask}
    if isinstance(claim, str):
        return entry | {"mask": claim.lower()}
    if isinstance(claim, Mapping):
        return entry | dict(claim)
    listed = claim.ravel().tolist() if isinstance(claim, np.ndarray) else list(claim)
    return entry | ({"edges": listed} if listed and all(isinstance(one, str) for one in listed) else {"scores": listed})
