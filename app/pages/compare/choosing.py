"""Choice of what is compared: what an address names, offers where it names nothing, and who contradicts one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

import numpy as np
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses, ResultRef
from pluriscope.addresses.naming import LEAST, MOST, ExplanationRef
from pluriscope.analyses.compare import refs
from pluriscope.analyses.registry import PAIR, RIVALS
from pluriscope.analysis.discovery.neighbours import neighbours_of
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.interventions.experiments import run_interventions
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.app.db.listing import frame_of_analysis, prominent_in
from pluriscope.app.db.reports import report_of, reports_of
from pluriscope.app.errors import BadQuery, NotFound, PageError
from pluriscope.app.pages.analyses import asked, waiting
from pluriscope.app.pages.compare.compared import UNTIL, Compared, short
from pluriscope.app.pages.compare.networks import OnInterventions
from pluriscope.app.pages.compare.options import ComparedOptions, CompareOptions
from pluriscope.app.pages.compare.sites import ComparedOnSites
from pluriscope.app.pages.explanations import Explanation, find_explanation, people_of, read_ref, readings_of
from pluriscope.app.pages.own import known_circuits_of
from pluriscope.app.pages.page import column
from pluriscope.app.pages.place import FORMULAS, AnyPlace, Place, check_boolean, locate
from pluriscope.figures.numbers import exact, noun
from pluriscope.page_kit.blocks import Action, Block, Head, Notice, Progress, Prose, Section, Table
from pluriscope.tables.table import Query, Row

_SHOWN: Final = 6
_ASKED: Final = 12
"""Of each kind, and of the other interpretations of its circuit."""
_COLUMNS: Final = (
    column("name", "Explanation", "That contradicts it.", "name", first=True),
    column("apart", "Contradictions", "Interventions on which the two say different things.", "int"),
    column("right", "It is right", "Of those, as the network answers.", "int"),
    column("other", "The other is", "Of those, as the network answers.", "int"),
)


def build_compare(session: Session, links: Addresses, options: CompareOptions) -> Compared:
    """The comparison that an address names.

    Raises:
        NotFound: no such network, or none is named, or a reference that names nothing; the message says which.
        BadQuery: a malformed reference, fewer than two, more than six, or several networks.
    """
    return compare_of(session, links, one_network(links, options), options)


def one_network(links: Addresses, options: CompareOptions) -> str:
    """The network that an address names.

    Raises:
        NotFound: it names none.
        BadQuery: it names several.
    """
    names = list(dict.fromkeys(name.strip() for name in options.network if name.strip()))
    if not names:
        cause, cure = "does not name its network", "add network=NAME to it"
        raise NotFound("this comparison", cause, cure, "network", links.gallery(), "all networks")
    if len(names) > 1:
        cause, cure = f"names {len(names)} networks; they have other neurons", "choose explanations of one network"
        raise BadQuery("this comparison", cause, cure, "network", links.compare(names[0]), "choosing explanations")
    return names[0]


def compare_of(session: Session, links: Addresses, network: str, options: ComparedOptions) -> Compared:
    """The comparison of some explanations of a network, or of some circuits of a transformer; where an address names
    none, of its own pair, and of two known circuits until an analysis has found one.

    Raises:
        NotFound: no such network, or a reference that names nothing; the message says which.
        BadQuery: a malformed reference, fewer than two, or more than six.
    """
    place = find_place(session, links, network, options)
    offered = choices(session, place)
    texts, meanwhile = texts_of(links, options, place) or next(iter(offered.values()), []), list[Block]()
    if not texts:
        words = "Shown meanwhile: the smallest circuit that is known and the one that differs most from it."
        texts, meanwhile = known_two(session, place), [Prose(words, glossary=False)]
        meanwhile += searched_for(session, links, place)
    found = _find_chosen(session, links, place, texts)
    explanations = list({str(one.ref): one for one in found.values()}.values())
    if len(explanations) < LEAST:
        cause = f"names {len(explanations)} of the two or more explanations that it needs"
        parent = links.compare(place.slug, [str(one.ref) for one in explanations], place.scope)
        raise BadQuery("this comparison", cause, "choose the others first", "e", parent, "choosing explanations")
    on_sites = any(one.on_sites for one in explanations) or bool(place.question.kind.refuses(FORMULAS))
    compared = ComparedOnSites if on_sites else OnInterventions
    for position, one in enumerate(explanations, start=1) if not place.question.kind.refuses(FORMULAS) else ():
        if on_sites and not one.on_sites and one.kind != "circuit":
            item, cure = f"explanation {position} ({one.ref})", "compare these with circuits and with each other"
            raise BadQuery(item, "is about neurons, and algorithms with finite variables are about sites", cure, "e")
    return compared(session, links, place, explanations, options, offered, meanwhile)


def find_place(session: Session, links: Addresses, network: str, options: ComparedOptions) -> AnyPlace:
    """Locate the network, output, protocol and data that an address names.

    Raises:
        NotFound: no such network, output, protocol or data record, or rows that stand for no Boolean inputs.
    """
    place = locate(session, links, network, options.scope)
    if not place.question.kind.refuses(FORMULAS):
        check_boolean(place, links)
    return place


def texts_of(links: Addresses, options: ComparedOptions, place: AnyPlace) -> list[str]:
    """The references of an address, each once.

    Raises:
        BadQuery: more than six; it leads to the comparison of the first of them.
    """
    texts = list(dict.fromkeys(text.strip() for text in options.e if text.strip()))
    if place.question.kind.refuses(FORMULAS):  # a mask alone names a circuit
        texts = [text if "-" in text else f"c-{text}" for text in texts]
    if len(texts) > MOST:
        cause, cure = f"at most {MOST} can be compared at once", f"leave out {len(texts) - MOST} of them"
        first = links.compare(place.slug, texts[:MOST], place.scope)
        raise BadQuery(f"{len(texts)} explanations", cause, cure, "e", first, f"the first {MOST} of them")
    return texts


def _find_chosen(
    session: Session, links: Addresses, place: AnyPlace, texts: Sequence[str]
) -> dict[str, Explanation[Question]]:
    """Every reference with its explanation."""
    found: dict[str, Explanation[Question]] = {}
    wrong: PageError | AnalysisError | None = None
    for position, text in enumerate(texts, start=1):
        try:
            one = find_explanation(session, links, place, read_ref(text, position), position)
            if one.ref.protocol and not place.boolean:
                item, cure = f"explanation {position} ({text[:80]})", "compare circuits under the same rules"
                raise BadQuery(item, "is under other rules", cure, "e")
            found[text] = one
        except (PageError, AnalysisError) as error:
            wrong = wrong or error
    if isinstance(wrong, PageError) and (not wrong.parent or len(found) >= LEAST):
        wrong.parent, wrong.parent_label = links.compare(place.slug, list(found), place.scope), "the others"
    if wrong is not None:
        raise wrong
    return found


# --- where too few are named


def choosing(session: Session, links: Addresses, place: AnyPlace, options: CompareOptions) -> Iterator[Block]:
    """The page of a comparison that is not complete.

    Raises:
        PageError: it names an explanation that is not there.
    """
    every, chosen = links.explanations(place.slug, place.scope), "".join(options.e[:1])
    if chosen:  # the list ticks it
        every += f"#compare={quote(chosen)}"
    tick = [Action("Tick others in the list", every, primary=True)]
    one = None
    if chosen and not place.question.kind.refuses(FORMULAS):
        one = find_explanation(session, links, place, read_ref(chosen, 1), 1)
    if one is None or one.on_sites:
        none = place.analysis is not None and place.analysis.circuits_valid == 0
        known = "No valid circuit is known." if none else "Fewer than two valid circuits are known."
        words = "Choose two or more." if chosen else f"{known} Choose two explanations."
        yield Head(f"Compare {short(chosen) or 'explanations'} of {place.row.name}", words, actions=tick)
        yield from searched_for(session, links, place)
        return
    yield from _against(session, links, place, one, tick)


def _against(
    session: Session, links: Addresses, place: Place, one: Explanation[Question], actions: Sequence[Action]
) -> Iterator[Block]:
    """Show who contradicts an explanation most, of those that stand out and the others of its circuit."""
    space, answers = run_interventions(place.question)
    said, name = one.predictions(space), short(str(one.ref))
    if not (said >= 0).any():
        yield Head(f"Compare {name} of {place.row.name}", "Choose two or more.", actions=actions)
        if one.kind in UNTIL:
            where, anchor = ("interpretations", "interpretations") if one.circuit else ("placements", "alignments")
            why = f"{UNTIL[one.kind][:1].upper()}{UNTIL[one.kind][1:]}."
            yield Notice(f"Its {where} can be compared", why, actions=[Action(f"Its {where}", f"{one.url()}#{anchor}")])
        return
    rows = []
    others = list(_others(session, place, one))
    for ref in others:
        predicted = find_explanation(session, links, place, ref, 2).predictions(space)
        apart = answers.counted & (said >= 0) & (predicted >= 0) & (said != predicted)
        n, right = int(apart.sum()), int((apart & (said == answers.decisions)).sum())
        if n:
            url = links.compare(place.slug, [one.ref, ref], place.scope)
            rows.append(Row({"name": short(str(ref)), "apart": n, "right": right, "other": n - right}, url=url))
    right = int((answers.counted & (said == answers.decisions)).sum())
    words = f"It is right on {exact(right)} of {noun(int(answers.counted.sum()), 'intervention')}."
    yield Head(f"Who contradicts {name}?", words, actions=actions)
    if rows:
        asked = f"of {noun(len(others), 'explanation')} asked: some that stand out, and some of its circuit"
        yield Section("They contradict it most", asked)
        yield Table.short("explanation", _COLUMNS, sorted(rows, key=lambda row: -row["apart"])[:_SHOWN])
    else:
        yield Notice(f"None of {noun(len(others), 'explanation')} asked contradicts it")


def _others(session: Session, place: Place, one: Explanation[Question]) -> Iterator[ExplanationRef]:
    """List those of the list's first page that predict something, and the other interpretations of its circuit."""
    found = set()
    if place.analysis is not None:
        frame = frame_of_analysis(session, place.analysis, place.question, ResultRef(place.slug, place.scope))
        for kind in {part.kind for part in frame.parts} & {"interpretation", "alignment"}:
            query = Query({"kind": (kind,), "valid": ("yes",)}, limit=_ASKED)
            found |= {row.ref for row in frame.select(query, facets=False).rows}
    if one.interpretation is not None:
        circuit = one.interpretation.circuit
        space = readings_of(place, circuit.mask, place.question.judge(circuit.mask)).space
        ranks = range(min(_ASKED, space.n_observed)) if space is not None else ()
        indices = [space.index_of_observed(rank) for rank in ranks] if space is not None else []
        found |= {str(ExplanationRef("interpretation", circuit.hex, str(index))) for index in indices}
    return (ExplanationRef.parse(ref) for ref in sorted(found - {str(one.ref)}))


