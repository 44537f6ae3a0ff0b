"""Overview of a network whose rules are settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from markupsafe import Markup

from pluriscope.analyses.algorithms import OWN
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.app.db.listing import ALGORITHMS, INTERPRETATIONS
from pluriscope.app.db.reads.jobs import UNFINISHED
from pluriscope.app.pages.candidates import stored_placements
from pluriscope.app.pages.explanation_list import searched
from pluriscope.app.pages.network_page import Known
from pluriscope.app.pages.overview.part import Contents
from pluriscope.app.pages.place import key_of
from pluriscope.app.pages.read_circuits import stored_readings
from pluriscope.app.pages.stage import model_stage
from pluriscope.figures.numbers import exact, noun, readable
from pluriscope.kinds.placements import closest, rounded
from pluriscope.objects.counts import placement_counts
from pluriscope.page_kit.blocks import Action, Choice, Fact, Menu

_SETTINGS: Final = {"granularity": "Circuits by", "ablation": "what is left out carries", "embedding": "embedding"}
_GRAIN: Final = "granularity"
_NAMES: Final = 4  # of parts that all keep


def of_graph(known: Known, row: int | None) -> Contents:
    """A network of another kind than perceptrons."""
    place = known.place
    right = sum(one.right for one in known.behaviour)
    return Contents(
        sentence=f"This {place.question.kind.noun} answers right on {exact(right)} of {place.rows}.",
        stage=model_stage(place, known.links, known.behaviour, row),
        counts=list(_counts(known)),
        rules=list(_switches(known, [one for one in place.question.rules if one != _GRAIN])),
        remarks=" ".join(filter(None, (*_missing(known), *_of_logits(place.question), known.decided_alike))),
        search=searched(known.session, known.links, place, known.job),
    )


def _of_logits(question: GraphQuestion) -> Iterator[str]:
    """Sentence of what is not well defined of circuits of edges into several logits."""
    if question.rules.get("granularity") == "logit-edges":
        yield "Edges into several logits are not well defined: what is added to all of them changes no decision,"
        yield "but may change which circuits are valid."


def grains(known: Known) -> Iterator[Menu]:
    """What else circuits may be made of, behind the name of what they are made of here."""
    for one in _switches(known, [_GRAIN]):
        others = [Action(words, url) for words, url in one.options.items() if words != one.chosen]
        yield Menu(f"{one.label} {one.chosen}", others)


def _switches(known: Known, settings: Sequence[str]) -> Iterator[Choice]:
    """A switch for each of some settings of the rules; where the others do not fit a value, the first that do."""
    place = known.place
    admitted, here = place.question.admitted(), place.question.rules

    def like(one: Any) -> tuple[int, bool]:
        return sum(one.rules[key] == here[key] for key in here), one.decided == place.question.decided

    for setting in filter(here.__contains__, settings):
        now = here[setting]
        urls = dict[str, str]()
        for value in dict.fromkeys(one.rules[setting] for one in admitted):
            fits = [one for one in admitted if one.rules[setting] == value]
            nearest = max(fits, key=like)
            urls[value] = known.links.network(place.slug, replace(place.scope, protocol=key_of(nearest)))
        if len(urls) > 1:
            yield Choice(_SETTINGS.get(setting, setting.capitalize()), urls, now)


def _counts(known: Known) -> Iterator[Fact]:
    """Facts of how many circuits are valid, what all keep, and how small the smallest is."""
    part, kept, sizes = known.place.part, known.verdict.kept, known.listed.get("edges")
    if kept is not None:
        names = ", ".join(name.replace("-", "→") for name in kept[:_NAMES])
        yield Fact(f"{part.capitalize()}s that all keep", exact(len(kept)), names + ", …" * (len(kept) > _NAMES))
    if sizes is not None and len(sizes):
        least = f"{sizes.min()} to {sizes.max()}" if sizes.min() < sizes.max() else str(sizes[0])
        yield Fact(f"{part.capitalize()}s of one circuit", least, "of those listed")
    refuses = known.place.question.kind.refuses
    if not refuses("readings"):
        yield _interpretations(known)
    if not refuses("sites"):
        yield from _algorithms(known)


def _interpretations(known: Known) -> Fact:
    """How many interpretations the circuits that were read have; that nobody asked, or that they are counted now."""
    place, links, report = known.place, known.links, stored_readings(known.session, known.place)
    url = links.analysis(place.slug, INTERPRETATIONS, place.scope)
    if report is None:
        computing = any(one.kind == INTERPRETATIONS and one.state in UNFINISHED for one in known.jobs)
        return Fact("Interpretations", "–", "being counted" if computing else "nobody asked yet", "", url)
    every = report.by_mask.values()
    which = "all" if report.all_there_is else "the smallest"
    read = f"by variables of the task, of {exact(sum(one.count > 0 for one in every))} of {which} {exact(len(every))}"
    return Fact("Interpretations", readable(sum(one.count for one in every)), f"{read} circuits", "", url)


def _algorithms(known: Known) -> Iterator[Fact]:
    """Facts of how many algorithms are placed, and how many ways; that nobody asked, or that it is computed now."""
    place, links, report = known.place, known.links, stored_placements(known.session, known.place)
    every = links.analysis(place.slug, ALGORITHMS, place.scope)
    if report is None:
        computing = any(one.kind == ALGORITHMS and one.state in UNFINISHED for one in known.jobs)
        words = "being searched" if computing else "nobody asked yet"
        yield Fact("Algorithms placed", "–", words, "", every)
        return
    counts = placement_counts(report)
    if not report.distinct:
        words = "no algorithm for its task is known here; write one"
        yield Fact("Algorithms placed", "–", words, "", links.analysis(place.slug, ALGORITHMS, place.scope, OWN))
        return
    of = f"of {noun(len(report.distinct), 'algorithm')} for its task"
    if not any(each.asked for one in report.distinct for each in one.variables):
        of += "; no interchange of one variable alone changes an answer"
    if not report.placed and (near := closest(report)) is not None:
        of += f"; the closest has {near.score.text} interchanges right on {rounded(near.sites)}"
    yield Fact("Algorithms placed", Markup("{}").format(counts["aligned_algorithms"]), of, "", every)
    if report.placed:
        of = f"{counts['minimal_alignments']} minimal"
        of += "; all that is listed follows from accuracy" if report.follows else ""
        url = links.explanations(place.slug, place.scope, kind="alignment")
        yield Fact("Placements", Markup("{}").format(counts["valid_alignments"]), of, "", url)


def _missing(known: Known) -> Iterator[str]:
    """Say why draws are not enough to say how many are valid; how many miss a row, where all are listed."""
    analysis, n_rows = known.place.analysis, known.place.question.n_rows
    yield from filter(None, [analysis and analysis.distributions.get("why")])
    if analysis is not None and 0 < analysis.circuits_valid == analysis.circuits_listed:
        wrong = int((known.listed["right"] < n_rows).sum())
        miss = f"{exact(wrong) if wrong else 'none'} of the valid ones {'misses' if wrong < 2 else 'miss'} one or more"
        yield f"A circuit is valid if it is right on more than 99% of {exact(n_rows)} rows; {miss}."
