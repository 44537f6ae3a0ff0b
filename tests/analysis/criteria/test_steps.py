"""Steps: criteria with settings as text, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluriscope.analysis.criteria.steps import CriterionStep, parse_steps
from pluriscope.analysis.errors import InvalidCriterion


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("mean-ablation", "mean-ablation"),
        ("mean-ablation()", "mean-ablation"),
        ("output-faithfulness(tolerance=.05)", "output-faithfulness(tolerance=0.05)"),
        ("output-faithfulness(tolerance=0.1)", "output-faithfulness"),
        ("output-faithfulness(tolerance=-0)", "output-faithfulness(tolerance=0)"),
        (" joint-interchange ( max_runs=1e2 ) ", "joint-interchange(max_runs=100)"),
        ("margin(least=1e-9)", "margin(least=1e-09)"),
    ],
)
def test_a_step_has_one_canonical_text(text, canonical):
    step = CriterionStep.parse(text)
    assert str(step) == canonical
    assert CriterionStep.parse(canonical) == step
    assert hash(CriterionStep.parse(canonical)) == hash(step)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "zero-ablation, mean-ablation"),
        ("output-faithfulness(tolerance=-1)", "use a number from 0 to 1000000"),
        ("output-faithfulness(tolerance=nan)", "use a number from 0 to 1000000"),
        ("output-faithfulness(tolerance=1_0)", "use a number from 0 to 1000000"),
        ("output-faithfulness(tol=1)", "use tolerance"),
        ("joint-interchange(max_runs=1.5)", "a whole number from 1 to 1073741824"),
        ("mean-ablation(x=1)", "this criterion has none"),
        ("output-faithfulness(tolerance=1,tolerance=2)", "write key or key(name=value"),
        ("output-faithfulness(tolerance=1", "write key or key(name=value"),
        ("", "write key or key(name=value"),
        ("a" * 100_000, "write key or key(name=value"),
    ],
)
def test_refusals_name_what_is_allowed(text, message):
    with pytest.raises(InvalidCriterion) as caught:
        CriterionStep.parse(text)
    assert message in caught.value.cure


def test_digests_differ_by_settings_and_nothing_else():
    digests = {text: CriterionStep.parse(text).settings_digest for text in ("margin", "margin(least=.5)")}
    assert digests["margin"] != digests["margin(least=.5)"]
    assert CriterionStep.parse("margin(least=0.5)").settings_digest == digests["margin(least=.5)"]
    assert all(len(digest) == 12 for digest in digests.values())


def test_a_sequence_keeps_its_order_and_says_nothing_twice():
    texts = ["necessity", "margin(least=0.5)", "mean-ablation", "margin(least=.50)"]
    assert [str(step) for step in parse_steps(texts)] == ["necessity", "margin(least=0.5)", "mean-ablation"]


@pytest.mark.slow
@given(st.floats(0, 1e6))
def test_every_number_reads_back_exactly(tolerance):
    criterion = CriterionStep.parse("output-faithfulness").criterion
    step = CriterionStep.of(criterion, {"tolerance": tolerance})
    assert CriterionStep.parse(str(step)).settings == step.settings
