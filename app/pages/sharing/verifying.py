"""A permalink checks itself: the explanation computed anew from the weights, each figure beside the stored one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.explanations.lens_claims import LENS
from analysis.explanations.registry import RECORDED
from analysis.reverify import (
    RELATIVE_TOLERANCE,
    HeldFigure,
    Recomputed,
    Value,
    hold_against,
    recompute_network,
    verdict_of,
)
from app.addressing import Addresses
from app.db.codecs import tasks_of
from app.errors import NotFound
from app.figures.numbers import exact, noun
from app.options import Options, PageModel, ScopeOptions
from app.pages.compare.options import CompareOptions
from app.pages.explanations import Explanation, find_explanation, read_ref
from app.pages.place import Place, locate
from app.pages.placed import meant
from app.pages.sharing.reference_values import Against, Source, Store
from app.pages.sharing.targets import MAX_ADDRESS, Target, options_of, read_target
from pluriscope.naming import LETTERS, MOST, ExplanationRef

Verdict = Literal["equal", "differs", "not_stored"]
NOT_RECOMPUTED: Final = (
    "Not computed again: verdicts of criteria, how many explanations there are in all, alignments of other placements, "
    "the spread over the common ground. The command pluriscope analyse repeats the whole."
)


class VerifyOptions(Options):
    """What is to be verified."""

    url: str = Field("", max_length=MAX_ADDRESS, description="Address of a network, an explanation or a comparison.")


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
    page_url: str = Field(description="The page that was verified.")
    network_slug: str
    network_name: str
    network_url: str
    verdict: Verdict = Field(
        description="differs if any figure does; equal if all that were compared are; not_stored if there was nothing "
        "to compare with."
    )
    found: str = Field(description="What was compared and what was not, in words.")
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
    url: str

    @property
    def n_equal(self) -> int:
        return sum(figure.status == "equal" for figure in self._all)

    @property
    def n_differ(self) -> int:
        return sum(figure.status == "differs" for figure in self._all)

    @property
    def _all(self) -> list[FigureView]:
        return [*self.identity, *(figure for item in self.explanations for figure in item.figures)]

    @property
    def noun(self) -> str:
        """What was verified, without the network's name."""
        return "" if self.kind == "network" else _nouns(self.kind)


def build_verified(session: Session, addresses: Addresses, options: VerifyOptions) -> VerifyPage:
    """Recompute what an address names and hold it against the store.

    Raises:
        PageError: the address names nothing, or an option is wrong.
        AnalysisError: what it names does not fit the network, or is too large to be read on the spot.
    """
    return build_verification(session, addresses, read_target(options.url, addresses))


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
        # its digest is held against the stored one with the others above
        figures = [
            one for one in recompute_network(place.question.model, tasks_of(place.row)) if one.key != "network_digest"
        ]
        views = [_view("", place.row.name, "network", addresses.network(place.row.slug, place.scope), figures, {})]
    else:
        letters = LETTERS if target.kind == "compare" else [""]
        found = [find_explanation(session, addresses, place, ref, n) for n, ref in enumerate(refs, start=1)]
        views = [_verified(other, one, letter) for one, letter in zip(found, letters, strict=False)]
    held = [*(figure.status for figure in identity), *(view.verdict for view in views)]
    verdict: Verdict = "differs" if "differs" in held else "not_stored"
    if verdict != "differs" and any(view.verdict == "equal" for view in views):
        verdict = "equal"
    if target.kind == "network" and verdict == "not_stored" and other.source != "nothing":
        verdict = "equal"  # of a network the digest is what is stored, and it is held against the weights above
    analysis, page = place.analysis, addresses.prefix + target.path + target.query_text
    return VerifyPage(
        title=place.row.name if target.kind == "network" else f"{_nouns(target.kind)} of {place.row.name}",
        kind=target.kind,
        page_url=page,
        network_slug=place.row.slug,
        network_name=place.row.name,
        network_url=addresses.network(place.row.slug, place.scope),
        verdict=verdict,
        found=_found_words(target.kind, identity, views, other.source),
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
        url=addresses.verified(page),
    )


def _found_words(kind: str, identity: Sequence[FigureView], views: Sequence[VerifiedView], source: Source) -> str:
    """What was compared."""
    digests = [figure.status for figure in identity]
    own = [figure.status for view in views for figure in view.figures]
    different = (digests + own).count("differs")
    if different:
        other = {"store": "what is stored", "result file": "the result file", "nothing": "what there is"}[source]
        return f"{noun(different, 'figure')} {'differs' if different == 1 else 'differ'} from {other}"
    said = []
    if same := digests.count("equal"):
        said.append(f"{noun(same, 'digest')} {'matches' if same == 1 else 'match'}")
    if same := own.count("equal"):
        said.append(f"{noun(same, 'figure')} found again")
    elif kind != "network":
        where = {"store": "stored", "result file": "in the result file", "nothing": "there"}[source]
        said.append(f"computed anew; nothing {'else ' if said else ''}is {where} to compare with")
    text = "; ".join(said)
    return text[:1].upper() + text[1:]


def figure_view(figure: HeldFigure) -> FigureView:
    """A figure as pages and files show it."""
    return FigureView.showing(
        figure,
        label=figure.label[:1].upper() + figure.label[1:],
        stored=_plain(figure.stored),
        recomputed=_plain(figure.recomputed),
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
    if target.kind == "network":
        return place, []
    return place, [meant(read_ref(target.parts[1], 1), options)]


def _identity(place: Place, other: Against) -> list[FigureView]:
    """The digests that everything else rests on, hashed again."""
    recomputed = [
        Recomputed(
            "network_digest", "Network digest", place.question.model.digest, "settings and weights, hashed again"
        ),
        Recomputed("protocol_digest", "Protocol digest", place.question.protocol.digest, place.question.protocol.name),
        Recomputed(
            "data_digest",
            "Data digest",
            place.question.record.digest,
            place.question.record.description or "every clean input once",
        ),
    ]
    return [figure_view(figure) for figure in hold_against(recomputed, other.identity(place))]


def _verified(other: Against, explanation: Explanation, letter: str) -> VerifiedView:
    place = explanation.place
    recomputed = list(explanation.record.recompute(place.question, explanation.item))
    title = {
        "circuit": "Circuit {}",
        "interpretation": "Circuit {}, interpretation {}",
        "algorithm": "Algorithm {}",
        "alignment": "Algorithm {}, alignment {}",
        "direction": "Algorithm {}, directions {}",
        **{kind.key: kind.noun.capitalize() + " {}" for kind in (*RECORDED, LENS)},
    }[explanation.kind]
    names = (explanation.ref.first, explanation.ref.second)
    if explanation.directions is not None:  # its address may carry a long text
        names = (explanation.ref.first, explanation.directions.id)
    stored = other.figures(explanation)
    return _view(letter, title.format(*names), explanation.kind, explanation.url, recomputed, stored, place.row.name)


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
    return {"explanation": "Explanation", "compare": "Comparison"}[kind]


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
