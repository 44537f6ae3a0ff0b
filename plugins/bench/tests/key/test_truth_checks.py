"""Truths that must not move: another enumerator finds the same."""

from dataclasses import replace

import pytest

from plugins.bench.tests.key.second_enumeration import disagreement, main
from plugins.bench.tests.suites import tiny
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import read_attention
from pluriscope_bench.key.condition import PRIMARY
from pluriscope_bench.key.judging import conditions_of
from pluriscope_bench.key.truths import truths_of
from tests.analysis.subjects.transformer.test_attention_blocks import with_blocks
from tests.random_networks import random_network
from tests.trained_networks import trained_xor


@pytest.mark.parametrize(
    "question",
    [
        ask(random_network(7, (3, 2, 1), "softplus")),
        pytest.param(ask(random_network(3, (2, 2, 2, 1), "elu")), marks=pytest.mark.slow),
        pytest.param(ask(trained_xor(3, 2)[1]), marks=pytest.mark.release),
    ],
)
def test_a_second_enumerator_finds_the_same(question):
    for truth in truths_of(question, conditions_of(question)):
        assert disagreement(question, truth) == ""


@pytest.mark.slow
@pytest.mark.parametrize("text", ["heads", ""])
def test_masks_of_a_transformer_run_by_its_file_are_the_same(text):
    document = with_blocks(29, (1, 2, 5, 3, 4, 3), **({"mlp": "relu", "norm": True} if text else {}))
    question = GraphQuestion(TRANSFORMER, read_attention(document), TRANSFORMER.rules(text))
    truths = truths_of(question, conditions_of(question))
    assert [disagreement(question, one) for one in truths] == ["", ""]
    assert all(one.n_valid for one in truths)


@pytest.mark.release
def test_a_second_enumerator_counts_the_circuits_of_a_wider_network():
    question = ask(trained_xor(4, 1)[0])
    assert disagreement(question, truths_of(question, [PRIMARY])[0]) == ""


@pytest.mark.release
def test_a_share_of_a_suite_is_gone_through_and_what_differs_is_named(monkeypatch, capsys):
    suite = tiny()
    assert main([str(suite.folder), "--share", "1"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert sorted(line.split(":")[0] for line in lines) == sorted(one.name for one in suite.networks)
    assert all(": agrees under " in line for line in lines)
    assert last == f"{len(lines)} networks, truths: {{'agree': {sum(map(len, suite.truths.values()))}}}"

    truth = type(suite).truth

    def other(self, name, condition=PRIMARY):
        known = truth(self, name, condition)
        return replace(known, n_valid=known.n_valid + 1) if condition == PRIMARY else known

    monkeypatch.setattr(type(suite), "truth", other)
    assert main([str(suite.folder)]) == 1  # a share below one network is one
    line, last = capsys.readouterr().out.splitlines()
    assert "zero-threshold-strict: n_valid is" in line
    assert "'differ': 1" in last
