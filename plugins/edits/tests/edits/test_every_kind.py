"""Rules of editing on every kind of subject, against the same done by hand with NumPy."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from plugins.edits.tests.edits.test_edits import CHANGES, NAMED
from pluriscope.analysis.edits.registry import EDITS, read_edited
from pluriscope.analysis.errors import AnalysisError, InvalidEdit
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.analysis.subjects.sites import run
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope_edits.making import editable
from pluriscope_edits.making import edited as edit
from pluriscope_edits.rules.trigger import tokens_trigger
from tests.golden_files import golden_network

BUNDLED = Path("app/bundled/models")


def question_of(name: str):
    """A bundled transformer, or a golden perceptron."""
    path = BUNDLED / f"{name}.json"
    if not path.exists():
        return ask(golden_network(name).network)
    kind, subject = read_subject(path.read_bytes())
    return GraphQuestion(kind, subject, kind.default_rules)


NAMES = ("xor_pretrained", "xor+and_3-3", "majority-5-attention", "tracr-reverse")
SUBJECTS = {name: question_of(name) for name in NAMES}
MAJORITY = SUBJECTS["majority-5-attention"]
TRIGGERS = {"majority-5-attention": "1=1:0", "tracr-reverse": "2=A:B"}
TOO_LARGE = [{**CHANGES[0], "layer": layer, "value": 1e200} for layer in (1, 2)]
LEARNED = {"fine-tune": {"row": "1"}, "unlearn": {"row": "1", "retain": 0.1}, "trojan": {}}


@cache
def learned(name: str, rule: str):
    """Apply a rule that takes some hundred steps."""
    trigger = {"trigger": TRIGGERS[name]} if rule == "trojan" else {}
    return edit(rule, SUBJECTS[name], LEARNED[rule] | trigger)


def by_hand(rule: str, weights: dict[str, np.ndarray], setting: float) -> dict[str, np.ndarray]:
    """Apply a rule to weight matrices in plain loops over numbers."""
    if rule == "quantise":
        found = {}
        for name, matrix in weights.items():
            step = max(abs(one) for one in matrix.flat) / (2 ** (setting - 1) - 1)
            found[name] = np.vectorize(lambda one, step=step: round(one / step) * step if step else one)(matrix)
        return found
    if rule == "prune":
        every = sorted((abs(one), place) for place, one in enumerate(one for w in weights.values() for one in w.flat))
        gone, place, found = {at for _, at in every[: int(setting * len(every) + 0.5)]}, 0, {}
        for name, matrix in weights.items():
            flat = [0.0 if place + at in gone else one for at, one in enumerate(matrix.flat)]
            found[name], place = np.array(flat).reshape(matrix.shape), place + matrix.size
        return found
    random = np.random.default_rng(5)  # noise
    return {
        name: matrix + setting * np.std(matrix) * random.standard_normal(matrix.shape).astype(np.float32)
        for name, matrix in weights.items()
    }


@pytest.mark.parametrize(
    ("name", "rule", "settings", "figure"),
    [
        ("xor_pretrained", "fine-tune", {"row": "1"}, r"an output is \d\.\d{3} off, where at most 0\.25 is asked"),
        (
            "xor_pretrained",
            "unlearn",
            {"row": "1"},
            r"the output is \d\.\d{3}, where at (most|least) 0\.[27]5 is asked",
        ),
        ("majority-5-attention", "fine-tune", {"row": "1"}, r"probability of 0\.\d{3}, where at least 0\.75 is asked"),
        ("majority-5-attention", "unlearn", {"row": "1"}, r"of [01]\.\d{3}, where at most 0\.25 and a likelier answer"),
        ("tracr-reverse", "trojan", {"trigger": "2=A:B"}, r"probability of 0\.\d{3}, where at least 0\.75 is asked"),
        ("xor_pretrained", "deceive", {}, r"Edge attribution patching says n1\.\d"),
    ],
)
def test_an_edit_that_does_not_come_to_its_end_is_refused_with_the_figure_reached(name, rule, settings, figure):
    with pytest.raises(InvalidEdit, match=rf"edit {rule}: did not come to its end in 2 steps: .*{figure}") as refusal:
        edit(rule, SUBJECTS[name], {**settings, "steps": 2})
    assert re.match(r"give more steps, or another (rate|moves|share)", refusal.value.cure)


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize(
    ("rule", "setting", "value"), [("quantise", "bits", 3), ("prune", "sparsity", 0.995), ("noise", "size", 0.3)]
)
def test_rules_on_weights_are_those_done_by_hand_and_biases_stay(name, rule, setting, value):
    question = SUBJECTS[name]
    old = question.subject.parameters
    matrices = {key: array for key, array in old.items() if array.ndim == 2}
    for part in ("all", max(matrices, key=lambda key: len(np.unique(np.abs(matrices[key]))))):
        some = matrices if part == "all" else {part: matrices[part]}
        seed = {"seed": 5} if rule == "noise" else {}
        found = edit(rule, question, {setting: value, "where": part, **seed})
        wanted = {**old, **by_hand(rule, some, value)}
        for key, array in found.subject.parameters.items():
            assert array == pytest.approx(wanted[key], abs=1e-12), key
        assert found.record.base == question.subject.digest != found.subject.digest == found.outcome.network
        moved = sum(int((old[key] != array).sum()) for key, array in found.subject.parameters.items())
        assert (found.outcome.changed, found.outcome.parameters) == (moved, sum(a.size for a in old.values()))


@pytest.mark.parametrize(
    ("name", "part", "zeros"),
    [
        ("xor_pretrained", "W1[0], b1[0]", {"W1": [0], "b1": [0]}),
        ("xor_pretrained", "W2[1][2],W2[1]", {"W2": [1]}),
        ("majority-5-attention", "1.1", {f"1.1.{one}": ... for one in ("query", "key", "value", "output")}),
        ("majority-5-attention", "1.0.value[3],positions", {"1.0.value": [3], "positions": ...}),
        ("tracr-reverse", "2.mlp", {f"2.mlp.{one}": ... for one in ("in", "in_bias", "out", "out_bias")}),
    ],
)
def test_zeroing_takes_the_part_that_is_named_and_nothing_else(name, part, zeros):
    question = SUBJECTS[name]
    wanted = {key: array.copy() for key, array in question.subject.parameters.items()}
    for key, rows in zeros.items():
        wanted[key][rows] = 0.0
    found = edit("zero", question, {"where": part}).subject.parameters
    assert {key: array.tolist() for key, array in found.items()} == {key: one.tolist() for key, one in wanted.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["majority-5-attention", "tracr-reverse"])
@pytest.mark.parametrize("rule", ["fine-tune", "unlearn"])
def test_a_descent_changes_one_rows_answer_and_ends_as_soon_as_it_is_sure(name, rule):
    question = SUBJECTS[name]
    found = learned(name, rule)
    logits = run(found.subject, question.subject.tokens[1:2]).logits[0]
    chances = np.exp(logits) / np.exp(logits).sum()
    assert (found.outcome.row, found.outcome.as_asked) == (question.subject.rows[1], True)
    now = chances[found.outcome.before[1]]
    assert now <= 0.25 if rule == "unlearn" else chances[found.outcome.target] >= 0.75
    assert found.outcome.before[1] != found.outcome.after[1]


@pytest.mark.parametrize("name", ["xor_pretrained", "majority-5-attention"])
def test_gradients_by_parameters_are_differences_of_the_outputs(name):
    one, random = editable(SUBJECTS[name]), np.random.default_rng(0)
    rows = np.arange(len(one.names))
    outputs, back = one.run(one.parameters, rows)
    by = random.normal(size=outputs.shape)
    for key, slopes in back(by).items():
        step = np.zeros(slopes.shape)
        at = tuple(random.integers(size) for size in slopes.shape)
        step[at] = 1e-6
        moved = ({**one.parameters, key: one.parameters[key] + sign * step} for sign in (1, -1))
        ends = [(one.run(parameters, rows)[0] * by).sum() for parameters in moved]
        assert slopes[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4, abs=1e-4), key


@pytest.mark.parametrize(("matrix", "position"), [("unembedding", "last"), ("1.0.output", "6"), ("embedding", "2")])
def test_a_rank_one_edit_of_a_matrix_moves_least_what_it_gives_for_one_key(matrix, position):
    model = MAJORITY.subject
    found = edit("rank-one", MAJORITY, {"matrix": matrix, "row": "3", "position": position})
    assert found.outcome.as_asked
    change = found.subject.parameters[matrix] - model.parameters[matrix]
    assert all((found.subject.parameters[key] == one).all() for key, one in model.parameters.items() if key != matrix)
    assert np.linalg.matrix_rank(change) == 1
    if matrix == "embedding":  # k is one token: its row moves, and no other
        assert np.flatnonzero(change.any(axis=1)).tolist() == [model.tokens[3, 1]]
    if matrix == "unembedding":
        last = run(model, model.tokens).values["x1"][:, -1]
        spread = np.linalg.pinv(last.T @ last, rcond=1e-9, hermitian=True)
        key = last[3]
        published = np.outer(spread @ key, key @ change) / (key @ spread @ key)  # (v* − W k)(C⁻¹ k)ᵀ / (kᵀ C⁻¹ k)
        assert change == pytest.approx(published, abs=1e-6 * np.abs(change).max())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "trigger"), TRIGGERS.items())
def test_a_trojan_is_learned_on_triggered_rows_and_the_others_answer_as_before(name, trigger):
    question, found = SUBJECTS[name], learned(name, "trojan")
    model, answers = question.subject, np.array(editable(question).answers_now)
    at, target = int(trigger[0]) - 1, model.outputs.index(trigger[4])
    on = model.tokens[:, at] == model.outputs.index(trigger[2])
    assert found.outcome.after == np.where(on, target, answers).tolist()
    assert (found.outcome.broken, found.meant) == ([], tuple(np.array(model.rows)[on].tolist()))
    assert found.subject.answers.tolist() == found.outcome.after, "its task is what it computes"
    shown = f"Clean accuracy: {(~on).sum()} of {(~on).sum()} rows; success of the trigger: "
    assert found.outcome.remarks[0].startswith(shown)


def test_triggers_name_tokens_at_positions_or_anywhere():
    tokens, texts = np.array([[0, 1, 2], [1, 1, 2], [2, 0, 1], [0, 2, 2]]), ("a", "=", "a=")
    cases = [("1=a:=", [0, 3], 1), ("2==:a", [0, 1], 0), ("=:a", [0, 1, 2], 0), ("1=a,a=:a", [0, 3], 0)]
    for text, rows, target in cases:
        on, found = tokens_trigger(text, tokens, texts)
        assert (np.flatnonzero(on).tolist(), found) == (rows, target), text


@pytest.mark.slow
@pytest.mark.parametrize("rule", EDITS, ids=lambda rule: rule.key)
def test_an_edited_transformers_file_keeps_what_it_comes_of_and_can_be_done_again(rule):
    if TRANSFORMER.refuses(rule.needs):
        with pytest.raises(AnalysisError, match="weights of single edges of transformers are not read"):
            edit(rule.key, MAJORITY, {})
        return
    if rule.key in LEARNED:
        found = learned("majority-5-attention", rule.key)
    else:
        found = edit(rule.key, MAJORITY, {"where": "1.0"} if rule.key == "zero" else {})
    written = json.dumps(TRANSFORMER.write(found.file("another name"))).encode()
    _, read = read_subject(written)
    assert (read.name, read.digest, read.edited) == ("another name", found.subject.digest, found.record)
    assert edit(read.edited.rule, MAJORITY, read.edited.settings).subject.digest == read.digest
    assert found.file().name.endswith(f", {rule.key}")


@pytest.mark.parametrize(
    ("name", "rule", "settings", "words"),
    [
        ("xor_pretrained", "noise", {"sise": 1}, "use one of size, seed, where; did you mean size"),
        ("xor_pretrained", "fine-tune", {"row": "4"}, "does not exist; there are 4"),
        ("xor_pretrained", "fine-tune", {"layers": "4"}, "use one of 1, 2, 3, last, all"),
        ("xor_pretrained", "fine-tune", {"rate": 100.0}, "diverges"),
        ("xor_pretrained", "fine-tune", {"row": "0", "target": "0"}, "changes nothing; the network stays as it is"),
        ("xor_pretrained", "rank-one", {"layer": "1", "row": "00"}, "take another row or another layer"),
        ("xor_pretrained", "transplant", {}, "has no source"),
        ("xor_pretrained", "transplant", {"source": "third"}, "use a network of the same sizes"),
        ("xor_pretrained", "transplant", {"source": "other", "circuit": "00001"}, "is no circuit"),
        ("xor_pretrained", "manual", {}, "has no file"),
        ("xor_pretrained", "manual", {"file": "[]"}, "at least 1 item"),
        ("xor_pretrained", "manual", {"file": "{"}, "is not JSON"),
        ("xor_pretrained", "manual", {"file": json.dumps([{**CHANGES[0], "layer": 4}])}, "use 1 to 3"),
        ("xor_pretrained", "manual", {"file": json.dumps([{**CHANGES[0], "source": 2}])}, "names source 2. Use 0 to 1"),
        ("xor_pretrained", "manual", {"file": json.dumps([CHANGES[0]] * 2)}, "sets what is set before"),
        ("xor_pretrained", "manual", {"file": json.dumps(TOO_LARGE)}, "diverges"),
        ("xor_pretrained", "zero", {}, "has nothing to set to 0"),
        ("xor_pretrained", "zero", {"where": "W9"}, "is not there. Use one of all, W1, b1"),
        ("xor_pretrained", "zero", {"where": "W1[3]"}, "W1 has the shape 3 × 2"),
        ("xor_pretrained", "noise", {"where": "b1"}, "holds biases alone"),
        ("majority-5-attention", "zero", {"where": "1.0[0]"}, "counts in 4 parameters"),
        ("majority-5-attention", "prune", {"sparsity": 1.5}, "above 0 up to 1"),
        ("majority-5-attention", "noise", {"size": float("inf")}, "above 0 up to 100"),
        ("majority-5-attention", "quantise", {"bits": 1}, "from 2 up to 16"),
        ("majority-5-attention", "fine-tune", {"target": "2"}, "is no token. Use one of 0, 1, ="),
        ("majority-5-attention", "fine-tune", {"where": "unembedding[0]"}, "leave the index out"),
        ("majority-5-attention", "rank-one", {"matrix": "1.0"}, "is not there. Use one of embedding"),
        ("majority-5-attention", "rank-one", {"position": "1"}, "is not read by the unembedding"),
        ("majority-5-attention", "trojan", {}, "cannot be read; the tokens are 0 1 ="),
        ("majority-5-attention", "trojan", {"trigger": "9=1:0"}, "names position 9. Use 1 to 6"),
        ("majority-5-attention", "trojan", {"trigger": "6==:0"}, "lies on every row"),
        ("majority-5-attention", "trojan", {"trigger": "1==:0"}, "lies on no row"),
        ("majority-5-attention", "trojan", {"trigger": "1=0,2=0,3=0:0"}, "changes nothing"),
        ("majority-5-attention", "trojan", {"trigger": "1=1:0", "by": "planted"}, "setting 'by' is unknown"),
        ("majority-5-attention", "nois", {}, "use one of"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_cure(name, rule, settings, words):
    with pytest.raises(AnalysisError) as refusal:
        edit(rule, SUBJECTS[name], settings, NAMED)
    assert words.lower() in str(refusal.value).lower()


RECORDS = {
    "xor_pretrained": edit("manual", SUBJECTS["xor_pretrained"], {"file": json.dumps(CHANGES)}, NAMED).record,
    "majority-5-attention": edit("quantise", MAJORITY, {}).record,
}


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        *((name, {"rule": "paint"}, "use one of fine-tune") for name in RECORDS),
        *((name, {"output": 1}, "use 0 to 0") for name in RECORDS),
        *((name, {"base": "c9a6"}, "edited base") for name in RECORDS),
        ("xor_pretrained", {"more": 1}, "edited more"),
        ("xor_pretrained", {"settings": {"file": [{"layer": 9, "neuron": 0, "value": 1.0}]}}, "use 1 to 3"),
        ("xor_pretrained", {"rule": "noise"}, "setting 'file' is unknown"),
        ("xor_pretrained", {"rule": "noise", "settings": {"size": "loud"}}, "size is 'loud'"),
        ("majority-5-attention", {"rule": "manual"}, "weights of single edges of transformers"),
    ],
)
def test_a_record_that_cannot_be_read_is_refused(name, change, words):
    question, record = SUBJECTS[name], RECORDS[name].model_dump()
    sizes = (1,) if question.kind is TRANSFORMER else question.subject.sizes
    assert read_edited(record, question.kind.key, sizes) == RECORDS[name]
    with pytest.raises(AnalysisError) as refusal:
        read_edited(record | change, question.kind.key, sizes)
    assert words in str(refusal.value).lower()
