"""The rows of the funnel, from stored verdicts: each kind of explanation by itself, nothing computed but sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np

from analysis.criteria.criterion import Kind
from analysis.criteria.funnel import CountedRow, FunnelRow, counted_rows
from analysis.criteria.steps import CriterionStep
from analysis.explanations.registry import BY_KEY, RECORDED
from analysis.result import CriterionTally
from app.figures.numbers import exact, noun, plural
from app.pages.funnel.editing import settings_words
from app.pages.funnel.model import FunnelRowView, KindFunnel, Outcomes, ScaledView
from app.pages.funnel.stored import Lists, Verdicts

NOUNS: Final[Mapping[Kind, str]] = {
    "circuit": "circuit",
    "interpretation": "interpretation",
    "algorithm": "algorithm",
    "alignment": "alignment",
    **{kind.key: kind.noun for kind in RECORDED},
}


def circuit_funnel(verdicts: Verdicts, lists: Lists) -> KindFunnel:
    """The circuits, with the interpretations of those left."""
    steps, counts = verdicts.of("circuit"), verdicts.counts
    rows = []
    for number, (step, row) in enumerate(zip(steps, verdicts.circuit_rows, strict=True)):
        places = np.flatnonzero(row.left)
        rows.append(
            _row(
                verdicts,
                "circuit",
                step,
                row,
                lists.passing("circuit", steps[: number + 1]),
                lists.failing("circuit", steps[:number], step),
                interpretations=verdicts.numbers.total("interpretations", places),
                observed=verdicts.numbers.total("observed", places),
                scaled=verdicts.scaled(number),
            )
        )
    n, left = verdicts.n["circuit"], np.flatnonzero(verdicts.circuits_left)
    begin = f"of {exact(counts.circuits_possible)} possible"
    if counts.drawn:
        begin = f"listed of {counts.told('circuits_valid')} valid ones, {begin}"
    elif counts.circuits_kind == "truncated":
        begin = f"where the search stopped, {begin}"
    return _funnel(
        "circuit",
        n,
        f"{plural(n, 'valid circuit')} {begin}",
        rows,
        len(left),
        lists.passing("circuit", ()),
        lists.passing("circuit", steps),
        interpretations=verdicts.numbers.total("interpretations", left),
        observed=verdicts.numbers.total("observed", left),
        scaled=rows[-1].scaled if rows else None,
    )


def interpretation_funnel(verdicts: Verdicts, lists: Lists) -> KindFunnel:
    """The interpretations of the circuits left: numbers only, each step also by itself."""
    steps, left = verdicts.of("interpretation"), verdicts.circuits_left
    total = verdicts.numbers.total("interpretations", np.flatnonzero(left))
    sure = all(row.whole for row in verdicts.circuit_rows)
    counted: Sequence[CountedRow]
    if verdicts.summed:
        found = [(step.key, verdicts.columns.get(("interpretation", step))) for step in steps]
        counted = counted_rows(found, verdicts.numbers.of_each("interpretations"), left)
    else:
        counted = [CountedRow(None, 0, total, 0, False) for _ in steps]
    rows, before = [], total
    for number, (step, row) in enumerate(zip(steps, counted, strict=True), start=1):
        # of a criterion about both kinds that only comes later, the list would ask the interpretations already
        asks_more = any(later in verdicts.of("circuit") for later in steps[number:])
        rows.append(
            FunnelRowView(
                position=verdicts.steps.index(step),
                key=step.key,
                label=step.criterion.label,
                settings=settings_words(step),
                state=verdicts.state("interpretation", step),
                before=before,
                outcomes=None if row.alone is None else outcomes_of(row.alone),
                left=row.most,
                left_least=row.least,
                open=row.n_open,
                whole=row.whole and sure,
                interpretations=None,
                observed=None,
                scaled=None,
                left_url=lists.readings(steps[:number]) if row.whole and sure and not asks_more else None,
                failed_url=None,
            )
        )
        before = row.most
    last = counted[-1] if counted else CountedRow(None, total, total, 0, True)
    circuits = int(np.count_nonzero(left))
    return _funnel(
        "interpretation",
        total,
        f"{plural(total, 'interpretation')} of the {noun(circuits, 'circuit')} left",
        rows,
        last.most,
        None,
        (rows[-1].left_url if rows else None) or lists.passing("circuit", verdicts.of("circuit")),
        left_least=last.least,
        sure=sure,
    )


def algorithm_funnel(verdicts: Verdicts, lists: Lists) -> KindFunnel:
    """The candidate algorithms."""
    steps = verdicts.of("algorithm")
    rows = _rows(verdicts, lists, "algorithm", verdicts.algorithm_rows, partial(lists.passing, "algorithm"))
    listed, candidates = verdicts.n["algorithm"], verdicts.counts.algorithms_candidates
    begin = plural(listed, "candidate algorithm")
    if listed < candidates:
        begin = f"listed of {noun(candidates, 'candidate algorithm')}"
    aligned = len(np.unique(verdicts.algorithm_of[verdicts.alignments_left])) if verdicts.n["alignment"] else 0
    return _funnel(
        "algorithm",
        listed,
        begin,
        rows,
        int(np.count_nonzero(verdicts.algorithms_left)),
        lists.passing("algorithm", ()),
        lists.passing("algorithm", steps),
        algorithms=aligned,
    )


def alignment_funnel(verdicts: Verdicts, lists: Lists) -> KindFunnel:
    """The kept valid alignments of the algorithms left."""
    steps = verdicts.of("alignment")
    sure = all(row.whole for row in verdicts.algorithm_rows)
    n, begin = verdicts.n["alignment"], int(np.count_nonzero(verdicts.aligned_left))
    rows = _rows(verdicts, lists, "alignment", verdicts.alignment_rows, lists.aligned, sure=sure)
    words = plural(begin, "valid alignment") + ("" if begin == n else f" of the algorithms left, of {exact(n)} in all")
    return _funnel(
        "alignment",
        begin,
        words,
        rows,
        int(np.count_nonzero(verdicts.alignments_left)),
        lists.aligned(()),
        lists.aligned(steps),
        sure=sure,
    )


def recorded_funnel(verdicts: Verdicts, lists: Lists, kind: Kind) -> KindFunnel:
    """The explanations of a kind stored as columns."""
    steps, found = verdicts.of(kind), verdicts.recorded_rows(kind)
    rows = _rows(verdicts, lists, kind, found, partial(lists.passing, kind))
    n = verdicts.n[kind]
    left = found[-1].n_left if found else n
    words = BY_KEY[kind].noun if n == 1 else BY_KEY[kind].plural
    return _funnel(kind, n, words, rows, left, lists.passing(kind, ()), lists.passing(kind, steps))


def outcomes_of(tally: CriterionTally) -> Outcomes:
    return Outcomes.showing(tally)


def _rows(
    verdicts: Verdicts,
    lists: Lists,
    kind: Kind,
    found: Sequence[FunnelRow],
    passing: Callable[[Sequence[CriterionStep]], str | None],
    *,
    sure: bool = True,
) -> list[FunnelRowView]:
    """The rows of a kind that is listed one by one, with the lists of what passes so far and of what a step removes."""
    steps = verdicts.of(kind)
    return [
        _row(verdicts, kind, step, row, passing(steps[: n + 1]), lists.failing(kind, steps[:n], step), sure=sure)
        for n, (step, row) in enumerate(zip(steps, found, strict=True))
    ]


def _row(
    verdicts: Verdicts,
    kind: Kind,
    step: CriterionStep,
    row: FunnelRow,
    left_url: str | None,
    failed_url: str | None,
    *,
    interpretations: int | None = None,
    observed: int | None = None,
    scaled: ScaledView | None = None,
    sure: bool = True,
) -> FunnelRowView:
    known = row.tally is not None
    return FunnelRowView(
        position=verdicts.steps.index(step),
        key=step.key,
        label=step.criterion.label,
        settings=settings_words(step),
        state=verdicts.state(kind, step),
        before=row.before,
        outcomes=None if row.tally is None else outcomes_of(row.tally),
        left=row.n_left,
        left_least=row.n_left,
        open=row.n_open,
        whole=row.whole and sure,
        interpretations=interpretations if known else None,
        observed=observed if known else None,
        scaled=scaled if known else None,
        left_url=left_url if known else None,
        failed_url=failed_url if known and row.tally is not None and row.tally.failed else None,
    )


def _funnel(
    kind: Kind,
    begin: int,
    begin_words: str,
    rows: list[FunnelRowView],
    left: int,
    begin_url: str | None,
    left_url: str | None,
    *,
    left_least: int | None = None,
    interpretations: int | None = None,
    observed: int | None = None,
    algorithms: int | None = None,
    scaled: ScaledView | None = None,
    sure: bool = True,
) -> KindFunnel:
    whole = sure and all(row.whole for row in rows)
    n_open = rows[-1].open if rows else 0
    fatal = next((place for place, row in enumerate(rows) if row.outcomes is not None and not row.left), None)
    last = None if fatal is None else rows[fatal - 1].left_url if fatal else begin_url
    return KindFunnel(
        kind=kind,
        noun=NOUNS[kind],
        begin=begin,
        begin_words=begin_words,
        begin_url=begin_url,
        rows=rows,
        left=left,
        left_least=left if left_least is None else left_least,
        open=n_open,
        whole=whole,
        interpretations=interpretations,
        observed=observed,
        algorithms=algorithms,
        scaled=scaled,
        left_url=left_url if left else None,
        last_url=last if begin else None,
        verdict=_verdict(kind, begin, left, n_open, whole=whole, scaled=scaled, rows=rows),
    )


def brief(number: int) -> str:
    """A count as running text has it: all digits up to a billion, then a power of ten."""
    digits = str(number)
    return exact(number) if len(digits) < 10 else f"{digits[0]}.{digits[1:3]} × 10^{len(digits) - 1}"


def counted(number: int, word: str) -> str:
    """A count with its noun, as running text has it."""
    return f"{brief(number)} {plural(number, word)}"


def _verdict(
    kind: Kind,
    begin: int,
    left: int,
    n_open: int,
    *,
    whole: bool,
    scaled: ScaledView | None,
    rows: Sequence[FunnelRowView],
) -> str:
    """What it means that so many are left."""
    word = NOUNS[kind]
    if not begin:
        others = {"interpretation": "circuit", "alignment": "algorithm with an alignment"}.get(kind)
        return f"No {others} is left, so no {word} either." if others else f"There is no {word} to begin with."
    if not rows:
        return f"No criterion of this sequence is about {word}s: all stay."
    if not whole and left:
        return f"Some verdicts are not computed yet; at most {counted(left, word)} can be left."
    more = f"{brief(n_open)} more would be, were everything undecided to pass"
    if left == 1 and not n_open:
        return f"One {word} is left under these criteria."
    if left:
        return f"{counted(left, word)} of {brief(begin)} left{f'; {more}' if n_open else ''}."
    if n_open:
        return f"None is known to be left; {more}."
    fatal = next(row for row in rows if not row.left)
    smallest = (
        " Minimality compares a circuit with every valid one, not only with those left."
        if fatal.key.startswith("minimal-") and kind == "circuit"
        else ""
    )
    finding = f"no {word} has all these properties at once"
    if scaled is not None:
        sure = f"with {scaled.confidence * 100:g}% confidence at most {brief(scaled.high)} of all valid ones"
        finding = f"none of the {exact(begin)} drawn has all these properties at once, and {sure}"
    return (
        f"None survives: “{fatal.label}” removes the last {counted(fatal.before, word)}.{smallest} That is a finding "
        f"about these criteria, not a failure: {finding}. Remove or loosen one to see which of them conflict."
    )
