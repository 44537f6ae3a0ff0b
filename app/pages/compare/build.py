"""From a comparison's address to its page."""

from __future__ import annotations

from sqlalchemy.orm import Session

from analysis.alignments.iia import interchange_rows
from analysis.experiments import decide_under_interventions, intervention_space
from app.addressing import Addresses
from app.errors import BadQuery
from app.pages.compare.choosing import nothing_yet, to_choose
from app.pages.compare.contrast import LEAST, MOST
from app.pages.compare.options import CompareOptions
from app.pages.compare.sides import side_by_side
from app.pages.compare.views import ComparePage
from app.pages.explanations import find_explanation, read_ref
from app.pages.shared import Place, find_network, locate


def build_compare(session: Session, addresses: Addresses, options: CompareOptions) -> ComparePage:
    """The comparison that an address names.

    Raises:
        NotFound: no such network, or a reference that names nothing; the message says which.
        BadQuery: a malformed reference, more than six, or more than one network.
    """
    texts = list(dict.fromkeys(text.strip() for text in options.e if text.strip()))
    if len(texts) > MOST:
        raise BadQuery(f"{len(texts)} explanations", f"at most {MOST} can be compared at once", "leave some out", "e")
    place = _place(session, addresses, options)
    if place is None:
        return nothing_yet(addresses, texts)
    refs = [read_ref(text, position) for position, text in enumerate(texts, start=1)]
    found = [find_explanation(session, addresses, place, ref, position) for position, ref in enumerate(refs, start=1)]
    explanations = list({str(explanation.ref): explanation for explanation in found}.values())
    if len(explanations) < LEAST:
        return to_choose(session, addresses, place, explanations)
    space = intervention_space(place.cut.hidden_sizes, place.cut.n_inputs)
    answers = decide_under_interventions(place.cut, interchange_rows(place.data), space)
    predictions = [explanation.predictions(space) for explanation in explanations]
    return side_by_side(
        addresses, place, explanations, space, answers, predictions, show_all=options.experiments == "all"
    )


def _place(session: Session, addresses: Addresses, options: CompareOptions) -> Place | None:
    """What is compared, None if the address names no network."""
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
        )
    return locate(session, addresses, names[0], options.scope)
