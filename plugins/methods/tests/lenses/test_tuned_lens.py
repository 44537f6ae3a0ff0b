"""The tuned lens on bundled models, and where the map that it should find is known."""

from dataclasses import replace

import numpy as np
import pytest

from pluriscope.analysis.subjects.chances import divergence, log_softmax
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.analysis.subjects.transformer.model import read_attention
from pluriscope.app.bundled import bundled_models
from pluriscope_methods.lenses import tuned_lens
from pluriscope_methods.lenses.logit_lens import TUNED_LENS, read_out, streams
from pluriscope_methods.lenses.on_sites import folds_of
from pluriscope_methods.lenses.tuned_lens import tuned
from tests.analysis.subjects.transformer.attention_models import random_attention
from tests.analysis.subjects.transformer.test_attention_blocks import with_blocks


def asked(slug):
    question = question_in(bundled_models()[slug])
    return question.subject, TUNED_LENS.answer(question, TUNED_LENS.filled({})).view


def test_it_beats_the_logit_lens_on_held_out_rows_before_the_last_layer():
    model, view = asked("indirect-object-2x2")
    mapped, plain = (np.array(grid.values) for grid in view.grids)
    assert mapped.shape == (2, 6)
    assert (mapped < plain).all()
    assert "in 12 of 12 cells before the last layer, on 240 rows in 2 folds" in view.says
    # the numbers by a plain program, from the weights that the answer has
    every = streams(model)
    given = log_softmax(every.pop("x2") @ model.unembedding)
    assert tuple(view.weights) == tuple(every) == view.grids[0].rows
    for at, (name, stream) in enumerate(every.items()):
        apart, held_out = np.zeros(6), list[int]()
        for one in view.weights[name]:
            some = one["held_out"]
            read = (stream[some] @ np.array(one["matrix"]) + np.array(one["shift"])) @ model.unembedding
            apart += (np.exp(given[some]) * (given[some] - log_softmax(read))).sum(axis=(0, 2)) / len(stream)
            held_out += some
        assert mapped[at] == pytest.approx(apart)
        assert sorted(held_out) == list(range(240)) != held_out


def test_a_map_that_is_known_is_found(monkeypatch):
    monkeypatch.setattr(tuned_lens, "STEPS", 3_000)
    model = random_attention(3, (2, 2, 6, 4, 5, 4), n_rows=60)
    random = np.random.default_rng(0)
    last = streams(model)["x2"]
    matrix, shift = np.eye(6) + random.normal(size=(6, 6)) / 4, random.normal(size=6)
    before = (last - shift) @ np.linalg.inv(matrix)
    wanted = log_softmax(read_out(model, last))
    found, moved = tuned(model, before, wanted)
    assert divergence(wanted, read_out(model, before @ found + moved)[None]).mean() < 0.01
    assert divergence(wanted, read_out(model, before)[None]).mean() > 0.1


def test_with_layer_norm_and_biases_it_reads_as_the_model_does():
    model = read_attention(with_blocks(3, (2, 2, 6, 4, 5, 4), biases=True, mlp="gelu_new", norm=True, n_rows=40))
    last = streams(model)["x2"]
    found, moved = tuned(model, last, log_softmax(read_out(model, last)))
    # what needs no map gets one that changes nothing
    assert found == pytest.approx(np.eye(6), abs=0.02)
    assert moved == pytest.approx(np.zeros(6), abs=0.02)


def test_labels_of_no_use_are_not_learned():
    model, _ = asked("indirect-object-2x2")
    stream = streams(model)["x1"]
    random = np.random.default_rng(1)
    wanted = log_softmax(random.normal(size=(*stream.shape[:2], len(model.outputs))) * 3)
    found, moved = tuned(replace(model), stream[::2], wanted[::2])
    read = read_out(model, stream[1::2] @ found + moved)
    uniform = np.zeros_like(read)
    assert divergence(wanted[1::2], read[None]).mean() > 0.95 * divergence(wanted[1::2], uniform[None]).mean()


def test_no_token_is_in_the_rows_held_out_alone():
    """In the order of rows the last bits take turns, so that every other row has a token that the rest has not."""
    model, _ = asked("majority-5-attention")
    for seed in range(3):
        for fitted in folds_of(len(model.tokens), {"folds": 2, "seed": seed}):
            held = [{*column.tolist()} for column in model.tokens[~fitted].T]
            assert all(one <= {*column.tolist()} for one, column in zip(held, model.tokens[fitted].T, strict=True))
