"""Units of models under names of several packages, and what their modules hide, on small models of torch alone."""

from collections import OrderedDict
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional

import pluriscope
from plugins.live.tests.small_models import Llama
from pluriscope.analysis.errors import AnalysisError

ROWS = torch.randint(3, 9, (4, 5), generator=torch.Generator().manual_seed(0))
GIVEN = {"data": ROWS, "criterion": "kl", "threshold": 9, "output_is": "classes", "position": "last"}


class Part(nn.Module):
    """Modules under names, called one after the other."""

    def __init__(self, /, **parts):
        super().__init__()
        for name, one in parts.items():
            setattr(self, name, one)

    def forward(self, x):
        for one in self.children():
            x = one(x)
        return x


class Block(nn.Module):
    """Attention of two heads, and an MLP of 12 neurons, both added to the stream."""

    def __init__(self, name, rows_in_one=False):
        super().__init__()
        q, k, v, out = (nn.Linear(8, 8) for _ in range(4))
        up, act, down = nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 8)
        self.rows_in_one, mlp = rows_in_one, [up, act, down]
        if name == "BERT":
            self.attention = Part(self=Part(query=q, key=k, value=v), output=Part(dense=out))
            self.attention.self.num_attention_heads = 2
            self.intermediate, self.output = Part(dense=up, act=act), Part(dense=down)
            mlp = [self.intermediate, down]
        elif name == "ALBERT":
            self.attention, self.ffn, self.ffn_output = Part(query=q, key=k, value=v, dense=out), up, down
        elif name == "DistilBERT":
            self.attention, self.ffn = Part(q_lin=q, k_lin=k, v_lin=v, out_lin=out), Part(lin1=up, act=act, lin2=down)
            mlp = [self.ffn]
        elif name == "T5":
            first = Part(SelfAttention=Part(q=q, k=k, v=v, o=out))
            self.layer = nn.ModuleList([first, Part(DenseReluDense=Part(wi=up, act=act, wo=down))])
            mlp = [self.layer[1].DenseReluDense]
        else:
            self.self_attn, self.fc1, self.fc2 = Part(q_proj=q, k_proj=k, v_proj=v, out_proj=out), up, down
        self.called = [q, k, v, out, *mlp]  # a list holds no modules

    def forward(self, x):
        *qkv, out = self.called[:4]
        parts = (one(x).unflatten(-1, (2, 4)).transpose(1, 2) for one in qkv)
        x = x + out(functional.scaled_dot_product_attention(*parts, is_causal=True).transpose(1, 2).flatten(2))
        written = x.flatten(0, 1) if self.rows_in_one else x
        for one in self.called[4:]:
            written = one(written)
        return x + written.view(x.shape)


class Model(nn.Module):
    def __init__(self, *blocks, config=None):
        super().__init__()
        self.e, self.u, self.config = nn.Embedding(9, 8), nn.Linear(8, 9), config or SimpleNamespace(num_heads=2)
        self.blocks = nn.Sequential(OrderedDict((f"block_{number}", one) for number, one in enumerate(blocks)))

    def forward(self, tokens):
        return self.u(self.blocks(self.e(tokens)))


@pytest.mark.parametrize("name", ["BERT", "ALBERT", "DistilBERT", "T5", "OPT"])
def test_units_under_names_of_packages(name):
    """Groups of keys are counted by what projections give; a number of the configuration may be of nothing."""
    torch.manual_seed(0)
    blocks = [Block(name, name == "OPT") for _ in range(2)]
    model = Model(*blocks, config=SimpleNamespace(num_heads=2, num_key_value_heads=1)).requires_grad_(False)
    stays = sum(one.called[3].bias for one in blocks)
    for kind, n, stream in (
        ("heads+mlps", 6, model.e(ROWS)[:, -1] + stays),
        ("edges", 6 + 3 + 24 + 6 + 7, stays.expand(4, -1)),
    ):
        space = pluriscope.space(model, units=kind, **GIVEN)
        assert space.n_units == n
        torch.testing.assert_close(space.run([0])[0], model.u(stream))
    node = pluriscope.space(model, units="heads", **GIVEN).run([["0.1", "1.0", "1.1"]])[0]
    kept = [one for one in space.units if not one.startswith("0.0 ->")]
    torch.testing.assert_close(space.run([kept])[0], node)
    neurons = pluriscope.space(model, units="neurons", **GIVEN)
    hooks = [one.called[-1] for one in blocks] if name in ("BERT", "ALBERT", "OPT") else []
    hooks = hooks or [[*one.called[-1].children()][-1] for one in blocks]
    for one in hooks:
        one.register_forward_hook(lambda part, _args, out: part.bias.expand_as(out))
    assert neurons.n_units == 24
    torch.testing.assert_close(neurons.run([0])[0], model(ROWS)[:, -1])


