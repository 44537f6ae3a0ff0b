"""What a report shows, in sentences made from its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.algorithms.parsing import parse_algorithm
from analysis.algorithms.refinement import grain_of
from analysis.question import Question
from analysis.stories.grain import refinements_of
from app.db.reports import ContradictionsReport
from app.pages.reports.alice_and_bob.cast import NAMES
from app.pages.reports.alice_and_bob.views import CastView


def findings_of(report: ContradictionsReport, cast: Sequence[CastView], question: Question) -> list[str]:
    """What the report shows, in sentences made from it, and whether the algorithms can be one at two grains."""
    told = []
    names = [one.name for one in cast if one.kind == "direction"]
    if names:
        told.append(
            f"{listed(names)} {'passes' if len(names) == 1 else 'both pass' if len(names) == 2 else 'all pass'} every "
            "single and joint interchange along linear directions: the same network, two incompatible explanations."
            if len(names) == 2
            else f"{listed(names)} pass every single and joint interchange along linear directions."
        )
    algorithms = [parse_algorithm(one.algorithm, "and_inverter", question.model.n_inputs) for one in report.alignments]
    if len(algorithms) == 2:
        depth = question.protocol.depth_for(question.cut.n_hidden_layers)
        relation = grain_of(algorithms[0], algorithms[1], refinements_of(question))
        if relation == "rival":
            told.append(
                f"No irredundant algorithm of depth {depth} is finer than both, with shared gates or "
                "without; so here they are not one explanation at two grains, as they can be in deeper networks."
            )
        elif relation == "compatible":
            told.append("Within this depth some irredundant algorithm with a shared gate is finer than both.")
    on_sets = [one for one in report.alignments if one.sets_valid is not None]
    passing = [NAMES.get(one.algorithm, one.algorithm) for one in on_sets if one.sets_valid]
    failing = [NAMES.get(one.algorithm, one.algorithm) for one in on_sets if not one.sets_valid]
    if passing and failing:
        told.append(f"With variables on sets of neurons only {listed(passing)} passes, {listed(failing)} does not.")
    proved = []
    for one in report.in_square:
        if one.kind == "impossible" and one.readers[0] < len(cast):
            name = cast[one.readers[0]].name
            if one.low > 0:
                share = plain_share(one.low, one.high)
                proved.append(f"{name} reads combinations that no Boolean input has on {share} of the input square")
            elif one.high == 0:
                proved.append(f"{name}, provably, nowhere on it")
    if proved:
        told.append(f"{'; '.join(proved)}.")
    if report.interpretation is not None:
        refined = [NAMES.get(text, text) for text in report.interpretation.refines]
        others = [one.name for one in cast if one.kind == "direction" and one.name not in refined]
        if refined:
            rest = f", not {listed(others)}" if others else ""
            told.append(f"Carol refines {listed(refined)}{rest}: each variable is a function of neurons of its own.")
    return told


def plain_share(low: float, high: float) -> str:
    """Certain bounds as whole percents: one number where both round to it."""
    first, last = f"{low:.0%}", f"{high:.0%}"
    return first if first == last else f"{first.removesuffix('%')}–{last}"


def share_between(low: float, high: float) -> str:
    """Certain bounds as a share; one number where both round to it."""
    if f"{low:.3%}" == f"{high:.3%}":
        return f"{low:.0%}" if low in (0.0, 1.0) else f"{low:.3%}"
    return f"{low:.3%} to {high:.3%}"


def listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
