"""Lenses on transformers, against other ways to the same numbers."""

import re
from dataclasses import replace
from functools import cache
from itertools import combinations, count, permutations
from types import SimpleNamespace

import numpy as np
import pytest

from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.numerics.fixed_order import solved
from pluriscope.analysis.running.progress import LATE
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.chances import log_softmax
from pluriscope.analysis.subjects.enumeration import number_bits
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.analysis.subjects.sites import Site, pairs_of, run, some_of
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import read_attention
from pluriscope.analysis.subjects.transformer.runs import site_names
from pluriscope.app.bundled import bundled_models
from pluriscope_methods.lenses import dictionary_sweep
from pluriscope_methods.lenses.das import learned_subspace, orthonormal
from pluriscope_methods.lenses.lens import Grid, Grids, Lens
from pluriscope_methods.lenses.null_test import generator
from pluriscope_methods.lenses.on_sites import coalitions, folds_of
from pluriscope_methods.lenses.parts import parts_of_masks, words_of
from pluriscope_methods.lenses.probes import behind_hidden, read_out_accuracy
from pluriscope_methods.lenses.registry import LENSES
from pluriscope_methods.lenses.report import find
from tests.analysis.subjects.transformer.attention_models import random_attention
from tests.analysis.subjects.transformer.test_attention_blocks import with_blocks

SIZES = (2, 2, 6, 4, 5, 4)
PLAIN = random_attention(3, SIZES, n_rows=200)
WHOLE = read_attention(with_blocks(3, SIZES, biases=True, mlp="gelu_new", norm=True, n_rows=200))
SMOOTH = replace(PLAIN, embedding=PLAIN.embedding / 50, positions=PLAIN.positions / 50)
MODELS = [pytest.param(PLAIN, id="attention"), pytest.param(WHOLE, id="blocks")]


@cache
def all_found(whole):
    """What all lenses find of a ninth of a model's rows, about what, and its circuits."""
    question = question_of(replace(whole, tokens=whole.tokens[::9], answers=whole.answers[::9]), "nodes")
    circuits = find_masks(question)
    with pytest.MonkeyPatch.context() as few:
        few.setattr(dictionary_sweep, "COUNTS", ())
        few.setattr(dictionary_sweep, "PENALTIES", ())
        return find(Analysed(question, circuits), Settings(thorough=True)), question, circuits


def question_of(model, rules=""):
    return GraphQuestion(TRANSFORMER, model, TRANSFORMER.rules(rules))


def asked(model, key, **given):
    lens = LENSES.of(TRANSFORMER)[key]
    answer = lens.answer(question_of(model), lens.filled(given))
    assert answer.outcome == "found", answer.notes
    return answer.view


def cell(found, row, column):
    [value] = [one for grid in found.grids for r, c, one, _ in grid.cells() if (r, c) == (row, column)][:1]
    return value


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("direction", ["denoising", "noising"])
@pytest.mark.parametrize("site", ["1.1~2", "2.0", "1.0.a~4", "x1~4"])
def test_patching_goes_that_share_of_the_way(model, direction, site):
    pairs, (name, _, at) = pairs_of(model, 4), site.partition("~")
    clean, corrupt = model.tokens[pairs.clean], model.tokens[pairs.corrupt]
    tokens, others = (corrupt, clean) if direction == "denoising" else (clean, corrupt)
    right, wrong = model.answers[pairs.clean], model.answers[pairs.corrupt]

    def total(logits):
        return (logits[range(4), right] - logits[range(4), wrong]).sum()

    source = run(model, others)
    ends = [total(run(model, rows).logits) for rows in (tokens, others)]
    patched = run(model, tokens, [(Site(name, int(at) - 1 if at else None), source.values[name])])
    found = asked(model, "patching-table", direction=direction, pairs=4)
    share = (total(patched.logits) - ends[0]) / (ends[1] - ends[0])
    assert cell(found, name, at or "all") == pytest.approx(share, abs=1e-9)
    assert cell(found, "x2", "all") == pytest.approx(1.0)


