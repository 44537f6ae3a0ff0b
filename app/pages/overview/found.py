"""Findings about a network on its overview: two explanations that differ, and where all of them stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from markupsafe import Markup

from pluriscope.addresses.naming import LETTERS
from pluriscope.analyses.common_ground import ground_words
from pluriscope.analyses.compare import refs
from pluriscope.analyses.registry import COMMON_GROUND, PAIR, RIVALS
from pluriscope.analyses.shown import shown
from pluriscope.app.pages.analyses import older
from pluriscope.app.pages.circuit_sizes import sizes_chart
from pluriscope.app.pages.compare.choosing import known_two
from pluriscope.app.pages.counted import interpretations_counted
from pluriscope.app.pages.network_page import Known
from pluriscope.app.pages.place import FORMULAS
from pluriscope.figures.charts import Mark
from pluriscope.figures.numbers import exact, noun
from pluriscope.page_kit.blocks import Block, ChartFigure, Figure, Section, Side
from pluriscope.views.networks import draw_network


def two(known: Known) -> Iterator[Block]:
    """Two that contradict each other, or that share least; two of those that are known until these are found."""
    found = known.brief(RIVALS if known.place.question.kind.refuses(FORMULAS) else PAIR)
    if found is None:
        yield from _first_two(known)
        return
    head, *pair = shown(found.analysis).page(found.report, found.subject)
    yield head
    if found.stored is not None and found.stored.older:
        yield from older(found)
    yield from pair


def _first_two(known: Known) -> Iterator[Block]:
    question, place = known.place.question, known.place
    if known.known_count is None or not (refs := known_two(known.session, place)):
        return
    draws, drawn = draw_network, list[Block]()
    for ref in refs:
        mask = int(ref.removeprefix("c-"), 16)
        url, size = known.links.explanation(place.slug, ref, place.scope), noun(mask.bit_count(), place.part)
        caption = Markup('<a class="mono" href="{}">{}</a>, {}').format(url, ref, size)
        drawn.append(Figure(draws(question, mask, title=ref, thumb=True), caption))
    yield Section("Two that do the same", "both valid", id="pair")
    yield Side(drawn)


def ground(known: Known) -> Iterator[Block]:
    """Chart of how much each interpretation predicts right."""
    found, place = known.brief(COMMON_GROUND), known.place
    if found is None or place.analysis is None or not interpretations_counted(place.analysis):
        return
    chart, marks = found.thumb, list[Mark]()
    if (pair := known.pair) is not None:
        each = zip(LETTERS, refs(pair), (pair.first_right, pair.second_right), strict=False)
        url = found.subject.explanation
        marks += [Mark(pair.both_right + right, letter, url=url(ref)) for letter, ref, right in each]
    yield Section("How much each predicts right", f"of {exact(round(chart.x.high or 0))} interventions", id="map")
    caption = Markup('{} <a href="{}">More of it</a>').format(ground_words(chart), found.url)
    yield ChartFigure(chart=replace(chart, marks=[*chart.marks, *marks]), caption=caption, id="ground")


def sizes(known: Known) -> Iterator[Block]:
    """Circuits by what they keep and the rows they get right."""
    place, analysis = known.place, known.place.analysis
    if analysis is None or not analysis.circuits_listed:
        return
    listed = known.listed
    if len(set(listed["right"].tolist())) == 1:  # all in one row say nothing
        return
    counts = Counter(zip(listed["edges"].tolist(), listed["right"].tolist(), strict=True))
    yield Section("How many rows each gets right", f"{exact(sum(counts.values()))} circuits", id="map")
    caption = f"Circuits by {place.part}s kept and rows right, of {place.question.n_rows}."
    yield ChartFigure(chart=sizes_chart(counts, place.part, known), caption=caption, id="sizes")
