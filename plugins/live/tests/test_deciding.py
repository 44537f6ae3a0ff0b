"""What decides in live spaces, and where: guessed where one reading fits, asked elsewhere, named in every verdict."""

import itertools
import re

import pytest
import torch
from torch import nn

import pluriscope
from plugins.live.tests.small_models import Llama
from pluriscope.analysis.errors import AnalysisError
from pluriscope_live.stability import stability

ROWS = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
UNITS = ["0[0:1]", "0[1:2]"]


def net_of(weights, bias, *behind):
    """One hidden layer of A + B and A + B − 1 above 0, then a layer, and what is behind that."""
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, len(weights)), *behind)
    values = [[[1.0, 1], [1, 1]], [0.0, -1], weights, bias]
    for one, value in zip(net.parameters(), values, strict=True):
        one.data = torch.tensor(value)
    return net


XOR = net_of([[10.0, -20]], [-5.0])
PROBABILITY = net_of([[10.0, -20]], [-5.0], nn.Sigmoid())
SIGN = net_of([[10.0, -20]], [-5.0], nn.Tanh())
HALF_ADDER = net_of([[0.0, 20], [20, -40]], [-10.0, -10], nn.Sigmoid())  # the carry, the sum
CLASSES = net_of([[-5.0, 10], [5, -10]], [2.5, -2.5])


class Tagger(nn.Module):
    """Answers XOR at its first of three positions and 0 at the others, or XOR at all; each of them sees all."""

    def __init__(self, everywhere=False):
        super().__init__()
        self.net, self.everywhere = CLASSES, everywhere

    def forward(self, tokens):
        first = self.net(tokens[:, 1:].float())
        return torch.stack([first] + [first if self.everywhere else torch.tensor([[1.0, 0]]).expand_as(first)] * 2, 1)


TOKENS = torch.cat([torch.full((4, 1), 2), ROWS.long()], 1)


@pytest.mark.parametrize(
    ("net", "labels", "said", "decided"),
    [
        (PROBABILITY, None, None, "decided at ½ (guessed)"),
        (PROBABILITY, [0, 1, 1, 0], "value", "decided at ½"),
        (XOR, [0, 1, 1, 0], None, "decided at 0 (guessed)"),
        (XOR, [-1, 1, 1, -1], "logit", "decided at 0"),
        (SIGN, [-1, 1, 1, -1], None, "decided at 0 between −1 and 1 (guessed)"),
        (HALF_ADDER, None, None, "each of 2 outputs decided at ½ (guessed)"),
        (CLASSES, [0, 1, 1, 0], None, "by the largest of 2 outputs"),
        (nn.Sequential(*CLASSES, nn.ReLU()), [0, 1, 1, 0], None, "by the largest of 2 outputs"),
        (CLASSES, [[0, 1], [1, 0], [1, 0], [0, 1]], None, "by the larger of a pair of outputs (guessed)"),
    ],
)
def test_what_decides_is_named_where_it_is_guessed_and_where_it_is_said(net, labels, said, decided):
    space = pluriscope.space(net, labels, ROWS, units=UNITS, output_is=said, held_out=labels and (ROWS, labels))
    found = pluriscope.explain(space)
    assert found.verdict.startswith("One minimal circuit, of 2 of 2 units, explains the model by")
    assert re.search(rf", {re.escape(decided)}(, answers of the whole model)?\.$", found.verdict)
    assert (found.smallest[0].held_out, len(found.circuits)) == (labels and 1.0, 1)
    for words in (
        pluriscope.rivals(space, searches=2).verdict,
        repr(space),
        found.space.protocol.document["output_is"],
    ):
        assert decided.split(" (")[0] in words or words == (said or space.decision.name)


@pytest.mark.parametrize(
    ("net", "options", "words", "cure"),
    [
        (net_of([[1.0, -1]], [1.0]), {}, "none of value, logit, sign fit the rows", "logit"),  # 1 or 2
        (net_of([[1.1, -2.2]], [-0.05]), {}, "several of value, logit fit the rows", "value"),
        (net_of([[1.0, -2]], [-0.5]), {"criterion": "kl", "threshold": 9}, "several of logit, sign fit", "logit"),
        (net_of([[10.0, -20], [-10, 20]], [-5.0, 5.0]), {}, "several of logit, classes", "classes"),
        (PROBABILITY, {"output_is": "classes"}, "does not fit 1 output. Say output_is='value' or", "value"),
        (CLASSES, {"output_is": "value", "task": [0, 1, 1, 0]}, "Say output_is='classes'", "classes"),
    ],
)
def test_what_may_be_several_is_asked_and_the_cure_works(net, options, words, cure):
    given = {"data": ROWS, "units": UNITS, **options}
    with pytest.raises(AnalysisError, match=re.escape(words)):
        pluriscope.space(net, **given)
    assert pluriscope.space(net, **{**given, "output_is": cure}).decision.name == cure


