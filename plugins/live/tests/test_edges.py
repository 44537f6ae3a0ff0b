"""Edges against golden values, and against a forward pass that adds up each reader's writes by itself."""

import numpy as np
import pytest
import torch
from torch.nn import functional

import pluriscope
from plugins.live.tests.small_models import Fused, Hooked, Llama, golden
from pluriscope.analysis.errors import AnalysisError
from pluriscope_live.groups import Asked


def test_golden_masks():
    model, known = golden("llama-2x4-edges")
    space = pluriscope.space(model, task=known["answers"], data=known["rows"], units="edges")
    assert list(space.units) == known["edges"]
    masks = [one["kept"] for one in known["masks"]]
    logits, verdicts = space.run(masks), space.judge(masks)
    np.testing.assert_allclose(logits[:, 0], [one["logits_of_row_0"] for one in known["masks"]], atol=1e-3)
    assert verdicts.valid.tolist() == [one["valid"] for one in known["masks"]]
    np.testing.assert_allclose(verdicts.score, [one["share_right"] for one in known["masks"]], atol=2e-6)
    np.testing.assert_allclose(verdicts.least_gap, [one["least_gap"] for one in known["masks"]], atol=1e-3)
    assert torch.equal(logits[-1], model(torch.tensor(known["rows"]))[:, -1])


def explicit(model, tokens, kept, absent):
    """Logits of a circuit of edges, and what each writer adds in it.

    Args:
        kept: names of edges.
        absent: by writer, what a cut edge carries.
    """
    body, written = model.model, {"e": model.model.embed_tokens(tokens)}

    def seen(reader):
        return sum(
            one if f"{name} -> {reader}" in kept or reader is None else absent.get(name, torch.zeros_like(one))
            for name, one in written.items()
        )

    for number, layer in enumerate(body.layers):
        attention, adds = layer.self_attn, {}
        width, heads, groups = attention.width, attention.num_heads, attention.num_key_value_heads
        total = 0
        for head in range(heads):
            group = head // (heads // groups)
            parts = {}
            for part, at in (("q", head), ("k", group), ("v", group)):
                matrix = getattr(attention, f"{part}_proj").weight[at * width : (at + 1) * width]
                parts[part] = layer.input_layernorm(seen(f"{number}.{at}.{part}")) @ matrix.T
            q, k = (attention.turned(parts[one][:, None])[:, 0] for one in "qk")
            scores = q @ k.transpose(1, 2) / width**0.5
            later = torch.ones(scores.shape[-2:]).triu(1).bool()
            mixed = scores.masked_fill(later, -torch.inf).softmax(-1) @ parts["v"]
            adds[f"{number}.{head}"] = mixed @ attention.o_proj.weight[:, head * width : (head + 1) * width].T
            total = total + adds[f"{number}.{head}"]
        if layer.kind in ("post", "behind"):  # RMSNorm is linear once its factor is known
            norm = layer.behind_attention
            factor = norm.weight * torch.rsqrt(total.square().mean(-1, keepdim=True) + 1e-6)
            adds = {name: one * factor for name, one in adds.items()}
        if layer.kind != "parallel":
            written |= adds
        gave = layer.mlp(layer.post_attention_layernorm(seen(f"{number}.m")))
        written |= {**adds, f"{number}.m": layer.behind_mlp(gave) if hasattr(layer, "behind_mlp") else gave}
    return model.lm_head(body.norm(seen("out")))[:, -1], written


@pytest.mark.parametrize("kind", ["pre", "post", "behind", "parallel"])
@pytest.mark.parametrize("ablation", ["zero", "mean", "resample"])
def test_an_explicit_forward_pass_agrees(kind, ablation):
    torch.manual_seed(1)
    model = Llama(kind=kind).double().requires_grad_(False)
    for one in model.parameters():
        one += 0.2 * torch.randn_like(one)
    rows, others = torch.randint(0, 9, (2, 5, 4))
    space = pluriscope.space(model, data=rows, counterfactual=others, units="edges", ablation=ablation)
    _, written = explicit(model, others if ablation == "resample" else rows, set(space.units), {})
    mean = {name: one.mean(0, keepdim=True).expand_as(one) for name, one in written.items()}
    absent = {"zero": {}, "mean": mean, "resample": written}[ablation]
    masks = np.random.default_rng(0).random((6, space.n_units)) < np.linspace(0, 1, 6)[:, None]
    for mask, logits in zip(masks, space.run(masks), strict=True):
        kept = {name for name, one in zip(space.units, mask, strict=True) if one}
        expected, _ = explicit(model, rows, kept, absent)
        torch.testing.assert_close(logits, expected, atol=2e-5, rtol=0)  # norms go through single precision
    assert torch.equal(space.run([[*space.units]])[0], model(rows)[:, -1])


