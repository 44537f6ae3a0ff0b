"""All valid circuits of a network in one picture: what every one keeps, then the choices in which they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.circuit_sets.splits import DEPTH, Branch, split_circuits
from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.analysis.circuits.result import EdgeUse, certainty_of_draws, edge_use_of
from pluriscope.analysis.discovery.part_names import labels_of
from pluriscope.analysis.network_files.result_file import read_parts
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.app.db.distributions import distribution_in
from pluriscope.app.db.reads.circuits import is_counted, masks_of
from pluriscope.app.db.tables import AnalysisRow
from pluriscope.app.errors import BadQuery
from pluriscope.app.pages.counted import counts_of
from pluriscope.app.pages.network_page import Known
from pluriscope.app.pages.place import AnyPlace
from pluriscope.figures.numbers import exact, share_words
from pluriscope.figures.svg.part_filter import part_filter
from pluriscope.page_kit.blocks import Block, More, Prose, Section
from pluriscope.processes.recent import Recent
from pluriscope.views.networks import draw_network, whole

ID: Final = "circuits"
MOST_AT_ONCE: Final = 20_000
"""Listed circuits up to which they are divided with the page; more when somebody opens them."""
_DRAWN: Final = Recent[Sequence[Block]](64)
"""Pictures by all that they depend on."""
_CONFIDENCE: Final = 0.99
_NAMES: Final = 20
_VERBS: Final = ("leaves out", "keeps"), ("leave out", "keep")


@dataclass(frozen=True)
class Box:
    """A set of circuits in the picture.

    Args:
        n: how large it is drawn.
        count: how many circuits, or which share of them.
        words: what sets them apart.
        open: edges or nodes that some of them keep and others leave out.
        url: of their list, or of the only one.
        found: whether the circuit that is asked for is in it.
        drawing: of what they keep, where it is not divided.
        boxes: into which it is divided.
    """

    n: int
    count: str
    words: str
    open: int
    url: str
    found: bool
    drawing: Markup | None
    boxes: Sequence[Box]


@dataclass(frozen=True)
class CircuitTree(Block):
    """Boxes within boxes, as wide as the page, and a field that finds a circuit in them.

    Args:
        boxes: the two sets into which all are divided.
        drawing: the network with what all keep.
        action: the page that the field asks for.
        fields: that are sent with it.
        circuit: that is asked for, as addresses name it; "" for none.
        url: of it.
    """

    boxes: Sequence[Box]
    drawing: Markup
    action: str
    fields: Mapping[str, str]
    circuit: str
    url: str

    @property
    def way(self) -> Iterator[Box]:
        """The boxes that hold the circuit that is asked for, the largest first."""
        boxes = self.boxes
        while boxes:
            found = [one for one in boxes if one.found]
            yield from found
            boxes = found[0].boxes if found else ()


@dataclass(frozen=True)
class _Circuits:
    """The circuits that are divided.

    Args:
        masks: of them, at least one.
        drawn: whether they stand for all of which they are, which were drawn uniformly.
        complete: whether they are all of these.
        use: for each bit how many of all valid circuits keep it; () where that is not known exactly.
        of: valid circuits in all, exactly where ``use`` is.
        common: what all of them keep and what none does; None where that is not known exactly.
        which: valid circuits they are all or some of, in words behind "valid circuits"; "" for every one.
    """

    masks: NDArray[Any]
    drawn: bool
    complete: bool
    use: Sequence[int]
    of: int
    common: EdgeUse | None
    which: str = ""


@dataclass(frozen=True)
class Among:
    """Listed circuits that are divided instead of all.

    Args:
        passing: ``[listed]`` which of them.
        options: of the list's addresses, that ask for them.
    """

    passing: NDArray[np.bool_]
    options: Mapping[str, Any]


def circuit_tree_blocks(known: Known, circuit: str = "", among: Among | None = None) -> Iterator[Block]:
    """Show what every valid circuit keeps, then the choices; nothing where none is listed.

    Args:
        known: what is stored about the network.
        circuit: that is to be found among them, as addresses name it; "" for none.
        among: those that are divided; None for all.

    Raises:
        BadQuery: it is no reference to a circuit, or the circuit is not valid.
        InvalidMask: it is no circuit of this network.
    """
    analysis, mask = known.place.analysis, asked_mask(known.place, circuit)
    if analysis is None or not analysis.circuits_listed:
        return
    yield Section("All valid circuits", "what every one keeps, then what distinguishes them", id=ID)
    if analysis.circuits_listed > MOST_AT_ONCE and mask is None:
        yield More(
            "Draw them",
            lambda: _tree(known, analysis, None, among),
            f"{exact(analysis.circuits_listed)} circuits",
            id=f"{ID}.tree",
        )
    else:
        place = known.place
        key = (known.links, place.slug, place.scope, analysis.result_digest, place.row.digest, mask)
        only = None if among is None else (among.passing.tobytes(), repr(among.options))
        yield from _DRAWN.of((key, only), lambda: list(_tree(known, analysis, mask, among)))


def asked_mask(place: AnyPlace, circuit: str) -> int | None:
    """The mask of the circuit that is to be found; None where none is; what refuses is what refuses the picture."""
    if not circuit:
        return None
    item, cure = f"circuit {circuit[:80]!r}", "copy its id from the list of valid circuits"
    try:
        ref = ExplanationRef.parse(circuit if "-" in circuit else f"c-{circuit}")
    except ValueError:
        raise BadQuery(item, "is not c- and hexadecimal digits", cure, "circuit") from None
    if ref.kind != "circuit":
        raise BadQuery(item, "is an explanation of another kind", cure, "circuit")
    mask: int = place.question.read_mask(ref.first)
    verdict = place.question.judge(mask)
    if not verdict.valid:
        raise BadQuery(item, f"is not valid: {verdict.reason}", cure, "circuit")
    return mask


def _circuits(known: Known, analysis: AnalysisRow, among: Among | None) -> _Circuits:
    """The listed circuits; of a sample without those that are listed only because they are small."""
    masks, counted = masks_of(known.session, analysis), is_counted(analysis)
    if among is not None and not among.passing.all():
        drawn, every = are_drawn(analysis, masks), counted and len(masks) == analysis.circuits_valid
        chosen = masks[among.passing if drawn is None else among.passing & drawn]
        stands = drawn is not None and not every
        return _Circuits(chosen, stands, every, (), len(chosen), None, " that pass the filters")
    use = distribution_in(analysis.distributions).edge_use if counted else ()
    exactly = edge_use_of(distribution_in(analysis.distributions)) if counted else None
    common = exactly or read_parts(analysis.distributions, analysis.circuits_possible)["edge_use"]
    if counted and len(masks) == analysis.circuits_valid:
        return _Circuits(masks, False, True, use, analysis.circuits_valid, common)
    drawn = are_drawn(analysis, masks)
    some = masks if drawn is None else masks[drawn]
    return _Circuits(some, drawn is not None, False, use, analysis.circuits_valid, common)


def are_drawn(analysis: AnalysisRow, masks: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Mark the listed circuits that were drawn uniformly from all valid ones; None where none were."""
    smallest = read_parts(analysis.distributions, analysis.circuits_possible)["smallest"]
    undrawn = () if smallest is None else smallest.undrawn
    drawn = ~np.isin(masks, np.array(undrawn, masks.dtype))
    return drawn if drawn.any() and drawn.sum() == analysis.distributions.get("drawn") else None