@pytest.mark.parametrize("most", [8, 16])
def test_rows_that_are_looked_at_have_every_token_at_each_position(most):
    model = question_in(bundled_models()["majority-5-attention"]).subject  # rows in the order of their tokens
    for rows in (some_of(32, most), pairs_of(model, most).clean):
        assert [len(set(column)) for column in model.tokens[rows].T.tolist()] == [2, 2, 2, 2, 2, 1]
        assert rows.tolist() == sorted({*rows.tolist()})
        assert len(rows) == most
    assert some_of(5, most).tolist() == [0, 1, 2, 3, 4]


def test_shapley_values_are_before_every_row_and_no_position_of_a_majority_has_none():
    model = question_in(bundled_models()["majority-5-attention"]).subject
    view, n = asked(model, "shapley"), 6
    by_position = view.grids[0].values[0]
    assert min(by_position[:5]) > 0.95 * max(by_position)
    row, right = model.tokens[some_of(32, 8)[0]], model.answers[some_of(32, 8)[0]]

    def value(kept):
        logits = run(model, np.where(np.isin(np.arange(n), kept), row, model.tokens)).logits
        return (logits[:, right] - np.delete(logits, right, axis=1).mean(axis=1)).mean()

    values = {kept: value(kept) for size in range(n + 1) for kept in combinations(range(n), size)}
    gains = np.zeros(n)
    for order in permutations(range(n)):
        for at, one in enumerate(order):
            gains[one] += values[tuple(sorted(order[: at + 1]))] - values[tuple(sorted(order[:at]))]
    assert view.grids[1].values[0] == pytest.approx(gains / 720)


@pytest.mark.parametrize("form", ["first-order", "integrated"])
def test_attribution_is_the_patch_where_the_model_is_linear(form):
    exact, estimate = (asked(PLAIN, key, pairs=8) for key in ("patching-table", "attribution-patching"))
    estimate = estimate if form == "first-order" else asked(PLAIN, "attribution-patching", pairs=8, form=form)
    for name in ("2.0", "2.1", "x2"):
        assert cell(estimate, name, "4") == pytest.approx(
            cell(exact, name, "4"), abs=0.02 if form == "integrated" else 1e-9
        )
    assert cell(estimate, "x0", "all") != pytest.approx(cell(exact, "x0", "all"), abs=1e-3) or form == "integrated"


@pytest.mark.parametrize("model", MODELS)
def test_direct_effects_add_up_to_the_difference_of_logits(model):
    pairs, found = pairs_of(model, 16), asked(model, "direct-attribution", pairs=16)
    logits, rows = run(model, model.tokens[pairs.clean]).logits, range(16)
    difference = logits[rows, model.answers[pairs.clean]] - logits[rows, model.answers[pairs.corrupt]]
    assert sum(value for _, _, value, _ in found.grids[0].cells()) == pytest.approx(difference.mean())
    if model is PLAIN:
        by_place = found.grids[1].values[found.grids[1].rows.index("2.1")]
        assert sum(by_place) == pytest.approx(cell(found, "2.1", "logits"))


@pytest.mark.parametrize("model", MODELS)
def test_the_last_stream_is_read_as_the_model_reads_it(model):
    found = asked(model, "logit-lens", row=7)
    chances = np.exp(log_softmax(run(model, model.tokens).logits))
    assert cell(found, "x2", "4") == pytest.approx(chances[np.arange(len(chances)), model.answers].mean())
    best = model.outputs[int(chances[7].argmax())]
    assert found.grids[1].texts[-1][-1].split()[0] == best


def test_equations_are_solved():
    random = np.random.default_rng(0)
    half = random.normal(size=(5, 5))
    for sides in (random.normal(size=5), random.normal(size=(5, 3))):
        assert np.allclose(solved(half @ half.T, sides), np.linalg.solve(half @ half.T, sides))
    assert np.isnan(solved(np.zeros((2, 2)), np.ones(2))).all()