@pytest.mark.parametrize(
    ("layout", "groups"), [("c_attn", 2), ("query_key_value", 4), ("query_key_value", 2), ("hooked", 2), ("hooked", 4)]
)
def test_other_projections_of_queries_keys_and_values(layout, groups):
    torch.manual_seed(0)
    model, rows = Llama(groups=groups), torch.randint(0, 9, (5, 4))
    rules = {"data": rows, "ablation": "mean", "criterion": "kl", "threshold": 99}
    plain = [pluriscope.space(model, units=one, **rules) for one in ("edges", "heads", "layers")]
    masks = [np.random.default_rng(0).random((8, one.n_units)) < 0.6 for one in plain]
    expected = [one.run(some) for one, some in zip(plain, masks, strict=True)]
    for layer in model.model.layers:
        layer.self_attn = Hooked(layer.self_attn) if layout == "hooked" else Fused(layer.self_attn, layout)
    for one, some, logits in zip(plain, masks, expected, strict=True):
        space = pluriscope.space(model, units=one.protocol.granularity, **rules)
        assert space.units == one.units
        torch.testing.assert_close(space.run(some), logits, atol=1e-5, rtol=0)


def test_gates_between_0_and_1_meet_masks_at_their_ends():
    model, known = golden("llama-2x4-edges")
    space = pluriscope.space(model, task=known["answers"], data=known["rows"], units="edges", ablation="mean")
    mask = space.bits([known["masks"][5]["kept"]])
    gates = torch.tensor(mask, dtype=torch.float32, requires_grad=True)
    logits = space.logits(gates, torch.arange(8))
    torch.testing.assert_close(logits[0], space.run(mask)[0, :8], atol=1e-4, rtol=0)
    logits.sum().backward()
    assert (gates.grad != 0).sum() > 60


def test_edges_with_queries_keys_and_values_together():
    model = Llama(groups=4)
    rows = torch.randint(0, 9, (4, 4), generator=torch.Generator().manual_seed(0))
    apart = pluriscope.space(model, data=rows, units="edges")
    joined = pluriscope.space(model, data=rows, units="head-edges")
    assert (apart.n_units, joined.n_units) == (110, 54)
    cut = "0.1 -> 1.2"
    one = joined.run([[name for name in joined.units if name != cut]])
    three = apart.run([[name for name in apart.units if not name.startswith(f"{cut}.")]])
    assert torch.equal(one, three)


def test_what_is_no_unit_is_cut_as_well():
    model, known = golden("llama-2x4-edges")
    every = pluriscope.space(model, data=known["rows"], units="edges")
    names = [one for one in every.units if one not in ("e -> 0.0.q", "e -> 0.1.q", "e -> 0.2.k")]
    some = pluriscope.space(model, data=known["rows"], units=names, rest="ablated", criterion="kl", threshold=9)
    assert torch.equal(some.run([names[3:]]), every.run([names[3:]]))


def test_scores_are_of_the_whole_model_where_what_is_no_unit_is_cut():
    model, known = golden("llama-2x4-edges")
    rules = {"criterion": "logit-difference", "threshold": 0.95, "units": "edges"}
    every = pluriscope.space(model, known["answers"], known["rows"], **rules)
    names = every.units[2:]
    some = pluriscope.space(model, known["answers"], known["rows"], **rules | {"units": names, "rest": "ablated"})
    assert some.whole.score == pytest.approx(every.judge([names]).score, rel=1e-6)
    assert some.whole.score != pytest.approx(1, rel=1e-3)
    bits = ~np.eye(some.n_units, dtype=np.bool_)
    valid = some.judge(bits).valid
    assert 0 < valid.sum() < len(bits)
    assert (Asked(some, np.arange(len(some.rows))).valid(bits) == valid).all()
    with pytest.raises(AnalysisError, match="missed by all units together"):
        pluriscope.space(model, data=known["rows"], units=names[40:], rest="ablated", criterion="kl", threshold=1e-6)


def test_refusals():
    model = Llama()
    with pytest.raises(AnalysisError, match="does not exist in this model"):
        pluriscope.space(model, data=[[1, 2]], units=["e -> 0.3.k"])
    with pytest.raises(AnalysisError, match="has numbers in common"):
        pluriscope.space(Llama(groups=4), data=[[1, 2]], units=["e -> 0.1.k", "e -> 0.1"])
    with pytest.raises(AnalysisError, match="edges among other units"):
        pluriscope.space(model, data=[[1, 2]], units=["e -> 0.1.k", "0.1"])

    scaled = Llama()
    for layer in scaled.model.layers:
        layer.register_forward_hook(lambda _module, _args, result: result * 0.5)
    with pytest.raises(AnalysisError, match="gives something else than the sum of its stream"):
        pluriscope.space(scaled, data=[[1, 2]], units="edges")


def test_an_mlp_that_another_one_is_added_to_in_place():
    class InPlace(Llama):
        pass

    model = InPlace(kind="parallel").requires_grad_(False)
    rows = torch.tensor([[1, 2, 3], [4, 5, 6]])
    plain = pluriscope.space(model, data=rows, units="edges", ablation="mean").run([0, 77, 1 << 70])

    def forward(layer, x):
        added = layer.mlp(layer.post_attention_layernorm(x))
        added += layer.self_attn(layer.input_layernorm(x))
        return x + added

    for layer in model.model.layers:
        layer.forward = forward.__get__(layer)
    same = pluriscope.space(model, data=rows, units="edges", ablation="mean").run([0, 77, 1 << 70])
    torch.testing.assert_close(same, plain, atol=1e-5, rtol=0)
    assert functional.mse_loss(same[0], same[1]) > 0
