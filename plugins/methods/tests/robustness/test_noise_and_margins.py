"""Agreement under noise, an estimate, and the margin of circuits, against brute force."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.errors import InvalidCriterion
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import input_table, named_task
from pluriscope_methods.robustness.noise import points_around
from tests.analysis.criteria.circuit_contexts import all_circuits, kept_sets
from tests.graph_questions import GRAPHS, asked, population
from tests.oracles import brute_force_criteria as plain
from tests.oracles.brute_force_circuits import boolean_rows


@pytest.mark.slow
def test_noise_and_margins_agree_with_brute_force() -> None:
    whole = all_circuits(22, (2, 2, 2, 1), "tanh")
    context = replace(whole, items=whole.items[::6])
    network, everything = context.question.network, set(plain.edges_of(context.question.network))
    noise = criterion_named("input-noise").judge(context, {"points": 30, "radius": 0.4, "seed": 5})
    margins = criterion_named("margin").judge(context, {"least": 0.1})
    balls = points_around(input_table(2), 0.4, 30, seed=5).tolist()
    assert all(
        max(abs(a - b) for a, b in zip(point, row, strict=True)) <= 0.4
        for row, ball in zip(boolean_rows(2), balls, strict=True)
        for point in ball
    )
    for position, kept in enumerate(kept_sets(context)):
        alike = [
            sum(
                len({plain.decision(plain.run(network, edges, z)[-1][0], "rounding") for edges in (kept, everything)})
                == 1
                for z in ball
            )
            for ball in balls
        ]
        assert noise.numerators is not None
        assert noise.numerators[position] == min(alike)
        outputs = [plain.run(network, kept, row)[-1][0] for row in boolean_rows(2)]
        margin = min(abs(output - edge) for output in outputs for edge in (-0.5, 0.5, 1.5))
        assert margins.scores[position] == pytest.approx(margin, abs=1e-12)
        assert margins.passed[position] == (margin >= 0.1)


def test_a_margin_is_no_question_for_an_algorithm_by_itself() -> None:
    context = Population("algorithm", None, candidate_algorithms(named_task("XOR", 2), COMPLETE, 1).algorithms)
    margin = criterion_named("margin")
    assert "algorithm" not in margin.kinds  # so that a sequence of criteria does not lose its algorithms
    verdicts = margin.judge(context)
    assert verdicts.tally.not_applicable == len(context) > 0
    assert "bits" in verdicts.at(0).reason
    with pytest.raises(InvalidCriterion):
        margin.judge(context, {"least": 2.0})


def test_settings_of_noise_stand_in_their_order_without_those_that_are_usual() -> None:
    step = CriterionStep.parse(" input-noise ( share = .5, points=1e2, radius=.1 ) ")
    assert str(step) == "input-noise(points=100,share=0.5)"


@pytest.mark.parametrize(("slug", "rules"), GRAPHS)
def test_circuits_of_every_graph_are_run_on_points_near_its_rows(slug: str, rules: str) -> None:
    settings = {"points": 10, "radius": 0.4, "seed": 5, "share": 0.8}
    some, space = population(slug, rules), asked(slug, rules).space
    verdicts, rows = criterion_named("input-noise").judge(some, settings), asked(slug, rules).subject.inputs
    if "attention" in slug:
        assert verdicts.tally.not_applicable == len(some)
        assert "tokens" in verdicts.at(0).reason
        return
    balls = points_around(rows, 0.4, 10, seed=5)
    assert 0.3 < np.abs(balls - rows[:, None]).max() <= 0.4
    whole = np.ones((1, space.n_bits), dtype=bool)
    for at in (0, len(some) // 2, len(some) - 1):
        answers = [
            [largest(space.outputs(mask, space.absent, ball))[0] for mask in (some.items[at : at + 1], whole)]
            for ball in balls
        ]
        alike = [int((one == other).sum()) for one, other in answers]
        one = verdicts.at(at)
        assert (one.numerator, one.denominator) == (min(alike), 10)
        assert one.outcome == ("passed" if min(alike) >= 8 else "failed")
        assert one.witness["centre"] == rows[np.argmin(alike)].tolist()
    few = replace(some.question, runs=25)
    assert criterion_named("input-noise").judge(replace(some, question=few), settings).tally.undecided == len(some) - 2