def test_sets_of_tokens_are_those_of_the_row_in_place_of_others():
    rows, others = np.array([3, 60]), np.array([[7, 90], [8, 91]])
    found = coalitions(PLAIN, rows, others)
    for at, row in enumerate(rows):
        for number, kept in ((0, []), (0b0101, [1, 3]), (0b1111, range(4))):
            tokens = PLAIN.tokens[others[at]].copy()
            tokens[:, list(kept)] = PLAIN.tokens[row, list(kept)]
            logits = run(PLAIN, tokens).logits
            right = logits[:, PLAIN.answers[row]]
            expected = (right - (logits.sum(axis=1) - right) / 4).mean()
            assert found[at, number] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("key", "given"), [("shapley", {"rows": 3, "backgrounds": 2}), ("integrated-gradients", {"rows": 3})]
)
def test_scores_of_tokens_add_up(key, given):
    found = asked(SMOOTH, key, **given)
    sums = np.array(found.grids[1].values).sum(axis=1)
    if key == "shapley":
        values = coalitions(SMOOTH, some_of(200, 3), np.broadcast_to(some_of(200, 2), (3, 2)))
        assert np.allclose(sums, values[:, -1] - values[:, 0])
    else:
        pairs = pairs_of(SMOOTH, 3)
        ends = [run(SMOOTH, SMOOTH.tokens[rows]).logits for rows in (pairs.corrupt, pairs.clean)]
        right, wrong = SMOOTH.answers[pairs.clean], SMOOTH.answers[pairs.corrupt]
        low, high = (one[range(3), right] - one[range(3), wrong] for one in ends)
        assert np.allclose(sums, high - low, rtol=0, atol=1e-9)
        gaps = np.abs(sums - (high - low))
        assert f"by up to {gaps.max():.2g}; over all 3 rows by {gaps.sum():.2g}, without regard to signs" in found.says


def test_a_read_out_finds_labels_that_are_there_and_no_others():
    random, fitted = np.random.default_rng(0), np.arange(400) % 2 == 0
    labels, points = random.integers(3, size=400), random.normal(size=(400, 5))
    assert read_out_accuracy(points + 9 * np.eye(5)[labels], labels, fitted) > 0.99
    assert read_out_accuracy(points, labels, fitted) < 0.5


def test_where_every_row_has_one_control_label_there_is_no_selectivity():
    tokens = PLAIN.tokens.copy()
    tokens[:, 3] = tokens[0, 3]
    found = asked(replace(PLAIN, tokens=tokens), "probes")
    for grid in (*found.grids[1:3], found.grids[4]):  # the first 200 rows begin with two tokens, which have two labels
        assert {tuple(value is None for value in row) for row in grid.values} == {(False, False, False, True)}
    assert "No control is possible at position 4, where every row has one control label" in " ".join(found.notes)
    assert None not in {value for grid in asked(PLAIN, "probes").grids for row in grid.values for value in row}


def test_a_learned_subspace_is_orthonormal_and_better_than_the_widest():
    pairs, site = pairs_of(SMOOTH, 12), Site("x1", 3)
    basis = learned_subspace(SMOOTH, site, pairs, 2)
    assert np.allclose(basis @ basis.T, np.eye(2), atol=1e-9)
    own, other = (run(SMOOTH, SMOOTH.tokens[rows]).values["x1"] for rows in (pairs.clean, pairs.corrupt))
    wanted, moved = SMOOTH.answers[pairs.corrupt], (other - own)[:, 3]

    def loss(rows):
        stream = own.copy()
        stream[:, 3] += moved @ rows.T @ rows
        return -log_softmax(run(SMOOTH, SMOOTH.tokens[pairs.clean], [(site, stream)]).logits)[range(12), wanted].mean()

    assert loss(basis) < loss(np.linalg.svd(moved)[2][:2]) / 2
    assert len(orthonormal(np.array([[1.0, 0], [2, 0], [1, 1]]))) == 2


