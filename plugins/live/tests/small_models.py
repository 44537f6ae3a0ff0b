"""Small transformers with the names of Hugging Face's, so that its files can be read; written for these tests."""

import json
from pathlib import Path
from types import SimpleNamespace

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

GOLDEN = Path(__file__).parent / "golden"


class Norm(nn.Module):
    """RMSNorm."""

    def __init__(self, n):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n))

    def forward(self, hidden_states):
        mean = hidden_states.float().square().mean(-1, keepdim=True)
        return self.weight * (hidden_states.float() * torch.rsqrt(mean + 1e-6)).to(hidden_states.dtype)


class Attention(nn.Module):
    """Grouped queries with rotary positions."""

    def __init__(self, n, heads, groups):
        super().__init__()
        self.num_heads, self.num_key_value_heads, self.width = heads, groups, n // heads
        self.q_proj = nn.Linear(n, n, bias=False)
        self.k_proj = nn.Linear(n, groups * self.width, bias=False)
        self.v_proj = nn.Linear(n, groups * self.width, bias=False)
        self.o_proj = nn.Linear(n, n, bias=False)

    def turned(self, x):
        half = self.width // 2
        angle = torch.outer(torch.arange(x.shape[2]).float(), 10000.0 ** (-torch.arange(half).float() / half))
        cos, sin = (torch.cat([one, one], -1).to(x.dtype) for one in (angle.cos(), angle.sin()))
        return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin

    def forward(self, x):
        return self.mixed(self.q_proj(x), self.k_proj(x), self.v_proj(x))

    def mixed(self, *parts):
        q, k, v = (one.unflatten(-1, (-1, self.width)).transpose(1, 2) for one in parts)
        k, v = (one.repeat_interleave(self.num_heads // one.shape[1], 1) for one in (self.turned(k), v))
        mixed = functional.scaled_dot_product_attention(self.turned(q), k, v, is_causal=True)
        return self.o_proj(mixed.transpose(1, 2).flatten(2))


class Conv1D(nn.Module):
    """A linear module whose matrix is ``[in, out]``, as GPT-2 has it."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight.T.clone())
        self.bias = nn.Parameter(torch.zeros(len(weight)))

    def forward(self, x):
        return x @ self.weight + self.bias


class Fused(nn.Module):
    """The same attention with one projection of queries, keys and values.

    Args:
        like: whose weights it has.
        layout: "c_attn" for all queries, then keys, then values; "query_key_value" head by head, or group by group.
    """

    def __init__(self, like, layout):
        super().__init__()
        self.like, self.layout, self.o_proj = [like], layout, like.o_proj
        self.num_heads, self.num_key_value_heads = like.num_heads, like.num_key_value_heads
        order = torch.arange(sum(len(one.weight) for one in (like.q_proj, like.k_proj, like.v_proj)))
        if layout == "query_key_value":
            parts = order.split([len(one.weight) for one in (like.q_proj, like.k_proj, like.v_proj)])
            order = torch.cat([one.view(like.num_key_value_heads, -1) for one in parts], 1).flatten()
        weight = torch.cat([one.weight.detach() for one in (like.q_proj, like.k_proj, like.v_proj)])[order]
        self.back = order.argsort()
        setattr(self, layout, Conv1D(weight))

    def forward(self, x):
        (like,) = self.like
        sizes = [len(one.weight) for one in (like.q_proj, like.k_proj, like.v_proj)]
        q, k, v = getattr(self, self.layout)(x)[..., self.back].split(sizes, -1)
        return like.mixed(q, k, v)


class Hooked(nn.Module):
    """The same attention as TransformerLens keeps it: matrices of heads, and modules through which values pass."""

    def __init__(self, like):
        super().__init__()
        self.like, self.cfg = [like], SimpleNamespace(ungroup_grouped_query_attention=False)
        for name, one in (("W_Q", like.q_proj), ("_W_K", like.k_proj), ("_W_V", like.v_proj)):
            setattr(self, name, nn.Parameter(one.weight.detach().unflatten(0, (-1, like.width)).transpose(1, 2)))
            setattr(self, name.replace("W", "b"), nn.Parameter(torch.zeros(len(one.weight)).view(-1, like.width)))
        self.W_O = nn.Parameter(like.o_proj.weight.detach().T.unflatten(0, (like.num_heads, -1)))
        self.hook_q, self.hook_k, self.hook_v, self.hook_z = (nn.Identity() for _ in range(4))

    def forward(self, x):
        points = (self.W_Q, self.hook_q), (self._W_K, self.hook_k), (self._W_V, self.hook_v)
        q, k, v = (hook(torch.einsum("bpd,hdw->bphw", x, one)).transpose(1, 2) for one, hook in points)
        k, v = (one.repeat_interleave(q.shape[1] // one.shape[1], 1) for one in (self.like[0].turned(k), v))
        mixed = functional.scaled_dot_product_attention(self.like[0].turned(q), k, v, is_causal=True)
        return torch.einsum("bphw,hwd->bpd", self.hook_z(mixed.transpose(1, 2)), self.W_O)


class Encoder(nn.Module):
    """Torch's own layers."""

    def __init__(self, kind=nn.TransformerEncoderLayer, rows=0):
        super().__init__()
        torch.manual_seed(0)
        self.rows, self.emb, self.u = rows, nn.Embedding(7, 8), nn.Linear(8, 7)
        self.blocks = nn.ModuleList(kind(8, 2, 16, batch_first=rows == 0) for _ in range(2))

    def forward(self, tokens):
        x = self.emb(tokens).transpose(0, self.rows)
        for one in self.blocks:
            x = one(x, x) if hasattr(one, "multihead_attn") else one(x)
        return self.u(x.transpose(0, self.rows))


class MLP(nn.Module):
    """Gated, by SiLU."""

    def __init__(self, n, hidden):
        super().__init__()
        self.gate_proj, self.up_proj = nn.Linear(n, hidden, bias=False), nn.Linear(n, hidden, bias=False)
        self.down_proj = nn.Linear(hidden, n, bias=False)

    def forward(self, x):
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    """Norms before ("pre", LLaMA), behind as well ("post", Gemma 2), behind alone ("behind", OLMo 2), or before both
    parts at once ("parallel", NeoX).
    """

    def __init__(self, n, heads, groups, hidden, kind):
        super().__init__()
        self.kind, self.self_attn, self.mlp = kind, Attention(n, heads, groups), MLP(n, hidden)
        none = nn.Identity if kind == "behind" else Norm
        self.input_layernorm, self.post_attention_layernorm = none(n), none(n)
        if kind in ("post", "behind"):
            self.behind_attention, self.behind_mlp = Norm(n), Norm(n)

    def forward(self, x):
        attended = self.self_attn(self.input_layernorm(x))
        if self.kind == "parallel":
            return x + attended + self.mlp(self.post_attention_layernorm(x))
        behind = hasattr(self, "behind_mlp")
        x = x + (self.behind_attention(attended) if behind else attended)
        written = self.mlp(self.post_attention_layernorm(x))
        return x + (self.behind_mlp(written) if behind else written)


class Body(nn.Module):
    def __init__(self, vocabulary, n, layers, *sizes):
        super().__init__()
        self.embed_tokens, self.norm = nn.Embedding(vocabulary, n), Norm(n)
        self.layers = nn.ModuleList([Layer(n, *sizes) for _ in range(layers)])

    def forward(self, tokens):
        x = self.embed_tokens(tokens)
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


class Llama(nn.Module):
    """A language model of LLaMA's form."""

    def __init__(self, vocabulary=9, n=32, layers=2, heads=4, groups=2, hidden=48, kind="pre"):
        super().__init__()
        self.model = Body(vocabulary, n, layers, heads, groups, hidden, kind)
        self.lm_head = nn.Linear(n, vocabulary, bias=False)

    def forward(self, input_ids, attention_mask=None):
        """Logits; padding is on the right, where no earlier position sees it."""
        return self.lm_head(self.model(input_ids))


def golden(name):
    """A model of the golden folder, and what is known of it."""
    folder = GOLDEN / name
    config, known = (json.loads((folder / one).read_text()) for one in ("config.json", "expected.json"))
    model = Llama(groups=config["num_key_value_heads"])
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model, known


class Mixing(nn.Module):
    """Heads of an attention file, in double precision."""

    def __init__(self, layer):
        super().__init__()
        q, k, v, out = (torch.tensor(layer[one]).double() for one in ("query", "key", "value", "output"))
        self.n_heads, _, self.width = q.shape
        for name, one in (("q_proj", q), ("k_proj", k), ("v_proj", v)):
            linear = nn.Linear(one.shape[1], one.shape[0] * one.shape[2], bias=False, dtype=torch.float64)
            linear.weight.data = one.transpose(1, 2).flatten(0, 1)
            setattr(self, name, linear)
        self.o_proj = nn.Linear(out.shape[0] * out.shape[1], out.shape[2], bias=False, dtype=torch.float64)
        self.o_proj.weight.data = out.flatten(0, 1).T.contiguous()

    def forward(self, x):
        q, k, v = (
            one(x).unflatten(-1, (self.n_heads, self.width)).transpose(1, 2)
            for one in (self.q_proj, self.k_proj, self.v_proj)
        )
        return self.o_proj(functional.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))


class OneBlock(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.attn = Mixing(layer)

    def forward(self, x):
        return x + self.attn(x)


class Bundled(nn.Module):
    """A bundled transformer without MLPs, as a module of torch."""

    def __init__(self, path):
        super().__init__()
        held = json.loads(Path(path).read_text())
        self.embedding = nn.Parameter(torch.tensor(held["token_embedding"]).double())
        self.positions = nn.Parameter(torch.tensor(held["position_embedding"]).double())
        self.blocks = nn.ModuleList(map(OneBlock, held["attention"]))
        self.unembedding = nn.Linear(held["d_model"], held["vocabulary"], bias=False, dtype=torch.float64)
        self.unembedding.weight.data = torch.tensor(held["unembedding"]).double().T.contiguous()

    def forward(self, tokens):
        x = self.embedding[tokens] + self.positions[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.unembedding(x)