def _tree(known: Known, analysis: AnalysisRow, mask: int | None, among: Among | None) -> Iterator[Block]:
    """Show what all circuits keep in words, the picture, and the way to the circuit that is asked for."""
    place, links, question = known.place, known.links, known.place.question
    circuits, names = _circuits(known, analysis, among), labels_of(question)
    if not len(circuits.masks):
        yield Prose(f"No circuit{circuits.which or ' is listed'}.")
        return
    options = {} if among is None else among.options
    root = split_circuits(circuits.masks, question.graph.n_bits, towards=mask if circuits.complete else None)
    if circuits.common:
        root = replace(root, kept=circuits.common.always, left_out=circuits.common.never)

    def listed(asked: Sequence[str]) -> str:
        uses = [*options.get("uses", ()), *asked]
        return links.explanations(place.slug, place.scope, **{**options, "kind": "circuit", "uses": uses})

    def alone(circuit: int) -> str:
        return links.explanation(place.slug, f"c-{question.graph.to_hex(circuit)}", place.scope)

    def boxes(branch: Branch, asked: tuple[str, ...], found: bool) -> Iterator[Box]:
        if branch.split is None:
            return
        name = names[branch.split]
        for keeps, one in zip((True, False), branch.branches, strict=True):
            among = (*asked, name if keeps else f"!{name}")
            here = found and mask is not None and bool(mask >> branch.split & 1) == keeps
            leaf = one.split is None or len(among) >= DEPTH
            yield Box(
                n=one.n,
                count=_count(circuits, one, branch.split, keeps, first=not asked),
                words=f"{_VERBS[one.n > 1][keeps]} {_named([name])}",
                open=question.graph.n_bits - (one.kept | one.left_out).bit_count(),
                url=alone(one.kept) if circuits.complete and one.n == 1 else listed(among),
                found=here,
                drawing=_drawn(question, one) if leaf and len(among) <= DEPTH else None,
                boxes=list(boxes(one, among, here)),
            )

    yield Prose(_words(root, circuits, names, place.part, analysis))
    if root.split is not None:
        yield CircuitTree(
            boxes=list(boxes(root, (), True)),
            drawing=_large(question, root, names),
            action=links.explanations(place.slug),
            fields=place.scope.query() | {"view": "tree"},
            circuit="" if mask is None else f"c-{question.graph.to_hex(mask)}",
            url="" if mask is None else alone(mask),
        )


