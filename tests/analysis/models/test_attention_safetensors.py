"""Transformers in safetensors: a state dict is read by its names alone."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from analysis.errors import AnalysisError, InvalidData, InvalidNetwork
from analysis.models.attention import ATTENTION, AttentionModel
from analysis.models.attention_files import read_table
from analysis.models.attention_safetensors import check_config, read_attention_safetensors
from analysis.models.attention_tasks import TokenTask, task_named
from tests.analysis.models.attention_models import random_attention

EXPORTED = Path(__file__).parents[2] / "fixtures" / "transformer_lens"
TASK = task_named("first token", 4, 3)
MODEL = random_attention(0, (2, 2, 6, 3, 4, 3))


def state(model: AttentionModel, **more):
    """What ``HookedTransformer.state_dict()`` holds for such a model: biases of 0, and the causal mask."""
    heads, d, k = model.layers[0][0].shape
    found = {"embed.W_E": model.embedding, "unembed.W_U": model.unembedding, "unembed.b_U": np.zeros(4)}
    found["pos_embed.W_pos"] = np.concatenate([model.positions, np.full((5, d), 7.0)])  # n_ctx is 8
    for layer, matrices in enumerate(model.layers):
        for letter, matrix in zip("QKVO", matrices, strict=True):
            found[f"blocks.{layer}.attn.W_{letter}"] = matrix
        for letter in "QKV":
            found[f"blocks.{layer}.attn.b_{letter}"] = np.zeros((heads, k))
        found[f"blocks.{layer}.attn.b_O"] = np.zeros(d)
        found[f"blocks.{layer}.attn.mask"] = np.tril(np.ones((8, 8), dtype=bool))
        found[f"blocks.{layer}.attn.IGNORE"] = np.array(-np.inf)
    return {name: np.ascontiguousarray(one) for name, one in {**found, **more}.items() if one is not None}


def test_a_state_dict_is_read_by_its_names():
    model = read_attention_safetensors(save(state(MODEL)), TASK)
    assert model.digest == MODEL.digest
    assert model.tokens.tolist() == [list(row) for row in TASK.rows]
    assert model.outputs == TASK.outputs
    given = state(MODEL).items()
    as_float32 = {name: one.astype(np.float32) if one.dtype == np.float64 else one for name, one in given}
    model = read_attention_safetensors(save(as_float32), TASK)
    assert np.array_equal(model.embedding, MODEL.embedding.astype(np.float32))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"blocks.0.ln1.w": np.ones(6)}, "tensor 'blocks.0.ln1.w': is of an MLP block or a LayerNorm, whose"),
        ({"ln_final.w": np.ones(6)}, "tensor 'ln_final.w': is of an MLP block or a LayerNorm, whose"),
        ({"blocks.0.mlp.W_in": np.ones((6, 24))}, "tensor 'blocks.0.mlp.W_in': is of an MLP block or a LayerNorm"),
        ({"blocks.1.attn.b_V": np.ones((2, 4))}, "attention[1].value_bias: has the shape 2 × 4, the sizes say 2 × 3"),
        ({"blocks.0.attn.rotary_sin": np.ones(3)}, "tensor 'blocks.0.attn.rotary_sin': is unknown."),
        ({"blocks.0.attn.W_Q": np.ones((2, 6, 3), dtype=np.int64)}, "tensor 'blocks.0.attn.W_Q': has the type 'I64'."),
        ({"embed.W_E": np.full((4, 6), np.nan)}, "tensor 'embed.W_E': holds NaN or infinite values."),
        ({"embed.W_E": None}, "tensor 'embed.W_E': is missing."),
        ({"unembed.W_U": np.ones((6, 3))}, "unembedding: has the shape 6 × 3, the sizes say 6 × 4."),
        ({"pos_embed.W_pos": np.ones((2, 6))}, "tensor 'pos_embed.W_pos': has 2 positions, the rows have 3 tokens."),
        (
            {"blocks.1.attn.W_K": np.ones((1, 6, 3))},
            "attention[1].key: has the shape 1 × 6 × 3, the sizes say 2 × 6 × 3",
        ),
        ({"blocks.1.attn.W_K": None}, "attention[1]: lacks key."),
        ({"blocks.3.attn.W_Q": np.ones((2, 6, 3))}, "attention: has the layers [0, 1, 3]. Number them from 0"),
    ],
)
def test_what_is_no_attention_only_model_is_refused_by_name(more, told):
    with pytest.raises(AnalysisError) as refused:
        read_attention_safetensors(save(state(MODEL, **more)), TASK)
    assert str(refused.value).startswith(told) or told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_state_dict_without_rows_or_with_others_is_refused():
    with pytest.raises(InvalidNetwork, match="a state dict, which says nothing of rows"):
        read_attention_safetensors(save(state(MODEL)))
    with pytest.raises(AnalysisError, match="tokens: has 5 texts"):
        read_attention_safetensors(save(state(MODEL)), task_named("first token", 5, 3))


def test_a_state_dict_of_the_library_gives_its_logits():
    """Exported by TransformerLens 3.9.0 from a HookedTransformer, whose logits in float64 stand beside it."""
    expected = json.loads((EXPORTED / "logits.json").read_text())
    check_config(json.dumps(expected["config"]).encode())
    model = read_attention_safetensors((EXPORTED / "state.safetensors").read_bytes(), task_named("first token", 4, 3))
    rows = list(product(range(4), repeat=3))
    model = replace(model, tokens=np.array(rows))
    space = model.space(ATTENTION.default_rules)
    logits = space.run(np.ones((1, space.graph.n_bits), dtype=bool))[0]
    assert np.abs(logits).max() > 10
    assert logits == pytest.approx(np.array(expected["logits"]), abs=1e-9)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"normalization_type": "RMS"}, "configuration 'normalization_type': is RMS. Only LN or LNPre is read."),
        ({"positional_embedding_type": "shortformer"}, "'positional_embedding_type': is shortformer. Only standard"),
        ({"attention_dir": "bidirectional"}, "'attention_dir': is bidirectional"),
        ({"use_attn_scale": False, "attn_scale": -1.0}, "(1) configuration 'use_attn_scale' is False"),
        ({"attn_scale": 3.0}, "configuration 'attn_scale': is 3.0. Only 2.0 is read."),
        ({"use_local_attn": True}, "'use_local_attn': is True"),
        ({"attn_only": False, "act_fn": "solu_ln"}, "'act_fn': is solu_ln. Only relu or gelu_new"),
        ({"gated_mlp": True}, "'gated_mlp': is True"),
        ({"parallel_attn_mlp": True}, "'parallel_attn_mlp': is True"),
        ({"d_head": None}, "'d_head': is None. Use 1 to 256."),
        ({"d_head": -4}, "'d_head': is -4"),
    ],
)
def test_what_leaves_no_trace_in_a_state_dict_is_told_by_its_configuration(more, told):
    config = json.loads((EXPORTED / "logits.json").read_text())["config"]
    with pytest.raises(InvalidNetwork) as refused:
        check_config(json.dumps({**config, **more}).encode())
    assert told in str(refused.value)
    with pytest.raises(InvalidNetwork, match="does not say normalization_type"):
        check_config(b"{}")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "is none"),
        (b"\x80\x02}", "is none"),
        ((99).to_bytes(8, "little") + b"{}", "is cut off"),
        (save(state(MODEL))[:-9], "does not hold together"),
        (save({}), "holds no tensor"),
        (save({"token_embedding": np.ones((4, 6))}), "tensor 'token_embedding': is unknown"),
    ],
)
def test_files_that_are_none_are_refused(raw, told):
    with pytest.raises(InvalidNetwork) as refused:
        read_attention_safetensors(raw, TASK)
    assert told in str(refused.value)


def table(**more):
    return json.dumps({"rows": [[0, 1], [1, 0]], "answers": [1, 0], **more}).encode()


def test_a_table_of_rows_is_read():
    assert read_table(table()) == TokenTask("", ("0", "1"), ((0, 1), (1, 0)), (1, 0))
    named = read_table(table(name="own", tokens=["a", "b", "c"]))
    assert (named.name, named.outputs) == ("own", ("a", "b", "c"))


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"[]", "table of rows: holds a list, not an object"),
        (table(rows=3), "rows: is a number"),
        (table(rows=[]), "rows: is empty"),
        (table(rows=[[0, 1]]), "answers: has 2 for 1 rows"),
        (table(rows=[[0, 1], [0, 1]]), "rows[1]: is rows[0] again"),
        (table(rows=[[0, 1], [1]]), "rows[1]: has 1 tokens, the context is 2"),
        (table(rows=[[0, 300], [1, 0]]), "tokens: has 301 tokens. Use 2 to 256"),
        (table(tokens=["a", "a"]), "tokens: has a text twice"),
        (table(answers=[1, 2.5]), "answers[1]: is a number, not a whole number"),
        (table(answers=[1, True]), "answers[1]: is"),
        (table(labels=[]), "unknown"),
    ],
)
def test_tables_that_are_none_are_refused(raw, told):
    with pytest.raises((InvalidData, InvalidNetwork)) as refused:
        read_table(raw)
    assert told in str(refused.value)
