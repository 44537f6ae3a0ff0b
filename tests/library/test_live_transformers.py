"""Transformers in modules of torch, however built: what is read computes the same, or what is not read is named."""

import math
import re

import numpy as np
import pytest

from pluriscope.analysis.errors import AnalysisError
from pluriscope.library.models import read_model

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # torch is loaded
torch = pytest.importorskip("torch")
nn, functional = torch.nn, torch.nn.functional
VOCABULARY, D, HEADS, CONTEXT = 5, 8, 2, 4
DATA = np.unique(np.random.default_rng(0).integers(VOCABULARY, size=(60, CONTEXT)), axis=0)


def masked(scores):
    n = scores.shape[-1]
    return scores.masked_fill(torch.ones(n, n).tril() == 0, float("-inf"))


def by_hand(scores, values):
    weights = torch.exp(scores - scores.amax(-1, keepdim=True))
    return torch.einsum("bhqk,bhkd->bhqd", weights / weights.sum(-1, keepdim=True), values)


def turned(values):
    """Turn values as rotary positions do."""
    angle = torch.arange(values.shape[2])[:, None] * torch.ones(values.shape[3])
    half = values.shape[3] // 2
    return values * angle.cos() + torch.cat((-values[..., half:], values[..., :half]), -1) * angle.sin()


def scores(query, key):
    return query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])


def additive(found):
    found = found.clone()
    found[:, :, torch.ones(found.shape[2:]).triu(1).bool()] = -1e9
    return found