def searched_for(session: Session, links: Addresses, place: AnyPlace) -> list[Notice | Progress]:
    """Progress of the searches for two that stand out, where they have found none."""
    pairs = asked(session, place, links, [one for one in (PAIR, RIVALS) if not one.refuses(place.question)])
    found = [waiting(one) for one in pairs if one.stored is None]
    return [one for number, one in enumerate(found) if one not in found[:number]]


def choices(session: Session, place: AnyPlace) -> dict[str, list[str]]:
    """Explanations of a network to compare where nothing is chosen, by what they are: two that an analysis found, the
    interpretations that predict most and least, and Alice's and Bob's algorithms where these are bundled.
    """
    people = people_of(place.row) if place.boolean else {}
    found = {" and ".join(f"{name}’s" for name in people.values()): [*people]} if people else {}
    reports = {} if place.analysis is None else reports_of(session, place.analysis, [PAIR.key, RIVALS.key])
    for one in (PAIR, RIVALS):
        report: Any = report_of(reports[one.key], one.report) if one.key in reports else None
        if report is not None and report.pair is not None:
            found[one.title] = refs(report.pair)
    ends = {} if place.analysis is None else {one.mark: one for one in prominent_in(session, place.analysis)}
    if {"best", "worst"} <= ends.keys():
        named = [(place.question.layout.to_hex(ends[mark].mask), ends[mark].index) for mark in ("best", "worst")]
        if named[0] != named[1]:
            found["The best and the worst"] = [str(ExplanationRef("interpretation", *map(str, one))) for one in named]
    return found


def known_two(session: Session, place: AnyPlace) -> list[str]:
    """The smallest circuit that is known and the one that differs most from it; [] where fewer than two are known."""
    circuits = known_circuits_of(session, place)[0].search
    if circuits is None or not len(circuits.masks):
        return []
    smallest = int(circuits.masks[np.bitwise_count(circuits.masks).argmin()])
    farthest = neighbours_of(smallest, circuits.masks).farthest
    if farthest is None:
        return []
    return [str(ExplanationRef("circuit", place.question.graph.to_hex(one))) for one in (smallest, farthest)]


def own_pair(session: Session, place: AnyPlace) -> list[str]:
    """First choice of what to compare of a network; [] where no analysis has found a pair."""
    return next(iter(choices(session, place).values()), [])