def test_a_line_carries_the_share_that_pairs_run_one_by_one_give_beside_random_directions():
    found, pairs = asked(SMOOTH, "das", pairs=12), pairs_of(SMOOTH, 12)
    values, answered = run(SMOOTH, SMOOTH.tokens).values, dict[str, list[bool]]()
    fold_of = np.argmin(folds_of(12, {"folds": 2, "seed": 0}), axis=0)
    for clean, corrupt, fold in zip(pairs.clean.tolist(), pairs.corrupt.tolist(), fold_of.tolist(), strict=True):
        moved = values["x1"][corrupt, 3] - values["x1"][clean, 3]
        lines = [
            np.array(found.weights[str(Site("x1", 3))][fold][0]),
            *(generator(number).normal(size=6) for number in range(5)),
        ]
        ways = {"whole": moved} | {str(at): moved @ one * one / (one @ one) for at, one in enumerate(lines)}
        for way, change in ways.items():
            stream = values["x1"][clean].copy()
            stream[3] += change
            logits = run(SMOOTH, SMOOTH.tokens[[clean]], [(Site("x1", 3), stream[None])]).logits
            answered.setdefault(way, []).append(logits[0].argmax() == SMOOTH.answers[corrupt])
    shares = {way: np.mean(some) for way, some in answered.items()}
    at = found.grids[0].rows.index("x1")
    learned, whole, drawn = (grid.values[at][3] for grid in found.grids)
    assert (learned, whole) == (shares["0"], shares["whole"])
    assert drawn == pytest.approx(np.mean([shares[str(number)] for number in range(1, 6)]))
    assert len({learned, whole, drawn}) > 1


@pytest.mark.parametrize("text", ["", "heads", "nodes"])
def test_parts_are_counted_circuit_by_circuit(text):
    rules = TRANSFORMER.rules(text)
    space, masks = PLAIN.space(rules), np.random.default_rng(1).integers(1, 1 << 20, size=40).astype(np.uint64)
    if text == "nodes":
        masks %= np.uint64(16)
    graph = space.graph
    kept = graph.kept_edges(number_bits(masks, graph.n_bits))
    found = parts_of_masks(space, masks)
    for name, into in (("2.1.k", "2.1"), ("2.1", "2.1")):
        slot = name.removeprefix(into).strip(".")
        edges = [
            at
            for at, edge in enumerate(graph.edges)
            if (graph.nodes[edge.target].name == into and edge.slot in ("", slot or edge.slot))
            or (not slot and graph.nodes[edge.source].name == into)
        ]
        some = kept[:, edges].any(axis=1) if text != "nodes" or slot else number_bits(masks, 4)[:, 3]
        assert found[name] == some.sum()
    edge = "1.0-2.1.k" if not text else "1.0-2.1"
    assert found["1.0-2.1.k"] == kept[:, graph.edge_names.index(edge)].sum()


@pytest.mark.parametrize(
    ("values", "effects", "words"),
    [
        ((0.9, 0.1), True, "1 of 2 parts have an effect of 0.5 or more; none of them are in every valid circuit. More "
         "than half of the 10 valid circuits do without 1.0 (in 3 of 10). In every valid circuit, with a smaller "
         "effect: 1.1."),
        ((0.1, -0.8), True, "1 of 2 parts have an effect of 0.5 or more; 1 of them is in every valid circuit."),
        ((0.1, 0.2), True, "No part of a circuit has an effect of 0.5 by itself. In every valid circuit, with a "
         "smaller effect: 1.1."),
        ((7.0, 2.0), False, "The part with the largest number, 1.0, is in 3 of 10 valid circuits."),
    ],
)  # fmt: skip
def test_what_circuits_say_of_effects(values, effects, words):
    grid = Grid("", ("a", "b"), ("1",), tuple((value,) for value in values), (("1.0~1",), ("1.1.a",)))
    lens = replace(LENSES.of(TRANSFORMER)["patching-table"], effects=effects)
    sizes = lens.sizes(Grids((grid,), ""))
    assert words_of(sizes, {"1.0": 3, "1.1": 10}, 10, lens.large) == words.replace("1.1.a", "1.1")
    assert words_of(sizes, {"1.0": 0, "1.1": 0}, 0, lens.large) == ""
    every = {f"1.{head}": 10 for head in range(8)}
    assert words_of(dict.fromkeys(every, 0.1), every, 10, "an effect").endswith("1.4, 1.5 and 2 more.")


