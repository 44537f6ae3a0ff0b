"""What is done for many explanations at once, against doing each by itself."""

from __future__ import annotations

import pytest

from analysis.alignments import joint
from analysis.criteria import interpretation_tallies
from analysis.criteria.criterion import Kind
from analysis.criteria.judging import Subject, judge_analysis
from analysis.criteria.steps import default_steps
from analysis.pipeline import analyse_output
from analysis.question import ask
from tests.factories import pretrained_xor


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