def test_the_position_that_alone_fits_is_judged_and_named():
    given = {"data": TOKENS, "units": ["net.0[0:1]", "net.0[1:2]"]}
    for task in (None, [0, 1, 1, 0]):
        found = pluriscope.explain(pluriscope.space(Tagger(), task, **given)).verdict
        assert re.search(r"of 2 of 2 units.* by the largest of 2 outputs, at the first position \(guessed\)", found)
    for at in (0, -3):
        space = pluriscope.space(Tagger(), [0, 1, 1, 0], **given, position=at)
        assert f"outputs, at position {at}" in pluriscope.explain(space).verdict
    found = pluriscope.explain(pluriscope.space(Tagger(), **given, position="last")).verdict
    assert found.startswith("The model answers 0 on every row at the last position, so there is next to nothing to be")
    for options, words in (
        ({"position": 3}, "is 3, and the shortest row has 3 positions. Give one from -3 to 2"),
        ({"position": "last", "task": [0, 1, 1, 0]}, "missed by the whole model.* at the last position"),
    ):
        with pytest.raises(AnalysisError, match=words):
            pluriscope.space(Tagger(), **{**given, **options})
    with pytest.raises(AnalysisError, match=r"position.* fits as well as the last. Say position='first'"):
        pluriscope.space(Tagger(everywhere=True), **given)
    assert pluriscope.space(Tagger(everywhere=True), **given, position="first").protocol.guessed == ""
    with pytest.raises(AnalysisError, match=r"one answer for each row. Leave it out"):
        pluriscope.space(CLASSES, [0, 1, 1, 0], ROWS, units=UNITS, position=0)


def test_rows_of_several_lengths_have_their_own_positions():
    torch.manual_seed(0)
    model, texts = Llama(), [[3, 1, 8, 0], [4, 2, 8], [0, 5, 1, 8, 0]]
    for at, places in (("first", [0, 0, 0]), (1, [1, 1, 1]), (-2, [2, 1, 3]), (None, [3, 2, 4])):
        space = pluriscope.space(model, data=texts, units="heads", position=at)
        alone = [model(torch.tensor([row]))[0, place] for row, place in zip(texts, places, strict=True)]
        torch.testing.assert_close(space.whole_logits, torch.stack(alone), atol=1e-4, rtol=0)
    assert "at the last position (guessed)" in str(space.protocol)  # the first does not see the others


def test_a_constant_or_nothing_that_reaches_a_threshold_is_said_first(tmp_path):
    net = nn.Sequential(nn.Linear(4, 2), nn.ReLU(), nn.Linear(2, 2))
    values = [[[1.0, 1, 1, 1], [0, 0, 0, 0]], [-3.0, 0], [[0.0, 0], [2, 0]], [1.0, 0]]
    for one, value in zip(net.parameters(), values, strict=True):
        one.data = torch.tensor(value)
    rows = torch.tensor(list(itertools.product([0.0, 1], repeat=4)))
    space = pluriscope.space(net, [0] * 15 + [1], rows, units=UNITS, threshold=0.9)
    reaches = "which reaches the threshold 0.9."
    doubt = (
        f"Always answering 0 is right on 0.9375 of the rows, {reaches} Without any unit the model has 0.9375, {reaches}"
    )
    found = pluriscope.explain(space)
    assert found.verdict.startswith(f"{doubt} One minimal circuit, of 0 of 2 units,")
    assert stability(space, [0, 1] * 8, permutations=9).verdict.startswith(doubt)
    record = pluriscope.explain(space).save(tmp_path / "found.json").read_text()
    assert [one in record for one in (f'"doubt": "{doubt}"', '"output_is": "classes"')] == [True, True]
    assert pluriscope.space(net, [0] * 15 + [1], rows, units=UNITS).doubt == ""


def test_divergences_of_what_is_decided_each_for_itself():
    chances = {nn.Sigmoid: lambda one: one, nn.Identity: torch.sigmoid, nn.Tanh: lambda one: (1 + one) / 2}
    for (last, chance), said in zip(chances.items(), (None, "logit", "sign"), strict=True):
        net = net_of([[1.0, -2]], [-0.5], last())
        space = pluriscope.space(net, data=ROWS, units=UNITS, criterion="kl", threshold=9, output_is=said)
        p, q = chance(space.whole_logits[:, 0]), chance(space.run([1])[0, :, 0])
        wanted = sum(a * (a.log() - b.log()) for a, b in ((p, q), (1 - p, 1 - q)))
        assert space.judge([1]).score[0] == pytest.approx(float(wanted.mean()), rel=1e-4)
    softmax = nn.Sequential(*CLASSES, nn.Softmax(-1))
    scores = [
        pluriscope.space(net, [0, 1, 1, 0], ROWS, units=UNITS, criterion="kl", threshold=9).judge([1]).score[0]
        for net in (CLASSES, softmax)
    ]
    assert scores[0] == pytest.approx(scores[1], rel=1e-5)


def test_a_guess_and_the_same_said_go_on_from_one_file(tmp_path):
    for said in (None, "value"):
        space = pluriscope.space(PROBABILITY, data=ROWS, units=UNITS, output_is=said, file=tmp_path / "found.jsonl")
        assert pluriscope.explain(space).numbers.tolist() == [3]
    logit = pluriscope.space(PROBABILITY, data=ROWS, units=UNITS, output_is="logit", file=tmp_path / "found.jsonl")
    with pytest.raises(AnalysisError, match="rules"):
        pluriscope.explain(logit)