def _words(root: Branch, circuits: _Circuits, names: Sequence[str], part: str, analysis: AnalysisRow) -> str:
    """Say what all circuits keep, what none keeps, and what the numbers in the boxes count."""
    n, which, valid = exact(root.n), "drawn" if circuits.drawn else "listed", counts_of(analysis).valid_circuits
    which = circuits.which.strip() if circuits.which and circuits.complete else which + circuits.which
    all_of, kept, left_out = f"All {n} valid circuits {which}", _of(names, root.kept), _of(names, root.left_out)
    sure = " (exact)" if circuits.common and not circuits.use else ""
    if circuits.common:  # of all of them, also where only some are listed
        all_of = "All valid circuits" if sure else f"All {valid} valid circuits"
    elif root.n == 1:
        return f"The only valid circuit {which} keeps {_named(kept)}."
    if circuits.complete and root.n == 1:
        return f"The only valid circuit keeps {_named(kept)}."
    words = f"{all_of} keep {_named(kept)}{sure}." if kept else f"{all_of} share nothing{sure}."
    words += f" None keeps {_named(left_out)}{sure}." if left_out else ""
    if root.n == 1:
        return words
    how = f"{certainty_of_draws(analysis.circuits_method)} ({_CONFIDENCE:.0%})"
    if circuits.drawn and not circuits.common and (kept or left_out):
        share = 100 * share_interval(root.n, root.n, _CONFIDENCE)[0]
        of = f"of all valid circuits{circuits.which}"
        words += f" So does at least {floor(10 * share) / 10}% {of}, for each of these: {how}."
    words += f" A decision tree then halves each set, as evenly as one {part} can."
    if circuits.drawn:
        words += (
            f" Shares of all valid circuits{circuits.which} are {how}, from the {n} drawn; a box leads to those listed."
        )
    elif not circuits.complete:
        words += f" Numbers are of the {n} listed."
    return words


def _of(names: Sequence[str], mask: int) -> list[str]:
    return [name for bit, name in enumerate(names) if mask >> bit & 1]


def _named(names: Sequence[str]) -> str:
    """Edges or nodes for people, of many the first."""
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]).replace("-", "→") + more


def _count(circuits: _Circuits, one: Branch, split: int, keeps: bool, *, first: bool) -> str:
    """Number of circuits in a box; of a sample the share, except where the number is known."""
    if not circuits.drawn:
        return exact(one.n)
    if first and circuits.use:
        return exact(circuits.use[split] if keeps else circuits.of - circuits.use[split])
    low, high = share_interval(one.n, len(circuits.masks), _CONFIDENCE)
    return share_words(low, high)


def _drawn(question: SubjectQuestion, one: Branch) -> Markup:
    """Draw what all circuits of a set keep, in ink, and what some of them do, pale."""
    some = whole(question) & ~(one.kept | one.left_out)
    return draw_network(question, one.kept | some, title="", thumb=True, pale=some)


def _large(question: SubjectQuestion, root: Branch, names: Sequence[str]) -> Markup:
    """Draw the set of all circuits, with names where it is of a perceptron that is not too wide."""
    if not isinstance(question, Question):
        return _drawn(question, root)
    asked = [*_of(names, root.kept), *(f"!{name}" for name in _of(names, root.left_out))]
    return part_filter(question.network.weights, asked, lambda _, drawn: drawn) or _drawn(question, root)
