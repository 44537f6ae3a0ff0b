"""What an address names, computed anew from the weights, each figure beside the one that the store holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.reverify import RELATIVE_TOLERANCE, Recomputed, Status, Value, hold_against, recompute_network
from app.addressing import Addresses
from app.db.codecs import tasks_of
from app.db.directions import find_direction_row
from app.db.reads import algorithms as algorithm_reads
from app.db.reads.stored_figures import stored_algorithm, stored_alignment, stored_circuit, stored_directions
from app.db.recorded import stored_figures
from app.errors import NotFound
from app.figures.numbers import exact, noun
from app.options import BigInt, PageModel, ScopeOptions
from app.pages.compare.chosen import find_chosen, texts_of
from app.pages.compare.options import CompareOptions
from app.pages.explanations import Explanation
from app.pages.kinds import find_document
from app.pages.place import Place, locate, locate_boolean
from app.pages.sharing.targets import Target, options_of
from pluriscope.blocks import Block, Prose, Table

NOT_RECOMPUTED: Final = (
    "Not computed again: verdicts of criteria, how many explanations there are in all, alignments of other placements, "
    "the spread over the common ground. The command pluriscope analyse repeats the whole."
)
Plain = bool | BigInt | float | str | list[float] | None


class FigureRecord(PageModel):
    """One figure, stored and recomputed."""

    of: str = Field(description="Reference of the explanation; empty of what all of them rest on.")
    key: str = Field(description="Its stable name.")
    label: str
    status: Status
    stored: Plain = Field(description="None where nothing is stored.")
    recomputed: Plain = Field(description="None where it was not recomputed.")
    difference: float = Field(description="Of real figures that are equal within the tolerance, not to the bit.")
    note: str

    @property
    def cells(self) -> tuple[str, str, str]:
        """Both values, and whether they are equal, for people."""
        within = f" to within {self.difference:.2g}" if self.difference else ""
        return in_words(self.stored), in_words(self.recomputed), self.status.replace("_", " ") + within


class VerifiedRecord(PageModel):
    """What recomputing gave."""

    url: str = Field(description="The page that was verified.")
    title: str
    verdict: Literal["equal", "differs", "not_stored"] = Field(
        description="differs if any figure does; equal if all that were compared are; not_stored if there was nothing "
        "to compare with."
    )
    found: str = Field(description="What was compared and what was not, in words.")
    figures: list[FigureRecord] = Field(description="Digests first, then those of each explanation.")
    engine_version: str = Field(description="Of the engine that recomputed.")
    stored_engine_version: str = Field(description="Of the engine of the stored analysis; empty without one.")


def verify(session: Session, addresses: Addresses, target: Target) -> VerifiedRecord:
    """Recompute what an address names and hold it against the store.

    Raises:
        PageError: the address names nothing, or an option is wrong.
        AnalysisError: what it names does not fit the network, or is too large to be read on the spot.
    """
    place, explanations = _named(session, addresses, target)
    question, analysis = place.question, place.analysis
    digests = {"network_digest": place.row.digest}
    if analysis is not None:
        digests |= {"protocol_digest": analysis.protocol_digest, "data_digest": analysis.data_digest}
    about_data = question.record.description or "every clean input once"
    identity = (
        Recomputed("network_digest", "Network digest", question.model.digest, "settings and weights, hashed again"),
        Recomputed("protocol_digest", "Protocol digest", question.protocol.digest, question.protocol.name),
        Recomputed("data_digest", "Data digest", question.record.digest, about_data),
    )
    figures, own = _held("", identity, digests), []
    if target.kind == "network":
        own = _held("", recompute_network(question.model, tasks_of(place.row))[1:], {})  # without its digest
    for one in explanations:
        recomputed = tuple(one.record.recompute(one.place.question, one.item))
        own += _held(str(one.ref), recomputed, _stored(session, one))
    statuses = [figure.status for figure in (*figures, *own)]
    same = any(figure.status == "equal" for figure in (figures if target.kind == "network" else own))
    of = "" if target.kind == "network" else " and ".join(str(one.ref) for one in explanations) + " of "
    return VerifiedRecord(
        url=f"{addresses.prefix}{target.path}{target.query_text}",
        title=f"{of}{place.row.name}",
        verdict="differs" if "differs" in statuses else "equal" if same else "not_stored",
        found=_in_short(target.kind, figures, own),
        figures=[*figures, *own],
        engine_version=ENGINE_VERSION,
        stored_engine_version="" if analysis is None else analysis.engine_version,
    )


def told(found: VerifiedRecord) -> Iterator[Block]:
    """What recomputing gave, as blocks."""
    several = len({figure.of for figure in found.figures}) > 2
    below = [" · ".join(filter(None, (figure.of if several else "", figure.note))) for figure in found.figures]
    rows = [(figure.label, *figure.cells) for figure in found.figures]
    engine = f"Engine {found.engine_version}"
    if found.stored_engine_version:
        engine += f"; stored by engine {found.stored_engine_version}"
    yield Prose(f"**{found.found}.** {engine}.", glossary=False)
    yield Table.plain(("Figure", "Stored", "Computed anew", "Status"), rows, below)
    yield Prose(
        f"Integers, fractions and verdicts must be the same; real numbers may differ by {RELATIVE_TOLERANCE:g} of "
        f"their size, since machines add in different orders. {NOT_RECOMPUTED}",
        glossary=False,
    )


def _held(of: str, recomputed: Sequence[Recomputed], stored: Mapping[str, Value]) -> list[FigureRecord]:
    return [
        FigureRecord.showing(figure, of=of, label=figure.label[:1].upper() + figure.label[1:])
        for figure in hold_against(recomputed, stored)
    ]


def _in_short(kind: str, digests: Sequence[FigureRecord], own: Sequence[FigureRecord]) -> str:
    """What was compared."""
    different = sum(figure.status == "differs" for figure in (*digests, *own))
    if different:
        return f"{noun(different, 'figure')} {'differs' if different == 1 else 'differ'} from what is stored"
    same = sum(figure.status == "equal" for figure in digests)
    said = [f"{noun(same, 'digest')} {'matches' if same == 1 else 'match'}"]
    if again := sum(figure.status == "equal" for figure in own):
        said.append(f"{noun(again, 'figure')} found again")
    elif kind != "network":
        said.append("computed anew; nothing else is stored to compare with")
    return "; ".join(said)


def _named(session: Session, addresses: Addresses, target: Target) -> tuple[Place, Sequence[Explanation]]:
    """The place of an address, and the explanations that it names."""
    if target.kind == "study":
        raise NotFound(
            f"study {target.parts[0][:80]}",
            "is not recomputed whole on the spot",
            "verify its networks, each by its own address, or run it again: pluriscope study run",
            "address",
            addresses.study(target.parts[0]),
            "the study",
        )
    if target.kind == "sandbox":
        raise NotFound(
            f"play on {target.parts[0][:80]}",
            "has nothing stored to be held against: all of it is computed from the weights whenever it is opened",
            "verify the explanations that it asks, each by its own address",
            "address",
            addresses.network(target.parts[0]),
            f"network {target.parts[0][:80]}",
        )
    if target.kind == "explanation":
        one = find_document(session, addresses, target.parts[0], target.parts[1], target.query).one
        return one.place, [one.explanation]
    options = options_of(target)
    if isinstance(options, CompareOptions):
        if not options.network:
            raise NotFound("this comparison", "names no network", "copy the address from the page itself", "url")
        compared = locate_boolean(session, addresses, options.network[0], options.scope)
        found = find_chosen(session, addresses, compared, texts_of(addresses, options, compared))
        return compared, list(found.values())
    if not isinstance(options, ScopeOptions):
        raise TypeError(f"options of {target.kind} say of which analysis they are")
    place = locate(session, addresses, target.parts[0], options.scope)
    return place, []


def _stored(session: Session, one: Explanation) -> Mapping[str, Value]:
    """All that the database holds of an explanation."""
    analysis = one.place.analysis
    if analysis is None:
        return {}
    if one.recorded is not None:
        return stored_figures(session, analysis, one.recorded, one.ref.first)
    if one.circuit is not None:
        return stored_circuit(session, analysis, one.circuit)
    if one.algorithm is None:
        return {}
    row = algorithm_reads.find_algorithm(session, analysis.id, one.algorithm.id)
    found = {} if row is None else stored_algorithm(row)
    if one.directions is not None:
        directions = find_direction_row(session, analysis.id, one.algorithm.id, one.directions.id)
        found |= {} if directions is None else stored_directions(directions)
    if row is not None and one.alignment is not None:
        kept = algorithm_reads.find_alignment(session, row, one.alignment.id)
        found |= {} if kept is None else stored_alignment(kept)
    return found


def in_words(value: Plain) -> str:
    """A figure for people, to the last digit."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(repr, value))
    return exact(value) if isinstance(value, int) else value if isinstance(value, str) else repr(value)
