"""Notices to read on an overview before any number: on which rows, what was learned, why there is no search."""

from __future__ import annotations

from collections.abc import Iterator

from pluriscope.addresses.naming import Scope
from pluriscope.analyses.registry import of_kind
from pluriscope.analysis.circuits.result import certainty_of
from pluriscope.analysis.numerics.large_numbers import in_words
from pluriscope.analysis.results.unlearned import instead_of
from pluriscope.app.bundled import ALICE_AND_BOB_SAY
from pluriscope.app.db.tables import AnalysisRow
from pluriscope.app.limits import limits_in
from pluriscope.app.pages.counted import counts_of
from pluriscope.app.pages.explanations import people_of
from pluriscope.app.pages.network_page import Known
from pluriscope.app.pages.plan import METHOD_WORDS, plan_blocks, refusal_words
from pluriscope.app.pages.training.course import same_again
from pluriscope.figures.numbers import exact, readable
from pluriscope.page_kit.blocks import Action, Block, More, Notice, Prose


def own_rows(known: Known) -> Iterator[Notice]:
    """Notice that it is shown on other rows than those that it was brought with."""
    links, place, row = known.links, known.place, known.place.row
    if place.question.record.is_clean:
        own = links.network(row.slug, Scope(place.scope.output, data=row.input_data[:12]))
        yield Notice(
            "Its inputs are not 0 and 1",
            "It is analysed on rows of its own; this page shows what it does on 0 and 1, which is another question.",
            actions=[Action("Show it on its own inputs", own)],
        )


def people(known: Known) -> Iterator[Notice]:
    """Notice that two people explain it in two ways."""
    links, place, row = known.links, known.place, known.place.row
    each = [Action(f"{who}’s", links.explanation(row.slug, ref, place.scope)) for ref, who in people_of(row).items()]
    words = f"{ALICE_AND_BOB_SAY} On sets of neurons, which are counted above, only Bob’s has a place."
    if place.analysis is not None and str(counts_of(place.analysis).aligned_algorithms) == "2":
        words += " The two that are placed are his in two forms, alike by De Morgan’s laws."
    yield Notice("On directions, Alice and Bob explain it in two ways", words, actions=each)


def learned(known: Known) -> Iterator[Notice]:
    """Notice that no circuit is valid, or that the network did not learn its task."""
    analysis, question = known.place.analysis, known.place.question
    settings = question.kind.settings
    searched = analysis is not None and (analysis.circuits_method != "refused" if settings else known.state == "done")
    if analysis is not None and searched and not analysis.circuits_valid:
        yield _no_circuit(known, analysis)
    elif not settings and (words := question.kind.explaining.first_words(question)):
        yield Notice("The network did not learn this task", words)


def _no_circuit(known: Known, analysis: AnalysisRow) -> Notice:
    """Notice of why no circuit is valid, what the network does instead, and what can be done all the same."""
    links, place, kind = known.links, known.place, known.place.question.kind
    few, all_of = "None of the circuits drawn, of {} possible, is", "All {} possible circuits were tried; none is"
    tried = all_of if certainty_of(analysis.circuits_method) == "exact" else few
    if kind.settings:
        instead, train = kind.explaining.first_words(place.question), list[Action]()
    else:
        instead = instead_of(place.question)
        again = known.learning.again_url if known.learning is not None else same_again(place.row, links)
        train = [Action("Train it again", again) if again else Action("Train another", links.train())]
    cure = "To have what it does compute explained, save its network file and run "
    cure += "pluriscope analyse FILE --task decisions --output RESULT."
    play = Action("Play with it all the same", links.play(place.slug, (), place.scope))
    without_circuits = [one for one in of_kind(kind) if one.follows(place.question) and not one.searched]
    actions = [
        *([] if kind.refuses("play") else [play]),
        *(Action(one.title, links.analysis(place.slug, one.key, place.scope)) for one in without_circuits),
        *(*train, Action("Network file", links.network_file(place.slug))),
    ]
    words = f"{tried.format(in_words(int(analysis.circuits_possible)))} right on enough rows. {instead}"
    return Notice(
        "What it does instead" if instead else "No circuit is valid", words, cure if instead else "", actions=actions
    )


def planned(known: Known) -> Iterator[Block]:
    """Notice of what an analysis would take, or why there can be none."""
    plan = known.plan
    if isinstance(plan, tuple):
        cures = " ".join(f"{one.cure[:1].upper()}{one.cure[1:]}." for one in plan)
        yield Notice("It cannot be analysed", refusal_words(plan), cures, "refused")
    elif plan is not None:
        words = f"An analysis would {METHOD_WORDS[plan.method]} of {readable(plan.possible)} possible. {plan.reason}"
        if plan.method == "sampled":
            limits = limits_in(known.session)
            words += f" {exact(limits.n_samples)} circuits would be tested; the number comes with a "
            words += f"{limits.confidence * 100:g}% interval, which is guaranteed, and is never exact."
        yield Prose(words, glossary=False)
        session, place = known.session, known.place
        yield More("What it takes", lambda: plan_blocks(session, place), "seconds and memory", id="plan")
