"""OV and QK circuits, copying and composition scores: those of TransformerLens, and plain products."""

import json
from pathlib import Path

import numpy as np
import pytest

from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope_methods.lenses.head_matrices import HEAD_MATRICES, MODES, composition_score, copying_score
from tests.analysis.subjects.transformer.attention_models import random_attention

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "head-matrices.json").read_text())
MODEL = random_attention(7, (2, 2, 5, 3, 4, 4))
"""The model of the golden file."""


def grids_of(model, **given):
    question = GraphQuestion(TRANSFORMER, model, TRANSFORMER.default_rules)
    return HEAD_MATRICES.answer(question, HEAD_MATRICES.filled(given)).view.grids


def test_scores_stand_beside_those_of_shuffled_matrices():
    *_, copying, own, usual = grids_of(MODEL)
    assert copying.columns == ("copying", "shuffled, mean size")
    assert [row[0] for row in copying.values] == [copying_score(MODEL, *at) for at in ((1, 0), (1, 1), (2, 0), (2, 1))]
    random = np.random.default_rng(0)
    expected = []
    for _ in range(200):
        maps = [
            random.permutation(one.ravel()).reshape(one.shape) for one in (*MODEL.head(1, 0)[2:], *MODEL.head(2, 0)[:2])
        ]
        writes, reads = maps[0] @ maps[1], maps[2] @ maps[3].T
        expected.append(np.linalg.norm(writes @ reads) / np.linalg.norm(writes) / np.linalg.norm(reads))
    assert (own.rows, own.columns) == (usual.rows, usual.columns)
    assert usual.values[0][0] == pytest.approx(np.mean(expected), abs=0.06)


def test_scores_are_those_of_transformer_lens():
    for at in np.ndindex(2, 2):
        assert copying_score(MODEL, at[0] + 1, at[1]) == pytest.approx(GOLDEN["copying"][at[0]][at[1]], abs=1e-12)
    for mode in MODES:
        for earlier, later in np.ndindex(2, 2):
            score = composition_score(MODEL, (1, earlier), (2, later), mode)
            assert score == pytest.approx(GOLDEN["composition"][mode][0][earlier][1][later], abs=1e-12)


@pytest.mark.parametrize(("layer", "head"), [(1, 0), (1, 1), (2, 0), (2, 1)])
def test_heat_maps_are_those_of_transformer_lens(layer, head):
    """Which does not divide by the root of the head's size; rows of the model's task have tokens 0 and 1 alone."""
    ov, qk, *_ = grids_of(random_attention(7, (2, 2, 5, 3, 4, 4), n_rows=256), layer=layer, head=head)
    assert np.array(ov.values) == pytest.approx(np.array(GOLDEN["ov"][layer - 1][head]), abs=1e-9)
    assert np.array(qk.values) * np.sqrt(3) == pytest.approx(np.array(GOLDEN["qk"][layer - 1][head]), abs=1e-9)


def test_a_head_that_copies_and_one_that_does_the_opposite():
    model = random_attention(1, (1, 2, 4, 4, 4, 2), n_rows=16)
    plain = np.eye(4)
    matrices = [np.stack([plain, plain])] * 3 + [np.stack([plain, -plain])]
    own = model.with_parameters(
        {
            **model.parameters,
            "embedding": plain,
            "unembedding": plain,
            **{
                f"1.{head}.{name}": one[head]
                for name, one in zip(("query", "key", "value", "output"), matrices, strict=True)
                for head in (0, 1)
            },
        }
    )
    assert [copying_score(own, 1, head) for head in (0, 1)] == [1.0, -1.0]
    ov, qk, places, copying = grids_of(own, head=1)
    assert np.array_equal(ov.values, -plain)
    assert np.array_equal(qk.values, plain / 2)
    assert np.array(places.values) == pytest.approx(model.positions @ model.positions.T / 2)
    assert [row[0] for row in copying.values] == [1.0, -1.0]


def test_tokens_that_no_row_has_are_left_out_and_one_layer_composes_with_none():
    model = random_attention(3, (1, 1, 4, 2, 6, 2), n_rows=2)  # the tokens 0 and 1
    view = HEAD_MATRICES.answer(GraphQuestion(TRANSFORMER, model, TRANSFORMER.default_rules), HEAD_MATRICES.filled({}))
    assert view.view.notes == ("2 of 6 tokens are shown.",)
    assert view.view.grids[0].columns == ("0", "1")
    assert not any("Composition" in grid.title for grid in view.view.grids)


def test_a_head_that_is_not_there_is_refused():
    question = GraphQuestion(TRANSFORMER, MODEL, TRANSFORMER.default_rules)
    fit = HEAD_MATRICES.fit(question, HEAD_MATRICES.filled({"layer": 3}))
    assert "no head 3.0: there are layers 1 to 2 and heads 0 to 1" in fit.reason
