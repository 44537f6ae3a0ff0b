"""What is said of a live module that is read as something else than it is at the moment, and what is put back."""

import math

import pytest
import torch
from torch import nn

from analysis.errors import InvalidNetwork
from pluriscope.live.packages import live_file


def doubled(module, given, output):
    return output * 2


def layers(*between):
    return nn.Sequential(nn.Linear(2, 3), *between, nn.ReLU(), nn.Linear(3, 1))


def hooked():
    net = layers()
    net[0].register_forward_hook(doubled)
    return net


class FunctionalDropout(nn.Module):
    """Which is a part of no kind that is known, with a part of it named dropout."""

    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.0)

    def forward(self, x):
        return nn.functional.dropout(self.dropout(x).detach(), 0.5, self.training)


def tied():
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = first.weight
    return layers(nn.ReLU(), first, nn.ReLU(), second)


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (layers(), []),
        (layers(nn.Dropout(0.5)), ["in training mode: 1."]),
        (layers(nn.Dropout(0.5)).eval(), []),
        (layers(nn.BatchNorm1d(3)), ["in training mode: 1."]),
        (layers(FunctionalDropout()), ["in training mode: itself."]),
        (layers(FunctionalDropout()).eval(), []),
        (layers(nn.Dropout(0.5), nn.Dropout(0.5)), ["in training mode: 1, 2."]),
        (layers().half(), ["torch.float16"]),
        (tied(), ["Parameters 2.weight, 4.weight are one tensor"]),
        (hooked(), ["with hooks: 0."]),
    ],
)
def test_what_is_read_otherwise_is_said(net, words):
    told = live_file(net).remarks
    assert len(told) == len(words)
    assert all(one in said for one, said in zip(words, told, strict=True))


def test_numbers_that_are_not_finite_are_named():
    net = layers()
    net[2].bias.data[0] = math.nan
    with pytest.raises(InvalidNetwork, match=r"parameter 2\.bias: has values that are no finite numbers"):
        live_file(net)


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = layers()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls.add_(1)
        return self.inner(x) * self.calls


def test_what_a_forward_changes_is_put_back():
    net = Counting()
    with pytest.raises(InvalidNetwork):
        live_file(net)
    assert net.calls == 0
    assert net.training


def test_a_single_hidden_neuron_is_a_layer():
    net = nn.Sequential(nn.Linear(2, 1), nn.Tanh(), nn.Linear(1, 1))
    assert live_file(net).network.sizes == (2, 1, 1)
