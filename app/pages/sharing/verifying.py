"""The record of an explanation computed anew from the weights, each figure beside the one that the store holds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.circuits.result import certainty_of
from pluriscope.analysis.subjects.question import GraphQuestion, SubjectQuestion
from pluriscope.analysis.values.exact import BigInt
from pluriscope.app.errors import NotFound
from pluriscope.app.options import PageModel
from pluriscope.app.pages.explanations import Explanation
from pluriscope.app.pages.kinds import find_document
from pluriscope.app.pages.sharing.targets import SHARED, Target
from pluriscope.figures.numbers import exact, noun
from pluriscope.page_kit.blocks import Block, Prose, Table

TOLERANCE: Final = 1e-9
"""Real figures count as equal within this share of max(1, |value|): the order of additions differs between machines."""
_ALIGNED: Final = ("algorithm", "formula", "alignment", "agreed", "tested", "valid", "margin")
HELD: Final[Mapping[str, tuple[str, ...]]] = {
    "circuit": ("valid", "n_edges", "n_neurons", "margin", "interpretations", "observed"),
    "interpretation": ("valid", "margin", "of", "observed"),
    "algorithm": ("algorithm", "formula", "depth", "n_gates"),
    "alignment": (*_ALIGNED, "minimal"),
    "direction": (*_ALIGNED, "causal_order", "joint_agreed", "joint_tested"),
}
"""Of each kind's record what the store holds, too."""
_COLUMNS: Final = {
    "n_edges": "edges",
    "n_neurons": "neurons",
    "algorithm": "algorithm_id",
    "alignment": "alignment_id",
    "tested": "of",
    "joint_tested": "joint_of",
    "of": "interpretations",
}
"""What the columns of some are called."""
Plain = bool | BigInt | float | str | None


class FigureRecord(PageModel):
    """Figure of an explanation, stored and recomputed."""

    key: str = Field(description="Its name in the record of the explanation.")
    label: str
    status: Literal["equal", "differs", "not_stored"]
    stored: Plain = Field(description="None where nothing is stored.")
    recomputed: Plain


class VerifiedRecord(PageModel):
    """Outcome of recomputing a page."""

    url: str = Field(description="The page that was verified.")
    title: str
    verdict: Literal["equal", "differs", "not_stored"] = Field(
        description="differs if any figure does; equal if all that were compared are; not_stored if there was nothing "
        "to compare with."
    )
    found: str = Field(description="What was compared, in words.")
    figures: list[FigureRecord] = Field(description="Digests first.")
    engine_version: str = Field(description="Of the engine that recomputed.")
    stored_engine_version: str = Field(description="Of the engine of the stored analysis; empty without one.")


def verify(session: Session, links: Addresses, target: Target) -> VerifiedRecord:
    """Compute the record of the explanation that an address names, and hold it against the store.

    Raises:
        PageError: the address names no explanation of a perceptron, or an option is wrong.
        AnalysisError: what it names does not fit the network, or is too large to be read on the spot.
    """
    if target.kind != "explanation":
        page = f"{links.prefix}{target.path}{target.query_text}"
        why, cure = SHARED[target.kind].not_verified, "compute it where its weights are, and compare the files"
        if not why:
            why = "names no explanation, and only those are computed anew beside what is stored"
            cure = "verify the explanations of its page, each by its own address"
        raise NotFound(f"address {target.path[:80]!r}", why, cure, "address", page, "the page")
    document = find_document(session, links, target.parts[0], target.parts[1], target.query)
    one = document.one
    place, analysis = one.place, one.place.analysis
    question = place.question
    if document.page.held is not None:
        stored, anew = document.page.held(one)
        names: tuple[str, ...] = tuple(anew)
    else:
        anew = document.page.record(one).model_dump()
        names, stored = HELD.get(one.ref.kind, ()), {}
    if isinstance(question, GraphQuestion) and document.page.held is None:
        names = tuple(name for name in names if name not in ("interpretations", "observed"))  # which no column has
    stored = stored or _stored(one, names)
    digests = {
        "network_digest": (place.row.digest, question.subject.digest),
        "protocol_digest": (analysis and analysis.protocol_digest, question.protocol.digest),
        "data_digest": (analysis and analysis.data_digest, question.data_digest),
    }
    figures = [_held(key, was, now) for key, (was, now) in digests.items()]
    own = [_held(key, stored.get(key), anew[key]) for key in names]
    statuses = [figure.status for figure in (*figures, *own)]
    same, different = (sum(each.status == status for each in own) for status in ("equal", "differs"))
    different = statuses.count("differs")
    found = f"{noun(same, 'figure')} found again" if same else "Computed anew; nothing is stored to compare with"
    if different:
        found = f"{noun(different, 'figure')} {'differs' if different == 1 else 'differ'} from what is stored"
    return VerifiedRecord(
        url=f"{links.prefix}{target.path}{target.query_text}",
        title=f"{one.ref} of {place.row.name}",
        verdict="differs" if different else "equal" if same else "not_stored",
        found=found,
        figures=[*figures, *own],
        engine_version=ENGINE_VERSION,
        stored_engine_version="" if analysis is None else analysis.engine_version,
    )


def verified(found: VerifiedRecord) -> Iterator[Block]:
    """Show the outcome of recomputing a page."""
    engine = f"Engine {found.engine_version}"
    if found.stored_engine_version:
        engine += f"; stored by engine {found.stored_engine_version}"
    yield Prose(f"**{found.found}.** {engine}.", glossary=False)
    rows = [
        (one.label, in_words(one.stored), in_words(one.recomputed), one.status.replace("_", " "))
        for one in found.figures
    ]
    yield Table.plain(("Figure", "Stored", "Computed anew", "Status"), rows)
    yield Prose(
        f"Integers, texts and verdicts must be the same; real numbers may differ by {TOLERANCE:g} of their size, since "
        "machines add in different orders. The command pluriscope analyse repeats the whole.",
        glossary=False,
    )


def _held(key: str, stored: Any, anew: Any) -> FigureRecord:
    label = key.removeprefix("n_").replace("_", " ").capitalize()
    if stored is None:
        return FigureRecord(key=key, label=label, status="not_stored", stored=None, recomputed=anew)
    same = stored == anew
    if isinstance(stored, float) and isinstance(anew, float):
        same = math.isclose(stored, anew, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return FigureRecord(key=key, label=label, status="equal" if same else "differs", stored=stored, recomputed=anew)


def _stored(one: Explanation[SubjectQuestion], names: Sequence[str]) -> dict[str, Any]:
    """Figures of an explanation in the store, by names of its record."""
    analysis = one.place.analysis
    rows = [row for row in one.rows if row is not None]
    columns = {name: _COLUMNS.get(name, name) for name in names}
    figures = {name: getattr(row, column) for row in rows for name, column in columns.items() if hasattr(row, column)}
    if one.circuit is None or analysis is None:
        return figures
    if not rows:  # absence is a verdict where the stored circuits are all valid ones
        whole = certainty_of(analysis.circuits_method) == "exact" and analysis.circuits_truncated_at is None
        return {"valid": False} if whole and analysis.circuits_listed == analysis.circuits_valid else {}
    counted = analysis.interpretations_truncated_at
    uncounted = () if counted is None or rows[0].position < counted else ("interpretations", "of", "observed")
    return {name: value for name, value in figures.items() if name not in uncounted} | {"valid": True}


def in_words(value: Plain) -> str:
    """A figure for people, to the last digit."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return exact(value) if isinstance(value, int) else value if isinstance(value, str) else repr(value)