ATTENTION = {
    "one function": lambda q, k, v: functional.scaled_dot_product_attention(q, k, v, is_causal=True),
    "a mask": lambda q, k, v: functional.scaled_dot_product_attention(
        q, k, v, torch.ones(CONTEXT, CONTEXT).tril().bool()
    ),
    "another scale": lambda q, k, v: masked(scores(q, k) / 3).softmax(-1) @ v,
    "by hand": lambda q, k, v: by_hand(masked(torch.einsum("bhqd,bhkd->bhqk", q, k)), v),
    "set in place": lambda q, k, v: torch.softmax(additive(scores(q, k)), dim=-1) @ v,
    "guarded": lambda q, k, v: (lambda p: torch.where(torch.isnan(p), torch.zeros_like(p), p) @ v)(
        masked(scores(q, k)).softmax(-1)
    ),
    "not causal": lambda q, k, v: functional.scaled_dot_product_attention(q, k, v),
    "by distance": lambda q, k, v: masked(scores(q, k) + torch.arange(CONTEXT)).softmax(-1) @ v,
    "rotary": lambda q, k, v: masked(scores(turned(q), turned(k))).softmax(-1) @ v,
    "capped": lambda q, k, v: masked(20 * torch.tanh(scores(q, k) / 20)).softmax(-1) @ v,
    "near alone": lambda q, k, v: (
        masked(scores(q, k)).where(torch.ones(CONTEXT, CONTEXT).triu(-1) == 1, -1e9).softmax(-1) @ v
    ),
    "normed queries": lambda q, k, v: masked(scores(functional.layer_norm(q, (D // HEADS,)), k)).softmax(-1) @ v,
    "added one": lambda q, k, v: (lambda e: e / (1 + e.sum(-1, keepdim=True)) @ v)(masked(scores(q, k)).exp()),
}


class Attention(nn.Module):
    """Heads with one matrix for queries, keys and values."""

    def __init__(self, how):
        super().__init__()
        self.all, self.out, self.how = nn.Linear(D, 3 * D), nn.Linear(D, D), ATTENTION[how]

    def forward(self, x):
        rows, n, _ = x.shape
        parts = (one.view(rows, n, HEADS, -1).transpose(1, 2) for one in self.all(x).split(D, dim=2))
        return self.out(self.how(*parts).transpose(1, 2).reshape(rows, n, D))


class OneHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(D, D // HEADS, bias=False) for _ in range(3))

    def forward(self, x):
        return masked(scores(self.q(x), self.k(x))).softmax(-1) @ self.v(x)


class Listed(nn.Module):
    """Heads one by one."""

    def __init__(self):
        super().__init__()
        self.heads, self.out = nn.ModuleList(OneHead() for _ in range(HEADS)), nn.Linear(D, D)

    def forward(self, x):
        return self.out(torch.cat([head(x) for head in self.heads], dim=-1))


class Raw(nn.Module):
    """A matrix for each head and part."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = (nn.Parameter(torch.zeros(HEADS, D, 3)) for _ in range(3))
        self.o = nn.Parameter(torch.zeros(HEADS, 3, D))

    def forward(self, x):
        q, k, v = (torch.einsum("btd,hdk->bthk", x, one) for one in (self.q, self.k, self.v))
        weights = masked(torch.einsum("bqhk,bshk->bhqs", q, k)).softmax(-1)
        return torch.einsum("bhqs,bshk,hkd->bqd", weights, v, self.o)


class Torchs(nn.Module):
    def __init__(self, batch_first=True, turns=False):
        super().__init__()
        self.own, self.first, self.turns = (
            nn.MultiheadAttention(D, HEADS, batch_first=batch_first),
            batch_first,
            turns,
        )

    def forward(self, x):
        mask = torch.full((x.shape[1], x.shape[1]), float("-inf")).triu(1)
        given = x if self.first else x.transpose(0, 1)
        found = self.own(given, given.roll(1, -1) * 2 if self.turns else given, given, attn_mask=mask)[0]
        return found if self.first else found.transpose(0, 1)


class Norm(nn.Module):
    """LayerNorm in several calls, or what is none."""

    def __init__(self, centred=True):
        super().__init__()
        self.scale, self.shift, self.centred = nn.Parameter(torch.ones(D)), nn.Parameter(torch.zeros(D)), centred

    def forward(self, x):
        x = x - x.mean(-1, keepdim=True) if self.centred else x
        return x / (x.pow(2).mean(-1, keepdim=True) + 1e-6).sqrt() * self.scale + self.shift


class Gelu(nn.Module):
    def forward(self, x):
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Linear(D, 6), nn.Linear(D, 6), nn.Linear(6, D)

    def forward(self, x):
        return self.out(functional.silu(self.a(x)) * self.b(x))


def perceptron(activation):
    return nn.Sequential(nn.Linear(D, 6), activation, nn.Linear(6, D), nn.Dropout(0.5))


class Model(nn.Module):
    """Layers of attention, and perhaps of MLP blocks and norms, with weights that are drawn."""

    def __init__(
        self,
        attention="one function",
        mlp=None,
        norm=None,
        layers=2,
        positions=True,
        order="one by one",
        last=False,
        tied=False,
    ):
        super().__init__()
        torch.manual_seed(3)
        self.embed, self.unembed = nn.Embedding(VOCABULARY, D), nn.Linear(D, VOCABULARY, bias=not tied)
        self.places = nn.Parameter(torch.zeros(6, D)) if positions else None
        self.norm, self.order, self.last, self.drop = norm or nn.Identity, order, last, nn.Dropout(0.5)
        made = [Attention(attention) if isinstance(attention, str) else attention() for _ in range(layers)]
        self.layers = nn.ModuleList(
            nn.ModuleDict({"a": one, "m": mlp() if mlp else nn.Identity(), "n": self.norm(), "n2": self.norm()})
            for one in made
        )
        self.end = self.norm()
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.5)
        if tied:
            self.unembed.weight = self.embed.weight
        self.with_mlp = mlp is not None

    def forward(self, tokens):
        x = self.embed(tokens)
        x = x if self.places is None else self.drop(x + self.places[: tokens.shape[1]])
        for layer in self.layers:
            if self.order == "side by side":
                x = x + layer["a"](layer["n"](x)) + layer["m"](layer["n"](x))
            elif self.order == "norm behind":
                x = layer["n"](x + layer["a"](x))
            else:
                x = x + layer["a"](layer["n"](x))
                x = x + layer["m"](layer["n2"](x)) if self.with_mlp else x
        x = x[:, -1] if self.last else x.mean(1) if self.order == "mean" else x
        return self.unembed(self.end(x))


class Encoder(nn.Module):
    def __init__(self, first=True):
        super().__init__()
        torch.manual_seed(3)
        layer = nn.TransformerEncoderLayer(D, HEADS, 6, activation="gelu", batch_first=True, norm_first=first)
        self.embed, self.own = nn.Embedding(VOCABULARY, D), nn.TransformerEncoder(layer, 2, nn.LayerNorm(D))
        self.unembed = nn.Linear(D, VOCABULARY)

    def forward(self, tokens):
        mask = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1])
        return self.unembed(self.own(self.embed(tokens), mask=mask, is_causal=True)), None


class Variant(Model):
    """Model with other embeddings, or other logits."""

    def __init__(self, embed=None, logits=None, **options):
        super().__init__(**options)
        self.embedding, self.logits = embed, logits or (lambda tokens, found: found)

    def forward(self, tokens):
        if not self.embedding:
            return self.logits(tokens, super().forward(tokens))
        x = self.embedding(self, tokens) + self.places[: tokens.shape[1]]
        for layer in self.layers:
            x = x + layer["a"](x)
        return self.unembed(x)


class LastQuery(Model):
    """Model that computes the last position alone."""

    def forward(self, tokens):
        x = self.embed(tokens) + self.places[: tokens.shape[1]]
        last, own = x[:, -1:], self.layers[0]["a"]
        q, (k, v) = own.all(last)[..., :D], own.all(x)[..., D:].split(D, 2)
        return self.unembed(last + scores(q, k).softmax(-1) @ v)[:, 0]


class Other(Model):
    """Attention of the second layer to what the first one read."""

    def forward(self, tokens):
        first = self.embed(tokens)
        x = first + Attention.forward(self.layers[0]["a"], first)
        q, (k, v) = self.layers[1]["a"].all(x)[..., :D], self.layers[1]["a"].all(first)[..., D:].split(D, 2)
        return self.unembed(x + masked(scores(q, k)).softmax(-1) @ v)


def padded():
    model = Variant(logits=lambda tokens, found: functional.pad(found, (0, 1), value=-100.0))
    model.unembed = nn.Linear(D, VOCABULARY - 1)
    return model


def layer_norm():
    return nn.LayerNorm(D)


READ = {
    **{name: (lambda name=name: Model(name)) for name in [*ATTENTION][:6]},
    "head by head": lambda: Model(Listed),
    "einsum": lambda: Model(Raw),
    "of torch": lambda: Model(Torchs, norm=layer_norm),
    "of torch, positions first": lambda: Model(lambda: Torchs(batch_first=False)),
    "an encoder of torch": Encoder,
    "norms alone": lambda: Model(norm=layer_norm),
    "MLP blocks alone": lambda: Model(mlp=lambda: perceptron(nn.ReLU())),
    "both": lambda: Model(mlp=lambda: perceptron(nn.GELU()), norm=layer_norm),
    "both by hand": lambda: Model(mlp=lambda: perceptron(Gelu()), norm=Norm),
    "no positions": lambda: Model(positions=False),
    "the last position alone": lambda: Model(norm=layer_norm, last=True),
    "keys of turned inputs": lambda: Model(lambda: Torchs(turns=True)),
    "tied": lambda: Model(tied=True),
    "double precision": lambda: Model(norm=layer_norm).double(),
    "half precision": lambda: Model(norm=layer_norm).half(),
    "embeddings by column": lambda: Variant(embed=lambda m, t: m.embed.weight.T[:, t].permute(1, 2, 0)),
    "one-hot tokens": lambda: Variant(embed=lambda m, t: functional.one_hot(t, VOCABULARY).float() @ m.embed.weight),
    "queries of the last position": LastQuery,
    "a token without a logit": padded,
}


@pytest.mark.parametrize("case", READ)
def test_a_transformer_is_read_as_it_computes(case):
    model = READ[case]().train()
    found = read_model(model, data=DATA)  # which runs the original beside what was read, on every row
    assert model.training
    assert found.file.sizes["vocabulary"] == VOCABULARY
    assert found.file.sizes["context"] == CONTEXT
    assert bool(found.file.blocks.mlps) is any(word in case for word in ("MLP", "both", "encoder"))
    assert (found.file.blocks.epsilon is not None) is bool(
        list(filter(lambda one: isinstance(one, (nn.LayerNorm, Norm)), model.modules()))
    )
    assert (found.file.positions is None) is (case in ("no positions", "an encoder of torch"))


PARTS = "has parts that are not supported"
REFUSED = {
    "not causal": (lambda: Model("not causal"), "module layers.0.a (calls softmax) attends to later positions"),
    "by distance": (lambda: Model("by distance"), "adds to scores by position"),
    "rotary": (lambda: Model("rotary"), "rotary"),
    "capped": (lambda: Model("capped"), "layers.1.a (calls softmax) takes tanh of scores, as soft caps do"),
    "near alone": (lambda: Model("near alone"), "does not attend to all earlier positions"),
    "normed queries": (lambda: Model("normed queries", norm=layer_norm), "norm of something else than the stream"),
    "added one": (lambda: Model("added one"), "layers.0.a (calls exp) is no part that a transformer here has"),
    "no centring": (lambda: Model(norm=lambda: Norm(centred=False)), "layers.1.n (calls div) is an RMSNorm"),
    "gated": (lambda: Model(mlp=Gated), "layers.1.m (calls mul) multiplies two values"),
    "side by side": (lambda: Model(mlp=lambda: perceptron(nn.ReLU()), order="side by side"), "parallel blocks"),
    "norm behind": (
        lambda: Model(norm=layer_norm, order="norm behind"),
        "layers.0.n (calls layer_norm) normalises the stream",
    ),
    "post-norm of torch": (lambda: Encoder(first=False), "own.layers.0.norm1 (calls layer_norm) normalises the stream"),
    "a mean of positions": (lambda: Model(order="mean"), "position"),
    "rotary, side by side": (
        lambda: Model("rotary", lambda: perceptron(nn.ReLU()), layer_norm, order="side by side"),
        r"layers.1.a (calls add) depends on the position .* as parallel blocks do",
    ),
    "cross-attention": (Other, "takes queries, keys and values from different places"),
    "floats": (
        lambda: Variant(embed=lambda m, t: t.to(m.embed.weight) @ m.embed.weight),
        "takes several numbers at each position, as one-hot tokens are",
    ),
    "a branch on all rows": (
        lambda: Variant(logits=lambda tokens, found: found if tokens.sum() > 40 else -found),
        "other outputs alone than among other rows",
    ),
    "no attention": (lambda: Model(layers=0), "takes token ids and has no attention"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_transformer_here_has_is_named_with_its_place(case):
    made, said = REFUSED[case]
    model = made()
    with pytest.raises(AnalysisError) as refusal:
        read_model(model, data=DATA)
    assert re.search(re.sub(r"([()])", r"\\\1", said), refusal.value.cause), str(refusal.value)
    assert refusal.value.item.startswith(("module", "network"))


@pytest.mark.parametrize(
    ("change", "data", "said"),
    [
        (lambda model: model, np.zeros((1, 7), dtype=int), "has 7 tokens, and the model has 6 positions"),
        (lambda model: setattr(model, "unembed", nn.Linear(D, 4)), DATA, "takes more token ids than these"),
        (lambda model: setattr(model, "unembed", nn.Linear(D, 6)), DATA, "takes fewer token ids than these"),
        (lambda model: setattr(model, "unembed", nn.Linear(D, 300)), DATA, "has a vocabulary of 300; the most are 256"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, data, said):
    model = Model()
    change(model)
    with pytest.raises(AnalysisError, match=said):
        read_model(model, data=data)
