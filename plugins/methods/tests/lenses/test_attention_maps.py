"""Attention maps on the network that is built of three stages, and against runs of a model."""

import numpy as np
import pytest

from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.analysis.subjects.sites import run
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope_methods.lenses.attention_maps import ATTENTION_MAPS, unevenness
from pluriscope_stories.story import own_networks
from tests.analysis.subjects.transformer.attention_models import random_attention

MODEL = random_attention(4, (2, 2, 5, 3, 4, 4), n_rows=30)


def asked(question, **given):
    return ATTENTION_MAPS.answer(question, ATTENTION_MAPS.filled(given)).view


@pytest.mark.parametrize("row", [0, 7, 39])
def test_the_three_stages_look_where_they_are_built_to_look(row):
    question = question_in(own_networks()["other-name-stages"])
    first, second, third, even = asked(question, row=row).grids
    names = [column.split()[1] for column in first.columns]
    assert names == [*question.subject.row_tokens(row)]
    before, other = names.index(names[2]), 1 - names.index(names[2])
    assert first.values[2][before] > 0.99  # from the doubled name to where it was before
    assert second.values[3][2] > 0.99  # from the end to the doubled name
    assert third.values[3][other] > 0.99  # from the end to the name that is not doubled
    assert first.values[3] == pytest.approx([0.25] * 4)
    assert all(value[1] > value[2] + 0.2 for value in even.values)


def test_maps_are_what_heads_attend_to_and_no_position_sees_a_later_one():
    question = GraphQuestion(TRANSFORMER, MODEL, TRANSFORMER.default_rules)
    view, values = asked(question, row=5), run(MODEL, MODEL.tokens).values
    for grid, head in zip(view.grids, ("1.0", "1.1", "2.0", "2.1"), strict=False):
        assert f"head {head} on row 5" in grid.title
        for at, shares in enumerate(grid.values):
            assert shares[: at + 1] == pytest.approx(values[f"{head}.a"][5, at, : at + 1])
            assert shares[at + 1 :] == (None,) * (3 - at)
    for at, head in enumerate(view.grids[-1].rows):
        far = [
            np.mean([abs(one[k, : k + 1] - 1 / (k + 1)).sum() / 2 for k in (1, 2, 3)]) for one in values[f"{head}.a"]
        ]
        assert view.grids[-1].values[at][:2] == pytest.approx((far[5], np.mean(far)))


def test_an_even_spread_is_no_distance_from_itself():
    even = np.tril(np.ones((1, 4, 4))) / np.arange(1, 5)[:, None]
    assert unevenness(even) == pytest.approx([0.0])
    assert unevenness(np.eye(4)[None]) == pytest.approx([(1 / 2 + 2 / 3 + 3 / 4) / 3])


def test_a_row_that_is_not_there_is_refused():
    question = GraphQuestion(TRANSFORMER, MODEL, TRANSFORMER.default_rules)
    answer = ATTENTION_MAPS.answer(question, ATTENTION_MAPS.filled({"row": 30}))
    assert answer.notes == ("Row 30 is beyond the 30 rows of the task; use 0 to 29.",)
