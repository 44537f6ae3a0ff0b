"""Models that give, take or hold something unusual, beside what is found by hand; and what is refused of them."""

from collections import namedtuple
from types import SimpleNamespace

import pytest
import torch
from torch import nn

import pluriscope
from plugins.live.tests.test_deciding import CLASSES, ROWS, TOKENS, UNITS
from pluriscope.analysis.errors import AnalysisError

XOR = [0, 1, 1, 0]


class Giving(nn.Module):
    def __init__(self, give):
        super().__init__()
        self.net, self.give = CLASSES, give

    def forward(self, x):
        return self.give(self.net(x))


class Reading(nn.Module):
    """A token or a class token before three, then a recurrent part or none; answers at each position or by a state."""

    def __init__(self, state=False, kind=nn.GRU):
        super().__init__()
        torch.manual_seed(0)
        self.e, self.p, self.r, self.u = nn.Embedding(3, 4), nn.Embedding(4, 4), kind(4, 4), nn.Linear(4, 3)
        self.state = state

    def forward(self, tokens, attention_mask=None):
        x = torch.cat([tokens[:, :1], tokens], 1)
        out, last = self.r((self.e(x) + self.p(torch.arange(4))).transpose(0, 1))
        return self.u((last if isinstance(last, torch.Tensor) else last[0])[-1] if self.state else out.transpose(0, 1))


@pytest.mark.parametrize(
    ("give", "words"),
    [
        (lambda out: {"hidden": out.new_zeros(4), "logits": out}, None),
        (lambda out: namedtuple("Answer", "loss logits")(None, out), None),
        (lambda out: out[:, :, None, None], None),
        (lambda out: SimpleNamespace(scores=out), "gives no tensor for 2 rows. Give a module that returns floats"),
        (lambda out: out.argmax(-1), r"gives int64 \(2,\) for 2 rows"),
        (lambda out: out.sum(), r"gives float32 \(\) for 2 rows"),
        (lambda out: out.log(), "gives NaN on row 0"),
    ],
)
def test_what_models_give(give, words):
    given = {"task": XOR, "data": ROWS, "units": [f"net.{one}" for one in UNITS]}
    if words is None:
        assert pluriscope.explain(pluriscope.space(Giving(give), **given)).numbers.tolist() == [3]
        return
    with pytest.raises(AnalysisError, match=words):
        pluriscope.space(Giving(give), **given)


def test_numbers_that_are_no_tensors_become_those_of_the_model():
    for rows in (ROWS.double().numpy(), ROWS.tolist(), [*ROWS], ROWS):
        for task in (XOR, torch.tensor(XOR).numpy()[:, None], [torch.tensor([one]) for one in XOR]):
            assert pluriscope.space(CLASSES, task, rows, units=UNITS).whole.valid[0]
    double = nn.Sequential(nn.Linear(2, 2)).double()
    assert (
        pluriscope.space(double, None, ROWS.tolist(), units=["0"], output_is="classes").run([1]).dtype == torch.float64
    )
    for data, task, words in (
        (ROWS.double(), XOR, r"fails on data of float64 \(2, 2\) .*same dtype"),
        (torch.rand(4, 3), XOR, r"fails on data of float32 \(2, 3\) .*give data of the shape"),
        (ROWS, ["no", "yes", "yes", "no"], "'no' is a text, and the model has no tokenizer: give numbers"),
        ({"input": [[0.0, 1], [0.0]]}, XOR, "cannot be read as rows of numbers"),
    ):
        with pytest.raises(AnalysisError, match=f"(?i){words}"):
            pluriscope.space(CLASSES, task, data, units=UNITS)


def test_slices_of_a_convolution_are_its_channels():
    net = nn.Sequential(nn.Sequential(nn.Conv2d(1, 3, 2)), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 2)).eval()
    images = torch.rand(5, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    for at, path in ((0, "0"), (1, "1")):
        hook = net[at].register_forward_hook(lambda _m, _args, out: out * torch.tensor([1, 0, 0]).view(3, 1, 1))
        expected = net(images)
        hook.remove()
        given = {"criterion": "kl", "threshold": 9, "output_is": "classes"}
        space = pluriscope.space(net, data=images, units=[f"{path}[0]", f"{path}[1:3]"], **given)
        torch.testing.assert_close(space.run([1])[0], expected)


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
def test_recurrent_parts_are_ablated_where_their_outputs_are_read(kind):
    model, given = Reading(kind=kind), {"data": TOKENS, "criterion": "kl", "threshold": 9, "output_is": "classes"}
    hook = model.u.register_forward_pre_hook(lambda _m, args: args[0] * torch.tensor([1.0, 0, 0, 0]))
    expected = model(TOKENS)[:, -2]
    hook.remove()
    space = pluriscope.space(model, units=["r[0]", "r[1:4]"], position=-2, **given)
    torch.testing.assert_close(space.run([1])[0], expected)
    with pytest.raises(AnalysisError, match=r"gives its last state as well, which the model reads"):
        pluriscope.space(Reading(state=True, kind=kind), units=["r[0]"], **given)
    assert pluriscope.space(Reading(state=True, kind=kind), units=["e"], **given).n_units == 1
    with pytest.raises(AnalysisError, match="unit 'p': is the same for all rows"):
        pluriscope.space(model, units=["e", "p"], position="last", **given)


def test_positions_that_padding_does_not_tell_are_asked_for():
    for mask, good, bad in (([1, 1, 0], ("first", 1), ("last", -2)), ([0, 1, 1], ("last", -2), ("first", 1))):
        data = {"tokens": TOKENS, "attention_mask": torch.tensor([mask] * 4)}
        given = {"data": data, "units": ["r"], "criterion": "kl", "threshold": 9, "output_is": "classes"}
        for at in good:
            assert pluriscope.space(Reading(), position=at, **given).n_units == 1
        for at, ablation, words in (
            (bad[0], "zero", "among 4 positions"),
            (bad[1], "zero", "among 4 positions"),
            (good[0], "mean", "at 4 pos"),
        ):
            with pytest.raises(AnalysisError, match=words):
                pluriscope.space(Reading(), position=at, ablation=ablation, **given)
        assert pluriscope.space(Reading(state=True), **given | {"units": ["e"]}).n_units == 1
