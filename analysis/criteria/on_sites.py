"""Criteria for algorithms with finite variables, and for their placements on sites, read off what was searched.

Algorithms come as :class:`~pluriscope.analysis.placements.report.PlacedModel`, placements as pairs of one and a
:class:`~pluriscope.analysis.placements.report.SitePlacement`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pluriscope.analysis.criteria.criterion import Criterion, Judge, Settings
from pluriscope.analysis.criteria.population import PopulationOf
from pluriscope.analysis.criteria.verdict import Outcome, Verdict, Verdicts, put_together
from pluriscope.analysis.placements.report import PlacedModel, SitePlacement

MODEL: Final = "causal-model"
"""Algorithms with finite variables, as criteria judge them."""
SITES: Final = "sites"
"""Their placements, likewise."""
AS_JUDGED: Final[Mapping[str, str]] = {"circuit": "cut", "algorithm": MODEL, "alignment": SITES}
"""Kinds of explanations of networks with sites, as criteria judge them."""


def _placements(judge_one: Callable[[PlacedModel, SitePlacement, Settings], Verdict]) -> Judge:
    def judge(population: PopulationOf[object], settings: Settings) -> Verdicts:
        return put_together([judge_one(model, placement, settings) for model, placement in population.items])

    return judge


@_placements
def right_alone(_: PlacedModel, placement: SitePlacement, __: Settings) -> Verdict:
    """Judge whether every interchange of one variable is right; one that changes no answer says nothing."""
    return _right_alone(placement)


def _right_alone(placement: SitePlacement) -> Verdict:
    score = placement.score
    silent = [one.variable for one in placement.places if not one.score.changed_of]
    outcome: Outcome = "failed" if score.agreed < score.of else "not_applicable" if silent else "passed"
    reason = f"{score.agreed:,} of {score.of:,} interchanges are right"
    reason += f", and none of {', '.join(silent)} alone changes the answer" if outcome == "not_applicable" else ""
    return Verdict.of_share(outcome, score.agreed, score.of, f"{reason}.")


@_placements
def right_one_way(_: PlacedModel, placement: SitePlacement, __: Settings) -> Verdict:
    """Judge whether every interchange with the source before the base is right, as where all interchanges are."""
    if placement.score.agreed < placement.score.of:
        return Verdict("undecided", "Some interchange is wrong; in which direction was not kept.")
    return _right_alone(placement)


@_placements
def right_together(_: PlacedModel, placement: SitePlacement, __: Settings) -> Verdict:
    """Judge whether every choice of sources for all variables at once is right."""
    joint = placement.joint
    if joint is None:
        return Verdict("undecided", "No runs were left for it.")
    outcome: Outcome = "failed" if joint.agreed < joint.of else "passed" if placement.joint_exact else "undecided"
    drawn = "" if placement.joint_exact else ", which were drawn"
    reason = f"{joint.agreed:,} of {joint.of:,} choices of sources are right{drawn}."
    return Verdict.of_share(outcome, joint.agreed, joint.of, reason)


@_placements
def firm(_: PlacedModel, placement: SitePlacement, settings: Settings) -> Verdict:
    """Judge whether outputs are far enough from another decision in every run."""
    if not placement.places:
        return Verdict("passed", "Nothing is exchanged, so no output is close to another.")
    gap = min(one.gap for one in placement.places)
    outcome: Outcome = "passed" if gap >= settings["least"] else "failed"
    return Verdict(outcome, f"Every decision is {gap:.3g} from another one, or more.", score=gap)


@_placements
def minimal(_: PlacedModel, placement: SitePlacement, __: Settings) -> Verdict:
    """Judge whether no placement of the same families is contained in it."""
    if placement.minimal is None:
        return Verdict("undecided", "Whether a smaller one is placed was not looked for.")
    outcome: Outcome = "passed" if placement.minimal else "failed"
    return Verdict(outcome, f"{'No' if placement.minimal else 'A'} smaller one of the same families is placed.")


@_placements
def minimal_jointly(_: PlacedModel, placement: SitePlacement, __: Settings) -> Verdict:
    """Judge whether it is right alone and together, and no placement of the same families within it is."""
    score, joint = placement.score, placement.joint
    if score.agreed < score.of or (joint is not None and joint.agreed < joint.of):
        return Verdict("failed", "An interchange refutes it.")
    if joint is None or not placement.joint_exact:
        return Verdict("undecided", "Not every choice of sources was tried.")
    if placement.minimal:
        return Verdict("passed", "No smaller one of the same families is placed.")
    return Verdict("undecided", "Whether a smaller one is right under joint interchange was not looked for.")


@_placements
def _beyond_accuracy(_: PlacedModel, placement: SitePlacement, __: Settings) -> Verdict:
    follows = [one for one in placement.places if one.follows]
    n, of = len(placement.places) - len(follows), len(placement.places)
    if not of:
        return Verdict("not_applicable", "No variable has sites.")
    reason = "Not all that the network reads of these inputs goes through these sites."
    if follows:
        reason = f"All that the network reads of these inputs goes through {', '.join(one.sites for one in follows)}."
    return Verdict.of_share("passed" if n else "failed", n, of, reason)


def _irredundant_values(population: PopulationOf[object], _: Settings) -> Verdicts:
    return put_together([_told_apart(model) for model in population.items])


def _told_apart(model: PlacedModel) -> Verdict:
    if model.wrong:
        return Verdict("not_applicable", "It does not compute the task.")
    n, variables = sum(not one.alike for one in model.variables), model.variables
    reason = "Some answer tells all values of each variable apart."
    if n < len(variables):
        alike = "; ".join(f"{one.name}: {' and '.join(map(str, group))}" for one in variables for group in one.alike)
        reason = f"No answer tells apart {alike}."
    return Verdict.of_share("passed" if n == len(variables) else "failed", n, len(variables), reason)


IRREDUNDANT_VALUES: Final = Criterion(
    key="irredundant-values",
    label="No redundant value",
    definition="On some row, under some setting of the other variables, any two values of a variable give different "
    "answers.",
    formula="for every variable v and values x ≠ x′: A(r; v ← x, others ← o) ≠ A(r; v ← x′, others ← o) for some r, o",
    source="Pluriscope: no interchange tells a running count from a running parity that is read of it",
    judges={MODEL: _irredundant_values},
    direction="higher",
    score="share of variables all of whose values are told apart",
    method="Another variable is set to a value that it has on some row, or left to be computed. Where these are more "
    "than two million answers, settings are drawn, and values may be told apart that none of those does.",
    term="refinement",
)
BEYOND_ACCURACY: Final = Criterion(
    key="beyond-accuracy",
    label="Says more than accuracy",
    definition="Some variable is on sites through which not all goes that the network reads of the inputs that they "
    "are computed from.",
    formula="for some variable v: τ(v) does not separate the inputs above it from the output",
    source="Pluriscope: interchange on a cut is right on every accurate network, whatever it computes",
    judges={SITES: _beyond_accuracy},
    direction="higher",
    score="share of variables on such sites",
    term="follows-from-accuracy",
)
