"""Transformers in the library: explained, kept, read again, shown; and what they do not offer is refused."""

from __future__ import annotations

import json
import re
from itertools import count

import numpy as np
import pytest

import pluriscope
from pluriscope.analysis.errors import (
    AnalysisError,
    InvalidIntervention,
    InvalidMask,
    InvalidNetwork,
    InvalidProtocol,
    InvalidTask,
    NotOffered,
)
from pluriscope.analysis.explaining import explanation
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.analysis.subjects.transformer.files import attention_document
from pluriscope.analysis.subjects.transformer.space import AttentionSpace
from pluriscope.app.bundled import bundled_models
from pluriscope.errors import NotListed
from tests.analysis.subjects.transformer.attention_models import random_attention

DOCUMENT = attention_document(random_attention(0, (1, 2, 4, 3, 4, 3)))


@pytest.fixture(scope="module")
def induction():
    return pluriscope.explain(bundled_models()["tracr-induction"])


def test_a_transformer_is_read_from_whatever_holds_it(tmp_path):
    path = tmp_path / "model.json"
    path.write_text(json.dumps(DOCUMENT))
    kind, subject = read_subject(path.read_bytes())
    found = [
        pluriscope.explain(one, protocol="nodes") for one in (path, str(path), path.read_bytes(), DOCUMENT, subject)
    ]
    assert {one.question.subject.digest for one in found} == {subject.digest}
    assert all(one.found == found[0].found and one.name == DOCUMENT["name"] for one in found)
    assert (
        kind.write(subject) == kind.read(kind.write(subject)) or kind.write(kind.read(kind.write(subject))) == DOCUMENT
    )
    assert pluriscope.explain(DOCUMENT, protocol="nodes", name="mine").name == "mine"


def test_its_circuits_are_those_of_the_search(induction):
    counts = induction.counts
    assert int(counts.valid_circuits) == len(induction.circuits) == 32
    assert [row["kind"] for row in counts.rows()] == ["possible circuits", "valid circuits"]
    smallest = induction.circuits.smallest[0]
    assert smallest.n_edges == len(smallest.edges) == induction.edges.min()
    assert induction.circuits[smallest.mask] == smallest
    assert induction.circuit(smallest.mask).margin == pytest.approx(induction.margins[induction.edges.argmin()])
    assert smallest.outputs == tuple(map(tuple, induction.question.outputs(smallest.number).tolist()))
    assert np.array_equal([one.n_neurons for one in induction.circuits], induction.neurons)
    table = induction.circuits.to_pandas()
    assert list(table["mask"]) == [one.mask for one in induction.circuits]
    assert list(table["edges"]) == induction.edges.tolist()


def test_its_circuits_are_judged_as_pages_judge_them(induction):
    minimal = induction.circuits.passing("minimal-subset")
    assert 0 < len(minimal) < len(induction.circuits)
    verdicts = {one.mask: one.verdict("minimal-subset").outcome for one in induction.circuits}
    assert {mask for mask, outcome in verdicts.items() if outcome == "passed"} == {one.mask for one in minimal}
    assert set(minimal[0].verdicts) == {one.key for one in induction.criteria if one.cost != "slow"}
    assert "role-agreement" in minimal[0].verdicts
    with pytest.raises(AnalysisError, match="is not about circuits"):
        induction.circuits.passing("causal-scrubbing")


def test_it_is_kept_and_read_again_and_shown(induction, tmp_path):
    again = pluriscope.load(induction.save(tmp_path / "result.json"))
    assert again == induction
    assert again.circuits == induction.circuits
    assert again.address == induction.address == f"/networks/{induction.question.subject.digest[:12]}"
    heads = pluriscope.explain(bundled_models()["tracr-induction"], protocol="heads")
    assert heads.circuits[0].address.endswith(f"/explanations/c-{heads.circuits[0].mask}?protocol=heads")
    assert pluriscope.load(heads.save(tmp_path / "heads.json")).scope.protocol == "heads"
    for shown in (induction._repr_html_(), induction.circuits._repr_html_(), str(induction.circuits[0].draw())):
        assert shown
    assert "32 valid circuits>" in repr(induction)


def test_circuits_are_compared_on_the_rows_of_the_task():
    found = pluriscope.explain(DOCUMENT)
    subject, ones = found.question.subject, [found.circuit(mask) for mask in ("1ff", "040", "1bf")]
    table, said = found.compare(*ones), [largest(np.array(one.outputs)) for one in ones]
    apart = [row for row, *answers in zip(subject.rows, *said, strict=True) if len({*answers} - {-1}) > 1]
    assert apart
    assert sorted(row["row"] for row in table) == sorted(apart)
    names = (*subject.outputs, None)
    for row in table:
        at = subject.rows.index(row["row"])
        assert [row[letter] for letter in "PQR"] == [names[one[at]] for one in said]
        assert row["network"] == row["P"]


@pytest.mark.slow
def test_a_search_that_time_ended_is_gone_on_with_to_what_one_run_finds(tmp_path):
    raw = bundled_models()["indirect-object-2x2"]
    whole, given = pluriscope.explain(raw, seconds=None), read_subject(raw)
    (question,) = explanation.questions(*given, (), "", None)
    for ticks in (1, 2, 4):
        times = count()
        document = explanation.explain([question], Work(clock=lambda: float(next(times))).for_seconds(ticks))  # noqa: B023
        early = pluriscope.Result(given[1], question, document)
        assert not early.exhaustive
        assert pluriscope.load(early.save(tmp_path / "early.json")).continued(seconds=None).found == whole.found
    document["outputs"][0]["circuits"]["parts"] += 1
    with pytest.raises(InvalidNetwork, match="was changed"):
        early.continued()