class SwiGLU(nn.Module):
    """The third matrix leads back, not the second."""

    def __init__(self, hidden):
        super().__init__()
        self.w1, self.w2, self.w3 = nn.Linear(32, hidden), nn.Linear(32, hidden), nn.Linear(hidden, 32)

    def forward(self, x):
        return self.w3(functional.silu(self.w1(x)) * self.w2(x))


def test_neurons_are_those_that_are_led_back():
    torch.manual_seed(0)
    for hidden, kind in ((48, "neurons"), (32, "neurons"), (32, "mlps")):
        model = Llama().requires_grad_(False)
        for layer in model.model.layers:
            layer.mlp = SwiGLU(hidden)
        if hidden == 32 and kind == "neurons":
            with pytest.raises(AnalysisError, match="is with these units ablated not what it is without"):
                pluriscope.space(model, units=kind, **GIVEN)
            continue
        space = pluriscope.space(model, units=kind, **GIVEN)
        for layer in model.model.layers:
            layer.mlp.w3.register_forward_hook(
                lambda part, _args, out, mlp=kind == "mlps": out * 0 if mlp else part.bias.expand_as(out)
            )
        assert space.n_units == (2 if kind == "mlps" else 96)
        torch.testing.assert_close(space.run([0])[0], model(ROWS)[:, -1])


class Adapted(nn.Module):
    """A projection with an adapter of low rank, as peft holds it."""

    def __init__(self, base):
        super().__init__()
        self.base, self.a, self.b = base, nn.Linear(base.in_features, 2, False), nn.Linear(2, base.out_features, False)
        self.in_features, self.out_features = base.in_features, base.out_features

    @property
    def weight(self):
        return self.base.weight

    def forward(self, x):
        return self.base(x) + self.b(self.a(x))


class Packed(Adapted):
    """A projection that shows no matrix, as torch's own quantised ones."""

    def weight(self):
        return self.base.weight


@pytest.mark.parametrize("kind", [Adapted, Packed])
@pytest.mark.parametrize("name", ["o_proj", "q_proj"])
def test_projections_that_do_more_than_multiply(kind, name):
    torch.manual_seed(0)
    model = Llama().requires_grad_(False)
    for layer in model.model.layers:
        setattr(layer.self_attn, name, kind(getattr(layer.self_attn, name)))
    space = pluriscope.space(model, units="heads+mlps", **GIVEN)
    assert space.n_units == 10
    bare = model.lm_head(model.model.norm(model.model.embed_tokens(ROWS)))[:, -1]
    torch.testing.assert_close(space.run([0])[0], bare)
    with pytest.raises(AnalysisError, match="has a projection that does more than multiply by its matrix"):
        pluriscope.space(model, units="edges", **GIVEN)


class Shut(nn.Parameter):
    """A parameter of which no other can be made, as torchao's packed numbers."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function is torch.zeros_like:
            raise NotImplementedError
        return super().__torch_function__(function, types, args, kwargs or {})


def test_parameters_that_cannot_be_copied_are_left_out():
    model = Llama().requires_grad_(False)
    for layer in model.model.layers:
        layer.self_attn.o_proj.weight = Shut(layer.self_attn.o_proj.weight, requires_grad=False)
    assert pluriscope.space(model, units="heads", **GIVEN).n_units == 8


def test_verdicts_on_edges_say_what_is_not_read():
    model = Model(Block("OPT"), Block("OPT"))
    model.more = nn.ModuleList([Block("OPT")])
    model.register_forward_hook(lambda part, _args, out: out + 0 * part.more[0](torch.zeros(1, 5, 8)).sum())
    assert pluriscope.space(model, units="edges", **GIVEN).protocol.granularity == "edges (not read: more)"


def test_queries_wider_than_heads_have_no_edges():
    model = Llama().requires_grad_(False)
    for layer in model.model.layers:
        wide = nn.Linear(32, 64, bias=False)  # with a gate beside, as Qwen 3 Next
        wide.register_forward_hook(lambda _part, _args, out: out[..., :32] * out[..., 32:].sigmoid())
        layer.self_attn.q_proj = wide
    assert pluriscope.space(model, units="heads", **GIVEN).n_units == 8
    with pytest.raises(AnalysisError, match="has no projection of queries, keys and values that fits its heads"):
        pluriscope.space(model, units="edges", **GIVEN)