@pytest.mark.parametrize("model", [PLAIN, pytest.param(WHOLE, marks=pytest.mark.release)], ids=["attention", "blocks"])
def test_every_lens_answers_or_says_why(model):
    found, question, _ = all_found(model)
    assert [one.lens for one in found.lenses] == list(LENSES.by_key)
    known, refused = LENSES.of(TRANSFORMER), LENSES.refusals(TRANSFORMER)
    answered = {key for key, lens in known.items() if lens.fit(question, lens.defaults).answered}
    assert {*known} - answered == {"turned-circle", "facts"}  # of few answers, without paraphrases
    for one in found.lenses:
        assert (one.outcome == "found") == (one.lens in answered), one
        assert one.lens in known or one.notes == [refused[one.lens]]
        assert bool(one.grids) == (one.lens in answered)
        assert one.says or one.notes
        for grid in one.grids:
            assert {len(row) for row in grid.values} == {len(grid.columns)}


ONE_ANSWER = replace(PLAIN, answers=np.zeros(len(PLAIN.tokens), dtype=np.int64))
FEW = replace(PLAIN, tokens=PLAIN.tokens[:1], answers=PLAIN.answers[:1])


@pytest.mark.parametrize(
    ("model", "key", "given", "why"),
    [
        (ONE_ANSWER, "patching-table", {}, "All 200 rows have one answer"),
        (ONE_ANSWER, "lime", {}, "All 200 rows have one answer"),
        (PLAIN, "logit-lens", {"row": 200}, "Row 200 is beyond the 200 rows of the task; use 0 to 199."),
        (PLAIN, "das", {"dimension": 7}, "The stream has 6 dimensions, fewer than 7."),
        (FEW, "das", {}, "All 1 rows have one answer"),
        (FEW, "probes", {}, "The task has 1 rows, and some of them are held out."),
        (FEW, "tuned-lens", {}, "The task has one row"),
        (random_attention(0, (1, 1, 2, 2, 2, 11), n_rows=9), "shapley", {}, "11 positions have too many sets"),
    ],
)
def test_what_cannot_be_answered_is_refused(model, key, given, why):
    lens = LENSES.of(TRANSFORMER)[key]
    answer = lens.answer(question_of(model), lens.filled(given))
    assert answer.outcome == "undefined"
    assert answer.notes[0].startswith(why)


def test_under_other_rules_only_what_circuits_say_is_made_anew(monkeypatch):
    first, question, whole = all_found(PLAIN)
    some = replace(whole, masks=np.array([3, 15], dtype=np.uint64))
    answer = Lens.answer
    monkeypatch.setattr(
        Lens, "answer", lambda self, *rest: answer(self, *rest) if self.key == "roles" else pytest.fail(self.key)
    )
    second = find(Analysed(question, some, before=first), Settings(thorough=True))
    for before, after in zip(first.lenses, second.lenses, strict=True):
        if before.lens != "roles":
            assert after.grids == before.grids
    reply = {one.lens: one.stands for one in second.lenses}["direct-attribution"]
    assert re.search(r"is in [12] of 2 valid circuits", reply)


