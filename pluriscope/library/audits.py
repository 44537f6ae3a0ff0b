"""Audits: answers of discovery methods and circuits of others, each located among all valid circuits."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from numpy.typing import NDArray

from pluriscope.analyses.analysis import Analysis
from pluriscope.analyses.registry import BASELINE
from pluriscope.analysis.discovery.audit import audit as run_audit
from pluriscope.analysis.discovery.audit import audit_json
from pluriscope.analysis.discovery.claims import read_claim, vocabulary_of
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.discovery.registry import read_methods
from pluriscope.analysis.errors import AnalysisError, InvalidClaim
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.arguments import LATER, listed, unfit
from pluriscope.figures.numbers import noun
from pluriscope.library.asking import ask
from pluriscope.library.circuits import Circuit
from pluriscope.library.claim_files import claim_texts, value_text
from pluriscope.objects.findings import Findings
from pluriscope.objects.progress import reporting
from pluriscope.objects.showing import Rows, Tabled
from pluriscope.own_circuits.answer import own_answer

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
    """A circuit of your own among all valid ones, shown as a row for each input."""

    @property
    def rows(self) -> Rows:
        """Answers of the circuit on each row, with the sentence on it as caption."""
        return Rows(self.get("rows", ()), self["sentence"])


def locate(self: Findings, claim: ClaimLike, *, null: bool = False) -> Located:
    """Locate a circuit of your own among the valid ones: whether it is valid and by how much, how many others are, the
    nearest and the farthest of these with an intervention on which they differ, and every criterion that is judged
    quickly.

    Args:
        claim: as one of :meth:`audit`.
        null: say of a valid one how many null networks have one as small, as ``ask("null")`` finds them.

    Raises:
        InvalidClaim: it cannot be read.
    """
    baseline_report: Any = ask(self, baseline_of(self.question).key) if null else None
    texts = _texts(self, {"claim": claim})
    if len(texts) != 1:
        raise InvalidClaim("claim", f"is {len(texts)} of them", "give one file, or ask audit() about all")
    read = read_claim(next(iter(texts.values())).encode(), vocabulary_of(self.question))
    count = self.counts.valid_circuits
    return Located(own_answer(landscape_of(self.question, self.search), read, count, baseline_report))


def audit(
    self: Findings, methods: Sequence[str] | None = None, claims: ClaimsLike | None = None, *, null: bool = False
) -> Audit:
    """Locate the answers of discovery methods among all valid circuits. Returns the content of an audit file.

    Args:
        methods: keys such as "weights" or "exact-edge(k=9)"; one of each if neither methods nor claims are given.
        claims: circuits of others by name, or a list of them: each a circuit, a mask, names of edges, a number for
            each edge, a graph in a format of :meth:`to_graph`, or the ``Path`` of a file or folder of such.
        null: say of each valid circuit how many null networks have one as small, as ``ask("null")`` finds them.

    Raises:
        InvalidMethod: an unknown method or setting.
        InvalidClaim: a claim that cannot be read.
    """
    baseline_report: Any = ask(self, baseline_of(self.question).key) if null else None
    texts = {} if claims is None else _texts(self, claims)
    chosen = read_methods(["default"] if methods is None and not texts else methods or (), self.question.kind)
    subject = vocabulary_of(self.question)
    reply = {name: read_claim(text.encode(), subject) for name, text in texts.items()}
    with reporting() as show:
        work = Work(show, time.perf_counter)
        landscape = landscape_of(self.question, self.search, work=work)
        begun = work.clock()
        found = run_audit(landscape, chosen, reply, work)
    seconds = {"methods": work.clock() - begun}
    explaining = self.question.kind.explaining
    planted = explaining.planted(self.network_file, self.question)
    return Audit(audit_json(landscape, found, seconds, explaining.missing(landscape), planted, baseline_report))


def baseline_of(question: SubjectQuestion) -> Analysis:
    """The analysis that valid circuits are compared with on request.

    Raises:
        AnalysisError: no plugin brings it, or it says nothing of such a network.
    """
    if BASELINE is None:
        raise AnalysisError("null", "needs null models, which no plugin brings here", "install pluriscope-methods")
    if refusal := BASELINE.refuses(question):
        raise AnalysisError(f"analysis {BASELINE.key!r}", f"does not apply: {refusal.rstrip('.')}", "leave null out")
    return BASELINE


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
