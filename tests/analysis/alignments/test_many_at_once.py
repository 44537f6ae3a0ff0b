"""What is done for many explanations at once, against doing each by itself."""

from __future__ import annotations

import pytest

from analysis.algorithms.candidates import candidate_algorithms
from analysis.alignments import joint
from analysis.alignments.joint import score_joint, score_joint_together
from analysis.alignments.search import search_alignments
from analysis.criteria import interpretation_tallies
from analysis.criteria.criterion import Kind
from analysis.criteria.judging import Subject, judge_analysis
from analysis.criteria.steps import default_steps
from analysis.experiments import intervention_space
from analysis.pipeline import analyse_output
from analysis.protocol import COMPLETE
from analysis.question import ask
from tests.factories import pretrained_xor


def test_spaces_of_interventions_are_those_of_their_own_shape_and_limits():
    asked = [((3, 3), 2, 63), ((3, 3), 2, 20), ((3, 3), 3, 63), ((6,), 2, 63), ((3, 3), 2, 63)]
    for sizes, n_inputs, most in asked:
        space = intervention_space(list(sizes), n_inputs, max_sets=most)
        assert (space.hidden_sizes, space.n_inputs) == (sizes, n_inputs)
        assert (space.largest is None) == (most == 63)  # of six neurons there are 63 sets
        assert all(layer <= len(sizes) for members in space.sets for layer, _ in members)
    assert intervention_space((3, 3), 2, max_interventions=260).largest == 2  # 21 sets of 12 pairs


@pytest.mark.slow
def test_joint_interchanges_of_many_alignments_are_those_of_each():
    question = ask(pretrained_xor().network)
    every = search_alignments(question, candidate_algorithms(question.task, COMPLETE, 2)).algorithms
    aligned = [(result.algorithm, scored.alignment) for result in every for scored in result.alignments]
    assert {len(alignment.places) for _, alignment in aligned} >= {2, 3}
    alone = [score_joint(question, algorithm, alignment) for algorithm, alignment in aligned]
    assert score_joint_together(question, aligned) == alone
    assert score_joint_together(question, aligned[::-1]) == alone[::-1]
    assert {score.first_wrong is None for score in alone} == {True, False}


@pytest.mark.slow
def test_verdicts_do_not_depend_on_how_many_are_made_at_once(monkeypatch):
    analysis = analyse_output(ask(pretrained_xor().network))
    kinds: tuple[Kind, ...] = ("circuit", "interpretation", "alignment")
    steps = [(kind, step) for kind in kinds for step in default_steps(kind) if step.criterion.cost == "quick"]
    steps = [(kind, step) for kind, step in steps if step.key not in interpretation_tallies.COSTLY]

    def verdicts() -> list[tuple[bytes, object]]:
        return [(one.outcomes.tobytes(), one.readings) for one in judge_analysis(Subject.of(analysis), steps)]

    whole = verdicts()
    monkeypatch.setattr(joint, "_CELLS_TOGETHER", 1)
    assert verdicts() == whole
