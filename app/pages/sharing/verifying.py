"""A permalink checks itself: the explanation computed anew from the weights, each figure beside the stored one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.directions.recomputing import recompute_directions
from analysis.reverify import (
    RELATIVE_TOLERANCE,
    HeldFigure,
    Recomputed,
    Value,
    hold_against,
    recompute_algorithm,
    recompute_alignment,
    recompute_circuit,
    recompute_interpretation,
    recompute_network,
    verdict_of,
)
from app.addressing import Addresses
from app.db.codecs import tasks_of
from app.errors import NotFound
from app.figures.numbers import exact
from app.naming import ExplanationRef
from app.pages.candidates import algorithm_of, find_algorithm_row
from app.pages.compare.contrast import LETTERS, MOST
from app.pages.compare.options import CompareOptions
from app.pages.directions.one import find_direction
from app.pages.directions.places import direction_url
from app.pages.directions.views import DirectionOptions
from app.pages.explanations import Explanation, find_explanation, read_ref
from app.pages.options import Options, PageModel, ScopeOptions
from app.pages.place import Place, locate
from app.pages.sharing.against import Against, Source, Store
from app.pages.sharing.targets import Target, options_of

Verdict = Literal["equal", "differs", "not_stored"]
NOT_RECOMPUTED = (
    "Stored verdicts of criteria are computed again where a second suffices, with their default settings; minimality "
    "is judged among the stored circuits. Not computed again: how many explanations there are in all, alignments of "
    "other placements, verdicts on interpretations (only their numbers are stored), the spread over the common ground. "
    "The command pluriscope analyse repeats the whole."
)


class FigureView(PageModel):
    """One figure, stored and recomputed."""

    key: str = Field(description="Its stable name.")
    label: str
    status: Literal["equal", "differs", "not_stored", "not_recomputed"]
    stored: bool | int | float | str | list[float] | None = Field(description="None where nothing is stored.")
    recomputed: bool | int | float | str | list[float] | None = Field(description="None where it was not recomputed.")
    difference: float = Field(description="Of real figures that are equal within the tolerance, not to the bit.")
    note: str

    @property
    def stored_words(self) -> str:
        return _words(self.stored)

    @property
    def recomputed_words(self) -> str:
        return _words(self.recomputed)


class VerifiedView(PageModel):
    """One network or explanation, figure by figure."""

    letter: str = Field(description="Its letter in a comparison, else empty.")
    title: str
    kind: str
    url: str
    verdict: Verdict
    figures: list[FigureView]


class VerifyPage(PageModel):
    """What recomputing gave."""

    title: str
    kind: str
    url: str = Field(description="The page that was verified.")
    verify_url: str
    network_slug: str
    network_url: str
    verdict: Verdict = Field(description="differs if any figure does; not_stored if there was nothing to compare with.")
    identity: list[FigureView] = Field(description="Digests of network, protocol and data, stored and recomputed.")
    explanations: list[VerifiedView]
    engine_version: str = Field(description="Of the engine that recomputed.")
    compared_with: Source = Field(description="What the recomputed figures are held against.")
    stored_engine_version: str = Field(description="Of the engine that made that; empty without one.")
    analysed_at: str
    result_digest: str = Field(description="Of the stored analysis as a whole; not recomputed here.")
    tolerance: float = Field(description="Relative; real figures within it count as equal.")
    not_recomputed: str
    command: str = Field(description="The same at the command line.")
    seconds: float

    @property
    def n_equal(self) -> int:
        return sum(figure.status == "equal" for figure in self._all)

    @property
    def n_differ(self) -> int:
        return sum(figure.status == "differs" for figure in self._all)

    @property
    def _all(self) -> list[FigureView]:
        return [*self.identity, *(figure for item in self.explanations for figure in item.figures)]


def build_verification(
    session: Session, addresses: Addresses, target: Target, against: Against | None = None
) -> VerifyPage:
    """Recompute what an address names and hold it against the store, or against something else.

    Args:
        session: open session.
        addresses: builds links.
        target: what is verified.
        against: the other side, the store if not given.

    Raises:
        PageError: the address names nothing, or an option is wrong.
        AnalysisError: what it names does not fit the network, or is too large to be read on the spot.
    """
    started = time.perf_counter()
    options = options_of(target)
    place, refs = _named(session, addresses, target, options)
    other = Store(session) if against is None else against
    identity = _identity(place, other)
    if target.kind == "network":
        figures = recompute_network(place.network, tasks_of(place.row))
        views = [_view("", place.row.name, "network", addresses.network(place.row.slug, place.scope), figures, {})]
    elif isinstance(options, DirectionOptions):
        views = [_verified_direction(session, addresses, other, place, target, options)]
    else:
        letters = LETTERS if target.kind == "compare" else [""]
        found = [find_explanation(session, addresses, place, ref, n) for n, ref in enumerate(refs, start=1)]
        views = [_verified(other, one, letter, len(found)) for one, letter in zip(found, letters, strict=False)]
    analysis = place.analysis
    held = [*(figure.status for figure in identity), *(view.verdict for view in views)]
    verdict: Verdict = "differs" if "differs" in held else "not_stored"
    if verdict != "differs" and any(view.verdict == "equal" for view in views):
        verdict = "equal"
    if target.kind == "network" and verdict == "not_stored" and other.source != "nothing":
        verdict = "equal"  # of a network the digest is what is stored, and it is held against the weights above
    page = addresses.prefix + target.path + target.query_text
    name = place.row.name if target.kind == "network" else f"{_nouns(target.kind)} of {place.row.name}"
    return VerifyPage(
        title=name,
        kind=target.kind,
        url=page,
        verify_url=addresses.made_of(page, "verify"),
        network_slug=place.row.slug,
        network_url=addresses.network(place.row.slug, place.scope),
        verdict=verdict,
        identity=identity,
        explanations=views,
        engine_version=ENGINE_VERSION,
        compared_with=other.source,
        stored_engine_version=other.engine(place),
        analysed_at="" if analysis is None else analysis.created_at.isoformat(timespec="seconds"),
        result_digest="" if analysis is None else analysis.result_digest,
        tolerance=RELATIVE_TOLERANCE,
        not_recomputed=NOT_RECOMPUTED,
        command=f"pluriscope verify '{target.path}{target.query_text}'",
        seconds=round(time.perf_counter() - started, 4),
    )


def figure_view(figure: HeldFigure) -> FigureView:
    """A figure as pages and files show it."""
    return FigureView(
        key=figure.key,
        label=figure.label[:1].upper() + figure.label[1:],
        status=figure.status,
        stored=_plain(figure.stored),
        recomputed=_plain(figure.recomputed),
        difference=figure.difference,
        note=figure.note,
    )


def _named(
    session: Session, addresses: Addresses, target: Target, options: Options
) -> tuple[Place, list[ExplanationRef]]:
    """The place of an address, and the explanations that it names."""
    if not isinstance(options, ScopeOptions):
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
            f"sandbox of {target.parts[0][:80]}",
            "has nothing stored to be held against: all of it is computed from the weights whenever it is opened",
            "verify the explanations that it asks, each by its own address",
            "address",
            addresses.network(target.parts[0]),
            f"network {target.parts[0][:80]}",
        )
    if isinstance(options, CompareOptions):
        network = options.network[0] if options.network else ""
        texts = list(dict.fromkeys(text.strip() for text in options.e if text.strip()))[:MOST]
        refs = [read_ref(text, position) for position, text in enumerate(texts, start=1)]
        return locate(session, addresses, network, options.scope), refs
    place = locate(session, addresses, target.parts[0], options.scope)
    if target.kind in ("network", "direction"):
        return place, []
    second = target.parts[2] if len(target.parts) > 2 else ""
    placed = target.values("place")
    if target.kind == "alignment" and placed:
        second = "_".join(text.replace(" ", "+") for text in placed)
    return place, [ExplanationRef(target.kind, target.parts[1], second)]


def _identity(place: Place, other: Against) -> list[FigureView]:
    """The digests that everything else rests on, hashed again."""
    recomputed = [
        Recomputed("network_digest", "Network digest", place.network.digest, "settings and weights, hashed again"),
        Recomputed("protocol_digest", "Protocol digest", place.protocol.digest, place.protocol.name),
        Recomputed("data_digest", "Data digest", place.data.digest, place.data.description or "every clean input once"),
    ]
    return [figure_view(figure) for figure in hold_against(recomputed, other.identity(place))]


def _verified(other: Against, explanation: Explanation, letter: str, among: int) -> VerifiedView:
    place = explanation.place
    recomputed = list(recompute_explanation(explanation))
    title = {
        "circuit": "Circuit {}",
        "interpretation": "Circuit {}, interpretation {}",
        "algorithm": "Algorithm {}",
        "alignment": "Algorithm {}, alignment {}",
        "direction": "Algorithm {}, directions {}",
    }[explanation.kind]
    names = (explanation.ref.first, explanation.ref.second)
    more: Sequence[Recomputed] = ()
    stored: Mapping[str, Value]
    if explanation.directions is not None:
        names = (explanation.ref.first, explanation.directions.id)
        stored = other.directions(place, explanation.ref.first, explanation.directions.id)
    else:
        more, stored = other.figures(explanation, among)
    return _view(
        letter, title.format(*names), explanation.kind, explanation.url, [*recomputed, *more], stored, place.row.name
    )


def _verified_direction(
    session: Session, addresses: Addresses, other: Against, place: Place, target: Target, options: DirectionOptions
) -> VerifiedView:
    """An alignment on directions, which its address carries whole."""
    row = find_algorithm_row(session, addresses, place, target.parts[1])
    algorithm = algorithm_of(row, place)
    _, alignment = find_direction(session, addresses, place, row, algorithm, target.parts[2], options.at)
    recomputed = [
        *recompute_algorithm(algorithm, place.task),
        *recompute_directions(place.cut, algorithm, alignment, place.data, place.protocol),
    ]
    stored = other.directions(place, algorithm.id, alignment.id)
    title = f"Algorithm {algorithm.id}, directions {alignment.id}"
    url = direction_url(addresses, place, algorithm.id, alignment)
    return _view("", title, "direction", url, recomputed, stored, place.row.name)


def recompute_explanation(explanation: Explanation) -> Iterator[Recomputed]:
    """Every cheap figure of an explanation, from the weights."""
    place = explanation.place
    if explanation.circuit is not None:
        circuit, output = explanation.circuit, place.scope.output
        yield from recompute_circuit(place.cut, circuit, place.task, place.data, place.protocol, output=output)
        if explanation.interpretation is not None:
            index = explanation.interpretation.index
            yield from recompute_interpretation(place.cut, circuit, index, place.task, place.data, place.protocol)
    if explanation.algorithm is not None:
        yield from recompute_algorithm(explanation.algorithm, place.task)
        if explanation.alignment is not None:
            yield from recompute_alignment(
                place.cut, explanation.algorithm, explanation.alignment, place.data, place.protocol
            )
        if explanation.directions is not None:
            yield from recompute_directions(
                place.cut, explanation.algorithm, explanation.directions, place.data, place.protocol
            )


def _view(
    letter: str,
    title: str,
    kind: str,
    url: str,
    recomputed: list[Recomputed] | tuple[Recomputed, ...],
    stored: Mapping[str, Value],
    network: str = "",
) -> VerifiedView:
    figures = hold_against(recomputed, stored)
    verdict = verdict_of(figures)
    return VerifiedView(
        letter=letter,
        title=f"{title} of {network}" if network else title,
        kind=kind,
        url=url,
        verdict="not_stored" if verdict == "not_recomputed" else verdict,
        figures=[figure_view(figure) for figure in figures],
    )


def _nouns(kind: str) -> str:
    return {
        "circuit": "Circuit",
        "interpretation": "Interpretation",
        "algorithm": "Algorithm",
        "alignment": "Alignment",
        "direction": "Directions",
        "compare": "Comparison",
    }[kind]


def _plain(value: Value | None) -> bool | int | float | str | list[float] | None:
    """As JSON can hold it: integers beyond 2^53 as decimal text."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return str(value)
    return value


def _words(value: bool | int | float | str | list[float] | None) -> str:
    """A figure for people, to the last digit."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(repr(one) for one in value)
    if isinstance(value, int):
        return exact(value)
    return repr(value) if isinstance(value, float) else value
