"""From a comparison's address to its page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.orm import Session

from analysis.errors import AnalysisError
from analysis.experiments import ask_network
from app.addressing import Addresses
from app.db.reads import algorithms as algorithm_reads
from app.db.reads.circuits import smallest_circuits
from app.errors import BadQuery, PageError
from app.options import Link
from app.pages.compare.crucial import Said
from app.pages.compare.options import ChosenOptions, CompareOptions
from app.pages.compare.picker import Picker, explanations_to_choose, networks_to_choose
from app.pages.compare.sides import Side, side_by_side
from app.pages.compare.views import ComparePage
from app.pages.explanations import Explanation, find_explanation, read_ref
from app.pages.place import Place, find_network, locate_boolean
from app.pages.shared import NetworkView, data_view, network_view, protocol_view
from pluriscope.naming import LEAST, LETTERS, MOST, ExplanationRef


class NamesExplanations(Protocol):
    """Query options with references to explanations."""

    @property
    def e(self) -> list[str]: ...


def build_compare(session: Session, addresses: Addresses, options: CompareOptions) -> ComparePage:
    """The comparison that an address names.

    Raises:
        NotFound: no such network, or a reference that names nothing; the message says which.
        BadQuery: a malformed reference, more than six, more than one network, or a view that does not fit them.
    """
    place = find_place(session, addresses, options)
    texts = texts_of(session, addresses, options, place)
    if place is None:
        return nothing_yet(session, addresses, texts, options.find.strip())
    found = find_chosen(session, addresses, place, texts)
    explanations = list({str(explanation.ref): explanation for explanation in found.values()}.values())
    pin, swapping = (one_of(found, getattr(options, name), name) for name in ("pin", "swap"))
    if len(explanations) < LEAST or swapping:
        return to_choose(session, addresses, place, explanations, swapping)
    explanations.sort(key=lambda explanation: str(explanation.ref) != pin)  # the pinned one first, else as given
    sides = [Side(letter, explanation) for letter, explanation in zip(LETTERS, explanations, strict=False)]
    return side_by_side(addresses, place, sides, _said(place, explanations, LETTERS[: len(sides)]), options)


def _said(place: Place, explanations: Sequence[Explanation], letters: Sequence[str]) -> Said:
    space, answers = ask_network(place.question)
    return Said(space, answers, [explanation.predictions(space) for explanation in explanations], list(letters))


def texts_of(session: Session, addresses: Addresses, options: NamesExplanations, place: Place | None) -> list[str]:
    """The references of an address, each once.

    Raises:
        BadQuery: more than six; it leads to the comparison of the first of them.
    """
    texts = list(dict.fromkeys(text.strip() for text in options.e if text.strip()))
    if len(texts) > MOST:
        parent, label = _nearest(session, addresses, place, texts[:MOST])
        raise BadQuery(
            f"{len(texts)} explanations",
            f"at most {MOST} can be compared at once",
            f"leave out {len(texts) - MOST} of them",
            "e",
            parent,
            label,
        )
    return texts


def find_chosen(session: Session, addresses: Addresses, place: Place, texts: Sequence[str]) -> dict[str, Explanation]:
    """Every reference with its explanation.

    Raises:
        PageError: one names nothing; the message says which, and leads to the comparison of the others.
        BeyondLimits: one is too large to be read on the spot.
    """
    found: dict[str, Explanation] = {}
    for position, text in enumerate(texts, start=1):
        try:
            found[text] = find_explanation(session, addresses, place, read_ref(text, position), position)
        except PageError as error:
            others = [other for other in texts if other != text]
            if not error.parent or len(others) >= LEAST:
                error.parent, error.parent_label = _nearest(session, addresses, place, others)
            raise
    return found


def _nearest(session: Session, addresses: Addresses, place: Place | None, texts: Sequence[str]) -> tuple[str, str]:
    """The comparison of those references that name something, and what to call it."""
    if place is None:
        return addresses.compare(), "choosing explanations"
    good = []
    for position, text in enumerate(texts, start=1):
        try:
            find_explanation(session, addresses, place, read_ref(text, position), position)
        except (PageError, AnalysisError):
            continue
        good.append(text)
    label = "the comparison of the others" if len(good) >= LEAST else f"choosing explanations of {place.row.slug}"
    return addresses.compare(place.row.slug, good, place.scope), label


def one_of(found: dict[str, Explanation], text: str, field: str) -> str:
    """The canonical reference of one of the explanations, "" if none is asked for."""
    if not text.strip():
        return ""
    refs = [str(explanation.ref) for explanation in found.values()]
    if text.strip() in found:
        return str(found[text.strip()].ref)
    if text.strip() not in refs:
        raise BadQuery(
            f"{field} {text[:60]!r}",
            "is not one of the explanations of this comparison",
            f"name one of {', '.join(refs)}" if refs else "name explanations with e=",
            field,
        )
    return text.strip()


def find_place(session: Session, addresses: Addresses, options: ChosenOptions) -> Place | None:
    """The network, output, protocol and data record of a comparison, None if the address names no network.

    Raises:
        NotFound: no such network, output, protocol or data record.
        BadQuery: more than one network.
    """
    names = list(dict.fromkeys(name.strip() for name in options.network if name.strip()))
    if not names:
        return None
    rows = {row.digest: row for row in (find_network(session, addresses, name) for name in names)}
    if len(rows) > 1:
        slugs = ", ".join(row.slug for row in rows.values())
        raise BadQuery(
            f"networks {slugs}",
            "explanations of different networks cannot be compared, since they speak of different neurons and weights",
            "choose explanations of one network",
            "network",
            addresses.compare(next(iter(rows.values())).slug),
            f"choosing explanations of {next(iter(rows.values())).slug}",
        )
    return locate_boolean(session, addresses, names[0], options.scope)


# --- A comparison that is not complete yet: how to choose its explanations


def nothing_yet(session: Session, addresses: Addresses, texts: Sequence[str], text: str) -> ComparePage:
    if texts:
        raise BadQuery(
            f"{len(texts)} explanations", "the address does not name their network", "add network=NAME to it", "network"
        )
    picker = networks_to_choose(session, addresses, text)
    return _empty(addresses.compare(find=text), None, None, [], [], picker)


def to_choose(
    session: Session, addresses: Addresses, place: Place, chosen: Sequence[Explanation], swapping: str = ""
) -> ComparePage:
    """How to choose what is missing, or another in place of one.

    Args:
        place: the network that is asked about.
        chosen: what is chosen already.
        swapping: reference of the one that is to be exchanged, or "".
    """
    refs = [str(explanation.ref) for explanation in chosen]
    url = addresses.compare(place.row.slug, refs, place.scope, swap=swapping)
    network = network_view(place.row, addresses)
    return _empty(
        url,
        place,
        network,
        refs,
        _suggestions(session, addresses, place),
        explanations_to_choose(session, addresses, place),
        swapping,
        "" if place.analysis is None else addresses.analysis(place.row.slug, "rivals", place.scope),
    )


def _empty(
    url: str,
    place: Place | None,
    network: NetworkView | None,
    refs: list[str],
    suggestions: list[Link],
    picker: Picker,
    swapping: str = "",
    rivals_url: str = "",
) -> ComparePage:
    return ComparePage(
        network=network,
        task=None if place is None else place.question.task,
        protocol=None if place is None else protocol_view(place.question.protocol),
        data=None if place is None else data_view(place.question),
        output=0 if place is None else place.scope.output,
        missing=max(0, LEAST - len(refs)),
        refs=refs,
        input_names="",
        inputs=[],
        explanations=[],
        shared=None,
        shared_edges=None,
        values=[],
        said=[],
        differing_neurons=[],
        differing_edges=[],
        lines=[],
        space=None,
        pairs=[],
        n_crucial=0,
        crucial=None,
        experiment=None,
        swapping=swapping,
        suggestions=suggestions,
        picker=picker,
        verdicts_url="",
        rivals_url=rivals_url,
        url=url,
    )


def _suggestions(session: Session, addresses: Addresses, place: Place) -> list[Link]:
    """Comparisons of stored explanations that show how far they differ."""
    if place.analysis is None:
        return []
    slug, found = place.row.slug, []
    circuits = [row.mask for row in smallest_circuits(session, place.analysis, 2)]
    aligned = algorithm_reads.minimal_alignments(session, place.analysis.id, 3)
    alignments = [ExplanationRef("alignment", algorithm, alignment) for algorithm, alignment in aligned]
    choices = [
        ("two of its smallest circuits", [ExplanationRef("circuit", mask) for mask in circuits]),
        (
            "two interpretations of its smallest circuit",
            [ExplanationRef("interpretation", mask, str(index)) for mask in circuits[:1] for index in (0, 1)],
        ),
        ("minimal alignments of its simplest algorithms", alignments),
        (
            "an interpretation and an aligned algorithm",
            [ExplanationRef("interpretation", mask, "0") for mask in circuits[:1]] + alignments[:1],
        ),
    ]
    for label, refs in choices:
        if len(refs) >= LEAST:
            found.append(Link(label=label, url=addresses.compare(slug, refs, place.scope)))
    return found
