"""The page of the funnel, built from stored verdicts alone."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from analysis.criteria.budget import budget_that_ended
from analysis.criteria.funnel import QUOTIENT
from analysis.criteria.steps import CriterionStep
from app.addressing import Addresses
from app.db.job_tables import JobRow
from app.db.reads.funnel import verdict_contents
from app.db.reads.jobs import UNFINISHED
from app.db.reads.verdicts import judging_jobs
from app.db.tables import AnalysisRow
from app.figures.numbers import noun
from app.limits import limits_in
from app.pages.funnel.editing import Url, additions, edited, preset_views, step_views
from app.pages.funnel.model import (
    FunnelPage,
    KindFunnel,
    Pending,
    RowState,
    Toggle,
    Unhurried,
)
from app.pages.funnel.options import MAX_STEPS, FunnelOptions, FunnelPageOptions, criteria_of
from app.pages.funnel.rows import (
    NOUNS,
    algorithm_funnel,
    alignment_funnel,
    brief,
    circuit_funnel,
    counted,
    interpretation_funnel,
    recorded_funnel,
)
from app.pages.funnel.stored import Lists, Verdicts
from app.pages.place import Place, locate_boolean
from app.pages.shared import Counts, counts_of, job_view, network_view, scope_now
from app.recent import Recent

TOGGLES = {
    "representative": (
        "Symmetries",
        "Permuting hidden neurons that have equal weights changes names, not what is computed.",
    ),
    QUOTIENT: (
        "Unobservable choices",
        "Interpretations that differ only on parent combinations that no input reaches are the same on every input.",
    ),
}


def build_funnel(session: Session, addresses: Addresses, network: str, options: FunnelOptions) -> FunnelPage:
    """The funnel that an address asks for.

    Raises:
        NotFound: no such network, output, protocol or data record.
        BadQuery: an unknown criterion or parameter, a value out of range, too many steps.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    steps = edited(options) if isinstance(options, FunnelPageOptions) else options.steps
    slug, scope, analysis = place.row.slug, place.scope, place.analysis

    def url(sequence: Sequence[CriterionStep]) -> str:
        return addresses.funnel(slug, scope, criteria=criteria_of(sequence))

    counts, verdicts, lists = None, None, None
    states: dict[CriterionStep, RowState] = dict.fromkeys(steps, "not_computed")
    job = None
    funnels: tuple[KindFunnel, ...] = ()
    if analysis is not None:
        counts = counts_of(analysis)
        jobs = judging_jobs(session, analysis)
        job = next(iter(jobs), None)
        underway = {text for one in jobs if one.state in UNFINISHED for text in one.arguments["criteria"]}
        verdicts = Verdicts.read(session, place, counts, steps, underway)
        lists, states = Lists(addresses, place, verdicts), verdicts.states()
        what = (tuple(map(str, steps)), frozenset(underway))
        make = partial(_all_kinds, verdicts, lists)
        funnels = kept(session, addresses, place, analysis, what, make)
    return FunnelPage(
        network=network_view(place.row, addresses),
        scope=scope_now(session, place, addresses),
        counts=counts,
        criteria=[str(step) for step in steps],
        recommended=not criteria_of(steps),
        steps=step_views(steps, states, addresses, url),
        circuits=list(funnels[:2]),
        algorithms=list(funnels[2:]),
        recorded=[]
        if verdicts is None or lists is None
        else [recorded_funnel(verdicts, lists, kind) for kind in verdicts.recorded],
        presets=preset_views(steps, url),
        additions=additions(steps, url) if len(steps) < MAX_STEPS else [],
        toggles=_toggles(steps, verdicts, url),
        pending=None if verdicts is None else _pending(verdicts, job, addresses, place),
        unhurried=None
        if verdicts is None
        else _unhurried(verdicts, addresses, place, limits_in(session).criterion_seconds),
        note="" if counts is None else _note(counts),
        scope_query=list(scope.query().items()),
        network_url=addresses.network(slug, scope),
        empty_url=url(()),
        url=url(steps),
    )


def _all_kinds(verdicts: Verdicts, lists: Lists) -> tuple[KindFunnel, ...]:
    """Circuits, their interpretations, algorithms, their alignments."""
    return (
        circuit_funnel(verdicts, lists),
        interpretation_funnel(verdicts, lists),
        algorithm_funnel(verdicts, lists),
        alignment_funnel(verdicts, lists),
    )


