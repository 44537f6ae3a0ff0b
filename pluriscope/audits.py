"""Audits: what discovery methods answer and what somebody claims, each located among all valid circuits."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from numpy.typing import NDArray

from pluriscope.analysis.discovery.audit import audit, audit_json
from pluriscope.analysis.discovery.claims import read_claim, vocabulary_of
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.discovery.registry import read_methods
from pluriscope.analysis.errors import InvalidClaim
from pluriscope.analysis.work import Work
from pluriscope.arguments import LATER, listed, unfit
from pluriscope.circuits import Circuit
from pluriscope.claim_files import claim_texts, value_text
from pluriscope.figures.numbers import noun
from pluriscope.findings import Findings
from pluriscope.own_answer import own_answer
from pluriscope.progress import telling
from pluriscope.showing import Rows, Tabled

ClaimLike = Circuit | Path | str | Iterable[str] | Iterable[float] | NDArray[Any] | Mapping[str, Any]
"""A circuit, a file or folder of claims, a mask, names of edges, numbers of edges, or a dict with how these pick."""
ClaimsLike = Annotated[Mapping[str, ClaimLike] | Sequence[ClaimLike], LATER]
"""Each with a name; without names they are counted."""
_FORMS: Final = (
    'a dict from names to claims, as in {"mine": claim}, each a circuit, a mask, or names or numbers of edges'
)


class Audit(Tabled):
    """The content of an audit file, shown as a row for each answer and claim."""

    @property
    def rows(self) -> Rows:
        """A row for each, methods first."""
        names = ("outcome", "valid", "edges", "excess", "mask")
        answers = [(one.get("name", one["method"]), one) for one in self["claims"]]
        valid = sum(bool(one.get("valid")) for _, one in answers)
        rows = ({"answer": name, **{key: one.get(key) for key in names}} for name, one in answers)
        return Rows(rows, f"{valid} of {noun(len(answers), 'answer')} valid")


class Located(Tabled):
    """A circuit of somebody's own among all valid ones, shown as a row for each input."""

    @property
    def rows(self) -> Rows:
        """What it does on each row, below the sentence about it."""
        return Rows(self.get("rows", ()), self["sentence"])


def located(result: Findings, claim: ClaimLike, null: Any = None) -> Located:
    """Where one claim stands: what a page and its JSON tell of it.

    Args:
        result: among whose circuits.
        claim: one circuit.
        null: the null networks that it is held against, if any.

    Raises:
        InvalidClaim: it cannot be read, or is several.
    """
    texts = _texts(result, {"claim": claim})
    if len(texts) != 1:
        raise InvalidClaim("claim", f"is {len(texts)} of them", "give one file, or ask audit() about all")
    read = read_claim(next(iter(texts.values())).encode(), vocabulary_of(result.question))
    count = result.counts.valid_circuits
    return Located(own_answer(landscape_of(result.question, result.search), read, count, null))


def audited(result: Findings, methods: Sequence[str] | None, claims: ClaimsLike | None, null: Any = None) -> Audit:
    """Run methods and locate their answers, and claims: the content of an audit file.

    Args:
        result: among whose circuits.
        methods: keys with settings; if None one of each where there are no claims.
        claims: each with a name.
        null: the null networks that valid ones are held against, if any.

    Raises:
        InvalidMethod: an unknown method or setting.
        InvalidClaim: a claim that cannot be read.
    """
    texts = {} if claims is None else _texts(result, claims)
    asked = read_methods(["default"] if methods is None and not texts else methods or (), result.question.kind)
    subject = vocabulary_of(result.question)
    told = {name: read_claim(text.encode(), subject) for name, text in texts.items()}
    with telling() as tell:
        work = Work(tell, time.perf_counter)
        landscape = landscape_of(result.question, result.search, work=work)
        begun = work.clock()
        found = audit(landscape, asked, told, work)
    seconds = {"methods": work.clock() - begun}
    explaining = result.question.kind.explaining
    planted = explaining.planted(result.network_file, result.question)
    return Audit(audit_json(landscape, found, seconds, explaining.missing(landscape), planted, null))


def _texts(result: Findings, claims: ClaimsLike) -> dict[str, str]:
    """Claims as they would be pasted, by name."""
    named: Any = {"1": claims} if isinstance(claims, Circuit) else claims
    if not isinstance(named, Mapping):
        try:
            named = {str(number): claim for number, claim in enumerate(listed(claims), start=1)}
        except TypeError:
            raise unfit("claims", claims, _FORMS) from None
        if any(isinstance(claim, (str, bool, int, float)) for claim in named.values()):
            raise InvalidClaim("claims", "is a list that may be one claim or several", f"give {_FORMS}")
    if not all(isinstance(name, str) for name in named):
        raise unfit("claims", claims, _FORMS)
    if modules := [name for name in named if name.startswith("blocks.")]:
        raise InvalidClaim("claims", f"has the module {modules[0]!r} for the name of a claim", "give {'mine': these}")
    found = dict[str, str]()
    for name, claim in named.items():
        found |= claim_texts(claim, name) if isinstance(claim, Path) else {name: _text(result, name, claim)}
    return found


def _text(result: Findings, name: str, claim: Any) -> str:
    if isinstance(claim, Circuit):
        if claim.result.question.subject.digest != result.question.subject.digest:
            raise InvalidClaim(f"claim {name!r}", "is a circuit of another network", "give one of this network")
        return claim.mask
    if isinstance(claim, str):
        return str(claim)
    if hasattr(claim, "is_directed"):  # a graph of networkx
        from networkx import node_link_data

        claim = node_link_data(claim, edges="links")
    try:
        return value_text(dict(claim) if isinstance(claim, Mapping) else listed(claim))
    except (TypeError, ValueError, RecursionError):
        raise unfit("claims", claim, _FORMS) from None
