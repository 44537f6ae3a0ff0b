"""Tests of remarks on a live module that is read as something else than it is now, and of what is put back."""

import math

import pytest
import torch
from torch import nn

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.live.modules import evaluation
from pluriscope.live.packages import live_file


def doubled(module, given, output):
    return output * 2


def layers(*between):
    torch.manual_seed(1)  # under some weights no row reaches what is between
    return nn.Sequential(nn.Linear(2, 3), *between, nn.ReLU(), nn.Linear(3, 1))


def hooked():
    net = layers()
    net[0].register_forward_hook(doubled)
    return net


class FunctionalDropout(nn.Module):
    """Module that is a part of no kind that is known, with a part of it named dropout."""

    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.0)

    def forward(self, x):
        return nn.functional.dropout(self.dropout(x).detach(), 0.5, self.training)


def tied():
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = first.weight
    return layers(nn.ReLU(), first, nn.ReLU(), second)


def aliased():
    """A module that has one of its parts under a second name, as bridges have."""
    net = layers()
    net.register_module("also", net[0])
    net.forward = lambda rows: net[2](net[1](net[0](rows)))
    return net


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (layers(), []),
        (aliased(), []),
        (layers(nn.Dropout(0.5)), ["in training mode: 1."]),
        (layers(nn.BatchNorm1d(3)), ["in training mode: 1."]),
        (layers(FunctionalDropout()), ["in training mode: itself."]),
        (layers(FunctionalDropout()).eval(), []),
        (layers().half(), ["torch.float16"]),
        (tied(), ["Parameters 2.weight, 4.weight are one tensor"]),
        (hooked(), ["with hooks: 0."]),
    ],
)
def test_what_is_read_otherwise_is_said(net, words):
    answer = live_file(net).remarks
    assert len(answer) == len(words)
    assert all(one in said for one, said in zip(words, answer, strict=True))


def test_numbers_that_are_not_finite_are_named():
    net = layers()
    net[2].bias.data[0] = math.nan
    with pytest.raises(InvalidNetwork, match=r"parameter 2\.bias: has values that are no finite numbers"):
        live_file(net)


class Counting(nn.Module):
    """Keeps things in every way that a module can."""

    def __init__(self, answers_by_it):
        super().__init__()
        self.inner, self.answers_by_it, self.history, self.memory = layers(), answers_by_it, [], {}
        self.register_buffer("calls", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(2))
        self.total = torch.zeros(())

    def forward(self, x):
        self.calls.add_(1)
        self.total.data.add_(1)
        self.mean = 0.9 * self.mean + 0.1 * x.mean(0).detach()
        self.history.append(len(x))
        self.memory["last"] = self.last = x
        return self.inner(x) * (self.calls if self.answers_by_it else 1)


@pytest.mark.parametrize("answers_by_it", [True, False])
def test_what_a_forward_changes_is_put_back(answers_by_it):
    net, state = Counting(answers_by_it), torch.random.get_rng_state()
    mean = net.mean
    with pytest.raises(InvalidNetwork):  # it changes a buffer in place
        live_file(net)
    with evaluation(net, "module"):
        net(torch.rand(3, 2))
    assert (net.calls, net.total, net.history, net.memory) == (0, 0, [], {})
    assert net.mean is mean
    assert not hasattr(net, "last")
    assert torch.equal(torch.random.get_rng_state(), state)
    assert net.training


def test_a_single_hidden_neuron_is_a_layer():
    net = nn.Sequential(nn.Linear(2, 1), nn.Tanh(), nn.Linear(1, 1))
    assert live_file(net).network.sizes == (2, 1, 1)
