"""The table of predicted and measured costs."""

from types import SimpleNamespace

from analysis.question import ask
from analysis.stage_costs import CHAIN, plan_chain
from analysis.tasks import named_task
from benchmarks.stage_costs.__main__ import cell_text, is_within, table
from tests.factories import pretrained_xor


def test_within_a_factor_of_three():
    assert is_within(1.0, 2.9, stopped=False)
    assert not is_within(1.0, 3.1, stopped=False)
    assert not is_within(3.1, 1.0, stopped=False)
    assert is_within(31.0, 1.0, stopped=True)
    assert not is_within(0.3, 1.0, stopped=True)
    assert is_within(0.001, 0.01, stopped=False)


def test_a_cell_says_what_was_not_foretold_and_what_was_stopped():
    figures = SimpleNamespace(seconds={"criteria": 8.0}, stopped=["criteria"])
    assert cell_text(None, figures, "criteria") == ("not predicted / > 8", None)
    assert cell_text(16.0, figures, "criteria") == ("16 / > 8 = <2", True)
    assert cell_text(1.0, figures, "criteria") == ("1 / > 8 = <0.12 ✗", False)
    assert cell_text(1.0, figures, "directions") == ("–", None)


def test_the_table_counts_by_stage():
    plan = plan_chain(ask(pretrained_xor().network, task=named_task("XOR", 2)))
    seconds = {cost.stage: cost.seconds for cost in plan.stages}
    figures = SimpleNamespace(seconds={**seconds, "criteria": 1e6}, stopped=[])
    last = table([("one", plan, figures)]).splitlines()[-1]
    assert last.count("1 of 1 (0 not predicted)") == len(CHAIN) - 1
    assert last.count("0 of 1 (0 not predicted)") == 1