def test_a_space_whose_circuits_can_be_neither_searched_nor_drawn_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(AttentionSpace, "possible_by_bits", None)
    large = pluriscope.explain(bundled_models()["indirect-object-2x4"])
    assert str(large.counts.valid_circuits).startswith("≥ ")
    assert not large.exhaustive
    assert list(large.circuits) == []
    assert "none was tested" in large.missing[0]
    why = r"Circuits are not searched: .* Protocols under which they are: .*'nodes'"
    assert re.search(why, repr(large))
    assert repr(large.circuits).endswith("valid circuits, 0 of them listed")
    with pytest.raises(NotListed, match=why):
        large.circuits.smallest[0]
    assert pluriscope.load(large.save(tmp_path / "large.json")) == large


@pytest.mark.slow
def test_a_space_too_large_to_search_is_drawn_from(tmp_path, monkeypatch):
    monkeypatch.setattr(explanation, "DRAWS", 1_024)
    large = pluriscope.explain(attention_document(random_attention(0, (2, 8, 4, 3, 4, 3))), seconds=None)  # 257 bits
    valid, sample = large.counts.valid_circuits, large.search
    assert (valid.certainty, valid.confidence) == ("guaranteed", 0.95)
    assert len(large.circuits) <= valid.low <= valid.value <= valid.high <= int(large.counts.possible_circuits)
    assert all(large.question.judge(one.number).valid for one in large.circuits[:4])
    assert large.circuits.smallest[0].n_edges == sample.smallest.n_edges
    assert f"{large.found['circuits']['tested']:,} uniform draws" in large.missing[0]
    loaded = pluriscope.load(large.save(tmp_path / "large.json"))
    assert loaded == large
    assert all(
        getattr(loaded.search, name) == getattr(sample, name) for name in ("interval", "by_size", "smallest", "why")
    )
    low, high = large.found["circuits"]["interval"]
    for changes in ({"interval": [high, low]}, {"interval": ["-1", high]}, {"valid": "0"}, {"confidence": 2}):
        document = json.loads((tmp_path / "large.json").read_text())
        document["outputs"][0]["circuits"] |= changes
        (tmp_path / "changed.json").write_text(json.dumps(document))
        with pytest.raises(InvalidNetwork, match=r"is damaged: ValueError .* interval"):
            pluriscope.load(tmp_path / "changed.json")


REFUSED = {
    "their numbers": (lambda result: result.interpretation_counts, NotOffered, "no formulas of"),
    "predictions": (lambda result: result.circuits[0].predictions, NotOffered, "single neurons of"),
    "weights": (lambda result: result.weights, NotOffered, "weights of single edges"),
    "a comparison under other rules": (
        lambda result: result.compare(
            result.circuits[0], pluriscope.explain(bundled_models()["tracr-induction"], protocol="heads").circuits[0]
        ),
        InvalidIntervention,
        "other rules",
    ),
    "a comparison with one": (lambda result: result.compare(result.circuits[0]), InvalidIntervention, "1 explanation"),
    "going on": (lambda result: result.continued(), InvalidNetwork, "is finished"),
    "no such circuit": (lambda result: result.circuit("fffffff"), InvalidMask, "bits beyond"),
    "another output": (lambda _: pluriscope.explain(DOCUMENT, output=1), NotOffered, "asked about as a whole"),
    "a protocol": (lambda _: pluriscope.explain(DOCUMENT, protocol={"ablation": "mean"}), NotOffered, "values of"),
    "no such rules": (lambda _: pluriscope.explain(DOCUMENT, protocol="paper"), InvalidProtocol, "no value of any"),
    "a task": (lambda _: pluriscope.explain(DOCUMENT, "XOR"), NotOffered, "not in a truth table"),
    "an encoding": (lambda _: pluriscope.explain(DOCUMENT, encoding="-1, 1"), NotOffered, "stand for 0 and 1"),
    "a damaged file": (lambda _: pluriscope.explain({**DOCUMENT, "layers": 2}), InvalidNetwork, "layers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_transformers_do_not_offer_is_refused(induction, case):
    call, error, said = REFUSED[case]
    with pytest.raises(error, match=said):
        call(induction)


@pytest.mark.parametrize("change", ["network", "task", "outputs", "a mask", "a mask's length"])
def test_a_damaged_result_of_a_transformer_is_refused(induction, tmp_path, change):
    path = induction.save(tmp_path / "result.json")
    document = json.loads(path.read_text())
    if change == "task":
        document["outputs"][0]["task"]["answers"][0] ^= 1
    elif change == "network":
        document["network"] = "0" * 64
    elif change.startswith("a mask"):
        masks = document["outputs"][0]["circuits"]["masks"]
        masks[0] = "-" + masks[0][1:] if change == "a mask" else masks[0][1:]
    else:
        del document["outputs"][0]["circuits"]["possible"]
    path.write_text(json.dumps(document))
    with pytest.raises((InvalidTask, InvalidNetwork), match=r"another one|is about network|is damaged"):
        pluriscope.load(path)


def test_what_it_answers_may_be_its_task():
    wrong = {**DOCUMENT, "tasks": [{**DOCUMENT["tasks"][0], "answers": [0] * len(DOCUMENT["tasks"][0]["rows"])}]}
    assert "The whole model itself fails" in pluriscope.explain(wrong, protocol="nodes").not_learned
    assert not pluriscope.explain(wrong, "decisions", protocol="nodes").not_learned