def summary_of(session: Session, addresses: Addresses, place: Place, counts: Counts) -> list[KindFunnel]:
    """The recommended sequence on circuits and alignments, for the page of the network; [] if nothing is stored."""
    steps = FunnelOptions().steps

    def make() -> tuple[KindFunnel, ...]:
        verdicts = Verdicts.read(session, place, counts, steps, kinds=("circuit", "algorithm", "alignment"))
        if not verdicts.sets:
            return ()
        lists = Lists(addresses, place, verdicts)
        return circuit_funnel(verdicts, lists), alignment_funnel(verdicts, lists)

    return [] if place.analysis is None else list(kept(session, addresses, place, place.analysis, "summary", make))


def _toggles(steps: Sequence[CriterionStep], verdicts: Verdicts | None, url: Url) -> list[Toggle]:
    """Counting once what is one in substance, on or off."""
    found = []
    for key, (label, why) in TOGGLES.items():
        step = CriterionStep.parse(key)
        on = step in steps
        rest = [one for one in steps if one != step]
        changed = rest if on else [step, *rest]
        reason = f"{why} {_merged(key, verdicts)}".strip() if on else ""
        found.append(Toggle(key=key, label=label, on=on, reason=reason, url=url(changed)))
    return found


def _merged(key: str, verdicts: Verdicts | None) -> str:
    """How many explanations here are another one in substance."""
    if verdicts is None:
        return ""
    step = CriterionStep.parse(key)
    tallies = {kind: verdicts.sets[kind, step].tally for kind in step.kinds if (kind, step) in verdicts.sets}
    if not tallies:
        return ""
    found = [
        f"{counted(tally.failed, NOUNS[kind])} of {brief(tally.of)}" for kind, tally in tallies.items() if tally.failed
    ]
    unsure = [counted(tally.undecided, NOUNS[kind]) for kind, tally in tallies.items() if tally.undecided]
    merged = f"Here that leaves out {', '.join(found)}." if found else ""
    if unsure:
        merged += f" Of {', '.join(unsure)} it is not decided."
    return merged.strip() or "Here no two explanations are one in this way, so nothing is merged."


def _pending(verdicts: Verdicts, job: JobRow | None, addresses: Addresses, place: Place) -> Pending | None:
    missing = verdicts.missing()
    if not missing:
        return None
    return Pending(
        criteria=[str(step) for step in missing],
        wanted=[str(step) for step in missing if str(step) not in verdicts.underway],
        job=None if job is None else job_view(job, addresses),
        computing=any(str(step) in verdicts.underway for step in missing),
        url=addresses.criteria(place.row.slug),
    )


def _unhurried(verdicts: Verdicts, addresses: Addresses, place: Place, seconds: float) -> Unhurried | None:
    """Steps that a budget ended which was shorter than the present one."""
    ended: dict[CriterionStep, float] = {}
    for (_, step), found in verdicts.sets.items():
        budget = budget_that_ended(found.note)
        if step in verdicts.steps and budget is not None and budget < seconds and str(step) not in verdicts.underway:
            ended[step] = max(budget, ended.get(step, 0.0))
    if not ended:
        return None
    return Unhurried(
        criteria=[str(step) for step in verdicts.steps if step in ended],
        ended_at=max(ended.values()),
        seconds=seconds,
        url=addresses.criteria(place.row.slug),
    )


def _note(counts: Counts) -> str:
    """What the numbers are of, where the stored circuits are not all."""
    if not counts.drawn:
        stopped = counts.circuits_method == "listed" and counts.circuits_truncated_at is not None
        return (
            f"The search stopped at {noun(counts.circuits_listed, 'circuit')}; others may survive too."
            if stopped
            else ""
        )
    how = "counted exactly" if counts.circuits_method == "counted" else "estimated"
    return (
        f"The circuits here are {counts.listed_words} of {counts.told('circuits_valid')} valid ones, {how}. Shares are "
        "those of the circuits drawn, with Clopper and Pearson’s exact 99% interval, scaled to all valid circuits."
    )


# --- funnels that were asked for last, so that the same one is not summed up again
#
# They are known by what they are made from, digests of results and verdicts included, so nothing has to be told when
# verdicts change: other verdicts are another key.


MAX_KEPT: Final = 256

_KEPT: Final = Recent[tuple[KindFunnel, ...]](MAX_KEPT)


def kept(
    session: Session,
    addresses: Addresses,
    place: Place,
    analysis: AnalysisRow,
    what: Hashable,
    make: Callable[[], tuple[KindFunnel, ...]],
) -> tuple[KindFunnel, ...]:
    """A funnel, made only if it was not asked for lately.

    Args:
        addresses: that its links are written with.
        place: the analysis.
        analysis: its row.
        what: which funnel: the sequence, and which of its steps are under way.
        make: makes it.
    """
    made_from = (analysis.id, analysis.result_digest, verdict_contents(session, analysis))
    key = (addresses.prefix, place.row.slug, place.scope, made_from, what)
    return _KEPT.of(key, make)