def test_a_lens_that_time_ends_is_named_and_asked_again():
    ticks = count()
    question, some = question_of(PLAIN, "nodes"), SimpleNamespace(masks=np.array([3], dtype=np.uint64), layout=None)
    late = find(Analysed(question, some), Settings(), Work(clock=lambda: float(next(ticks)), deadline=2.0))
    ended = [one.lens for one in late.lenses if one.notes[-1:] == [LATE]]
    assert len(ended) > 10
    assert len({one.lens for one in late.lenses}) == len(late.lenses)
    lens = LENSES.of(TRANSFORMER)["path-patching"]
    answer = lens.answer(question, lens.defaults, Work(clock=lambda: 1.0, deadline=0.5))
    assert (answer.outcome, answer.notes[-1:]) == ("undefined", (LATE,))


def test_sites_of_answers_are_sites_of_the_model():
    known = {*site_names(PLAIN)}
    for key in ("patching-table", "attribution-patching", "direct-attribution", "das"):
        for grid in asked(PLAIN, key, pairs=4).grids:
            assert {site.partition("~")[0] for _, _, _, site in grid.cells() if site} <= known


def test_an_autoencoder_is_what_its_exported_weights_compute(monkeypatch):
    monkeypatch.setattr("pluriscope_methods.lenses.autoencoder.STEPS", 50)
    found, model = asked(WHOLE, "sae", latents=3), WHOLE
    computed = run(model, model.tokens).values
    for grid, (name, learned) in zip(found.grids, found.weights.items(), strict=True):
        own = {key: np.array(one) for key, one in learned.items()}
        values = computed[name].reshape(model.tokens.size, -1)
        latents = np.maximum((values - own["centre"]) @ own["encoder"].T + own["bias"], 0.0)
        assert own["directions"].shape == own["encoder"].shape
        for token, column in enumerate(grid.columns):
            here = latents[model.tokens.ravel() == token]
            wanted = here.mean(axis=0) if len(here) else np.zeros(len(own["bias"]))
            got = [row[token] for row in grid.values]
            assert got == pytest.approx(wanted, abs=1e-9), column


def test_a_probe_that_is_not_linear_reads_a_parity_that_a_linear_one_cannot_and_no_random_labels():
    random = np.random.default_rng(2)
    two, fitted = random.normal(size=(400, 2)), np.arange(400) % 2 == 0
    points, parity = two @ random.normal(size=(2, 5)), (two[:, 0] * two[:, 1] > 0).astype(np.int64)
    hidden = behind_hidden(points, fitted)
    assert read_out_accuracy(points, parity, fitted) < 0.75
    assert read_out_accuracy(hidden, parity, fitted) > 0.9
    assert read_out_accuracy(hidden, random.integers(2, size=400), fitted) == pytest.approx(0.5, abs=0.12)
    # what is held out sets nothing
    moved = points.copy()
    moved[~fitted] *= 3.0
    assert np.array_equal(behind_hidden(moved, fitted)[fitted], hidden[fitted])


def test_what_a_probe_that_is_not_linear_adds_may_be_its_own():
    question = question_in(bundled_models()["indirect-object-2x2"])
    lens = LENSES.of(TRANSFORMER)["probes"]
    view = lens.answer(question, lens.filled({})).view
    linear, bent, null = (np.array(view.grids[at].values) for at in (0, 3, 5))
    assert (linear[1, 4] < 0.75, bent[1, 4] > 0.85) == (True, True)
    assert null[1, 4] > 0.9  # as networks with shuffled matrices have it, the network has not learned it
    assert "adds most at x1, position 5: 11%, to 86%. In shuffled networks it reads 93% there." in view.says


def test_where_nothing_is_read_no_place_is_the_best():
    rows = replace(PLAIN, tokens=PLAIN.tokens[:4], answers=np.arange(4))  # what is held out has answers of its own
    lens = LENSES.of(TRANSFORMER)["probes"]
    says = lens.answer(question_of(rows), lens.filled({})).view.says
    assert says.startswith("The answer is read nowhere on any of the held-out rows; the commonest answer")
