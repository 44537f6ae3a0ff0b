"""Units of other kinds, and where they come from: scores, files, dictionaries, a first attribution."""

import json
from types import SimpleNamespace

import pytest
import torch
from torch import nn

import pluriscope
from plugins.live.tests.small_models import Encoder, Llama, golden
from pluriscope.analysis.errors import AnalysisError
from pluriscope_live.attribution import attributed

ROWS = [[0, 1, 8, 0], [0, 2, 8, 0], [0, 3, 8, 0]]
EDGES = {"input->a0.h1<q>": 0.5, "a0.h1->m1": -2.0, "m0->logits": 0.1, "a1.h0->logits": 0.01}
OURS = ("e -> 0.1.q", "0.1 -> 1.m", "0.m -> out", "1.0 -> out")


@pytest.fixture(scope="module")
def model():
    return golden("llama-2x4-heads")[0]


@pytest.mark.parametrize(
    ("content", "top", "units"),
    [
        ({"edges": {name: {"score": one, "in_graph": one > 0.05} for name, one in EDGES.items()}}, None, OURS[::2]),
        ({"edges": {name: {"score": one} for name, one in EDGES.items()}}, 2, OURS[:2]),
        (EDGES, 3, OURS[:3]),
        ({name: one != 0.5 for name, one in EDGES.items()}, None, OURS[1:]),
        (list(EDGES), None, OURS),
        ({"units": ["a0.h3", "m1"], "size": 2}, None, ("0.3", "1.mlp")),
        (["Resid Start->A0.1.Q", "A0.1->MLP 1", "MLP 0->Resid End", "1.0 -> logits"], None, OURS),
    ],
)
def test_files(model, tmp_path, content, top, units):
    path = tmp_path / "circuit.json"
    path.write_text(json.dumps(content))
    space = pluriscope.space(model, data=ROWS, units=path, top=top)
    assert space.units == units
    if top:
        assert pluriscope.space(model, data=ROWS, units=str(path), top=top).scores == space.scores


def test_plain_files(model, tmp_path):
    (tmp_path / "units.csv").write_text("unit,score\n0.1,.5\n1.mlp,-2\n")
    (tmp_path / "units.txt").write_text("0.1\n\n1.mlp\n")
    for name in ("units.csv", "units.txt"):
        assert pluriscope.space(model, data=ROWS, units=tmp_path / name).units == ("0.1", "1.mlp")
    assert pluriscope.space(model, data=ROWS, units=tmp_path / "units.csv", top=1).units == ("1.mlp",)


def test_prune_scores_of_auto_circuit(model, tmp_path):
    path = tmp_path / "scores.json"
    scores = {"blocks.0.hook_q_input": [[0.3]] + [[0.1]] * 3, "blocks.0.hook_mlp_in": [0.1] * 5}
    scores["blocks.1.hook_mlp_in"] = [0.1, 0.2, 0, 0, 0, 0.7]
    path.write_text(json.dumps(scores))
    space = pluriscope.space(model, data=ROWS, units=path, top=2)
    assert space.units == ("e -> 0.0.q", "0.m -> 1.m")


def test_attribution_graphs_of_circuit_tracer(model, tmp_path):
    kinds = ("cross layer transcoder", "cross layer transcoder", "mlp reconstruction error", "logit", "embedding")
    ids = ("0_3_1", "0_11_2", "0_1_2", "2_5_3", "E_1_0")
    influence = (0.2, 0.6, None, None, None)
    nodes = [
        {"node_id": one, "layer": one[0], "feature": 99, "feature_type": kind, "influence": share}
        for one, kind, share in zip(ids, kinds, influence, strict=True)
    ]
    links = [
        {"source": "0_3_1", "target": "2_5_3", "weight": 0.1},
        {"source": "0_11_2", "target": "2_5_3", "weight": 2},
    ]
    path, dictionary = tmp_path / "graph.json", {"0.mlp": Autoencoder()}
    path.write_text(json.dumps({"metadata": {}, "nodes": nodes, "links": links}))
    with torch.no_grad():
        some = pluriscope.space(model, data=ROWS, units=path, dictionary=dictionary)
        assert some.units == ("0.mlp/3", "0.mlp/11")
        assert pluriscope.space(model, data=ROWS, units=path, dictionary=dictionary, top=1).units == ("0.mlp/3",)
        for one in nodes:
            del one["influence"]
        path.write_text(json.dumps({"metadata": {}, "nodes": nodes, "links": links}))
        assert pluriscope.space(model, data=ROWS, units=path, dictionary=dictionary, top=1).units == ("0.mlp/11",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([("0_3_1", 0.4), ("0_1_2", None), ("0_2_2", 0.8)], "no influence for 0_1_2, and others have one"),
        ({"edges": {"input->a0.h1<q>": {"score": 1}, "m0->logits": {"score": None}}}, "not finite: 0.m -> out"),
    ],
)
def test_scores_of_two_scales_are_refused(model, tmp_path, content, words):
    if isinstance(content, list):
        nodes = [{"node_id": one, "feature_type": "transcoder", "influence": share} for one, share in content]
        content = {"metadata": {}, "nodes": nodes, "links": [{"source": "0_1_2", "target": "0_2_2", "weight": 9}]}
    (tmp_path / "scores.json").write_text(json.dumps(content))
    for given in (tmp_path / "scores.json", content):
        with pytest.raises(AnalysisError, match=words):
            pluriscope.space(model, data=ROWS, units=given, dictionary={"0.mlp": Autoencoder()}, top=1)


@pytest.mark.parametrize("name", ["circuit.pt", "circuit.pkl"])
def test_pickled_files_are_never_opened(model, tmp_path, name):
    (tmp_path / name).write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(AnalysisError, match="pickled objects"):
        pluriscope.space(model, data=ROWS, units=tmp_path / name)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.W_enc, self.W_dec = nn.Parameter(torch.randn(32, 20)), nn.Parameter(torch.randn(20, 32))

    def encode(self, x):
        return (x @ self.W_enc).relu()

    def decode(self, features):
        return features @ self.W_dec + 1


class Normalising(Autoencoder):
    """It divides by the size of what it encodes, and the next decode alone undoes that, as SAELens has it."""

    def encode(self, x):
        self.size = x.norm(dim=-1, keepdim=True)
        return super().encode(x / self.size)

    def decode(self, features):
        return super().decode(features) * self.__dict__.pop("size")


@pytest.mark.parametrize("ablation", ["zero", "mean"])
@pytest.mark.parametrize("sae", [Autoencoder(), Normalising()])
def test_features(model, sae, ablation):
    units = ["0.mlp/3", "0.mlp/11"]
    with torch.no_grad():
        space = pluriscope.space(model, data=ROWS, units=units, dictionary={"0.mlp": sae}, ablation=ablation)
        kept = space.run([0b10])[0]  # without feature 3

        def without(_module, _args, result):
            strong = sae.encode(result)[..., 3:4]
            write = (strong - (strong.mean(0) if ablation == "mean" else 0)) * sae.W_dec[3]
            return result - write * sae.__dict__.get("size", 1)

        hook = model.model.layers[0].mlp.register_forward_hook(without)
        expected = model(torch.tensor(ROWS))[:, -1]
        hook.remove()
    torch.testing.assert_close(kept, expected, atol=2e-4, rtol=1e-4)
    assert torch.equal(space.run([3])[0], model(torch.tensor(ROWS))[:, -1])
    assert space.explained.keys() == {"0.mlp"}
    assert space.explained["0.mlp"] < 1


def test_a_dictionary_that_fails_is_named(model):
    sae = SimpleNamespace(encode=lambda x: x[..., :20], decode=lambda features: features @ torch.zeros(19, 32))
    with pytest.raises(AnalysisError, match=r"dictionary '0.mlp': fails on values of the shape .*RuntimeError"):
        pluriscope.space(model, data=ROWS, units=["0.mlp/3"], dictionary={"0.mlp": sae})


def test_a_transcoder_reads_the_input(model):
    torch.manual_seed(0)
    transcoder = Autoencoder()
    given = {"0.mlp": ("model.layers.0.mlp", transcoder)}
    space = pluriscope.space(model, data=ROWS, units=["0.mlp/3"], dictionary=given)
    seen = []
    hook = model.model.layers[0].mlp.register_forward_pre_hook(lambda _module, args: seen.append(args[0]))
    model(torch.tensor(ROWS))
    hook.remove()

    def without(_module, _args, result):
        return result - transcoder.encode(seen[0])[..., 3:4] * transcoder.W_dec[3]

    hook = model.model.layers[0].mlp.register_forward_hook(without)
    expected = model(torch.tensor(ROWS))[:, -1]
    hook.remove()
    torch.testing.assert_close(space.run([0])[0], expected, atol=2e-4, rtol=1e-4)


def test_neurons_and_outputs_of_any_module():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
    rows = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    names = [*(f"1[{n}]" for n in range(4)), "3[0:2]", "3[2]"]
    space = pluriscope.space(net, data=rows, units=names, output_is="logit")
    with torch.no_grad():
        hidden = net[1](net[0](rows)) * torch.tensor([1.0, 0, 1, 1])
        last = net[4](net[3](net[2](hidden)) * torch.tensor([1.0, 1, 0]))
    assert torch.equal(space.run([0b011101])[0], last)
    model = Llama()
    space = pluriscope.space(model, data=ROWS, units="neurons", top=5)
    assert all(name.endswith("]") for name in space.units)


@pytest.mark.parametrize(("units", "criterion"), [("heads+mlps", "decisions"), ("edges", "kl")])
def test_a_first_attribution_adds_up(model, units, criterion):
    """Integrated gradients of all gates are what all units make together (Sundararajan et al. 2017)."""
    _, known = golden("llama-2x4-heads")
    rules = {"units": units, "criterion": criterion, "threshold": 1, "ablation": "mean"}
    space = pluriscope.space(model, known["answers"], known["rows"], **rules)
    scores = attributed(space, steps=60)
    if criterion == "kl":
        difference = space.empty.score[0]
    else:
        ends = space.gaps(space.run([0, (1 << space.n_units) - 1])).mean(1)
        difference = float(ends[1] - ends[0])
    assert sum(scores.values()) == pytest.approx(difference, rel=0.02)
    best = sorted(scores, key=lambda name: -abs(scores[name]))[:5]
    few = pluriscope.space(model, known["answers"], known["rows"], **rules, top=5)
    assert len(set(few.units) & set(best)) >= 4  # by fewer steps


@pytest.mark.parametrize("rows_at", [0, 1])
def test_layers_of_torch(rows_at):
    model, rows = Encoder(rows=rows_at).eval(), torch.arange(20).view(5, 4) % 7
    spaces = {
        one: pluriscope.space(model, data=rows, units=one, ablation="mean", position="last")
        for one in ("heads", "mlps")
    }
    assert spaces["heads"].units == ("0.0", "0.1", "1.0", "1.1")
    assert len(pluriscope.space(model, data=rows, units="neurons", top=3, position="last").units) == 3
    with torch.no_grad():
        torch.testing.assert_close(spaces["heads"].whole_logits, model(rows)[:, -1], atol=1e-5, rtol=0)
        hook = model.blocks[1].linear2.register_forward_hook(lambda _m, _args, out: out * 0 + out.mean(rows_at, True))
        expected = model(rows)[:, -1]
        hook.remove()
        torch.testing.assert_close(spaces["mlps"].run([1, 2, 0, 3])[0], expected, atol=1e-5, rtol=0)
        zero = pluriscope.space(model, data=rows, units="heads", position="last").run([7, 13])
        model.blocks[0].self_attn.out_proj.weight[:, 4:] = 0  # of head 0.1
        torch.testing.assert_close(zero[1], model(rows)[:, -1], atol=1e-5, rtol=0)


@pytest.mark.parametrize("units", ["heads", "mlps", "layers", ["model.layers.0.mlp"], ["0.mlp/3", "0.mlp/11"], "edges"])
def test_hooks_put_on_before_see_the_circuit(model, units):
    seen, (layer, other) = {}, model.model.layers
    parts = {"attention": layer.self_attn, "down": layer.mlp.down_proj, "mlp": layer.mlp, "layer": layer}
    parts |= {"o": layer.self_attn.o_proj, "query": other.self_attn.q_proj}

    def keep(name, part):
        return part.register_forward_hook(lambda _part, args, out: seen.update({name: (args[0].clone(), out.clone())}))

    handles = [keep(*one) for one in parts.items()]
    more = {"dictionary": {"0.mlp": Autoencoder()}, "criterion": "kl", "threshold": 99}
    with torch.no_grad():
        space = pluriscope.space(model, data=ROWS, units=units, **more)
        seen.clear()
        with space.circuit(0).hooks():
            model(torch.tensor(ROWS))
    for one in handles:
        one.remove()
    (given, gave), attention, mlp = seen["layer"], seen["attention"][1], seen["mlp"][1]
    torch.testing.assert_close(given + attention + mlp, gave)
    assert torch.equal(mlp, seen["down"][1])
    assert bool(mlp.any()) == (units == "heads" or "0.mlp/3" in units)
    assert bool(seen["o"][0].any()) == (units not in ("heads", "layers", "edges"))
    assert bool(seen["query"][1].any()) == (units != "edges")


class Plain(nn.Module):
    """Blocks of which a part has a name that is not known, and attention does not say how many heads it has."""

    def __init__(self, **parts):
        super().__init__()
        self.emb, self.u = nn.Embedding(9, 4), nn.Linear(4, 9)
        self.blocks = nn.ModuleList(nn.ModuleDict({name: make() for name, make in parts.items()}) for _ in range(2))

    def forward(self, tokens):
        x = self.emb(tokens)
        for block in self.blocks:
            for part in block.values():
                x = x + (part["o_proj"](x) if isinstance(part, nn.ModuleDict) else part(x))
        return self.u(x)


def linear():
    return nn.Linear(4, 4)


def attention():
    return nn.ModuleDict({"o_proj": linear()})


def test_what_was_asked_is_what_was_found():
    def asked(model, units, rows=ROWS):
        return pluriscope.space(model, data=rows, units=units, criterion="kl", threshold=99, position="last")

    plain = Plain(attn=attention, mlp=lambda: nn.Sequential(linear(), nn.ReLU(), linear()))
    with pytest.raises(AnalysisError, match=r"no head was found \(not read: blocks.0.attn, blocks.1.attn\). Take mlps"):
        asked(plain, "heads+mlps")
    for block in plain.blocks:
        block["attn"].num_heads = 2
    every = {kind: asked(plain, kind).n_units for kind in ("heads+mlps", "layers", "neurons")}
    assert every == {"heads+mlps": 6, "layers": 2, "neurons": 8}
    with pytest.raises(AnalysisError, match=r"no mlp was found .*Take layers"):
        asked(Plain(attn=attention), "mlps")
    assert asked(Plain(attn=attention), "layers").n_units == 2
    plain.blocks[1]["mlp"] = linear()
    assert asked(plain, "neurons").protocol.granularity == "neurons (not read: blocks.1.mlp)"
    other = Plain(mlp=linear, gate=linear)
    assert "mlps (not read: blocks.0.gate, blocks.1.gate), zero" in str(asked(other, "mlps").protocol)
    for model, left in ((other, "blocks.0.gate"), (Encoder(nn.TransformerDecoderLayer), "blocks.0.multihead_attn")):
        for units in ("layers", ["0"]):
            with pytest.raises(AnalysisError, match=rf"not what it is without what they write \(not read: {left}"):
                asked(model, units, [[1, 2], [3, 4]])
    other.blocks[1] = other.blocks[0]
    with pytest.raises(AnalysisError, match="has numbers in common"):
        asked(other, "mlps")


def test_own_replacement(model):
    def halved(name, value, inputs):
        assert "" in inputs or "input_ids" in inputs
        return value * 0.5

    space = pluriscope.space(model, data=ROWS, units=["0.1", "1.mlp"], ablation=halved)
    assert space.protocol.ablation == "halved"
    hook = model.model.layers[1].mlp.register_forward_hook(lambda _module, _args, result: result * 0.5)
    expected = model(torch.tensor(ROWS))[:, -1]
    hook.remove()
    torch.testing.assert_close(space.run([["0.1"]])[0], expected)
    with pytest.raises(AnalysisError, match="fails for unit"):
        pluriscope.space(model, data=ROWS, units=["0.1"], ablation=lambda name, value, inputs: value[..., :3])


def test_rows_and_positions_in_one_dimension():
    """As in OPT: zeros are right for any circuit, and what differs by row is refused."""
    model = Llama()
    plain = pluriscope.space(model, data=ROWS, units="mlps").run([1, 2])

    def flat(mlp, x):
        return mlp.down_proj(mlp.gate_proj(x.flatten(0, 1)).sigmoid() * mlp.up_proj(x.flatten(0, 1))).view(x.shape)

    for layer in model.model.layers:
        layer.mlp.forward = flat.__get__(layer.mlp)
    names = [f"model.layers.{n}.mlp.down_proj" for n in range(2)]
    whole = pluriscope.space(model, data=ROWS, units="mlps").run([1, 2])
    assert torch.equal(pluriscope.space(model, data=ROWS, units=names).run([1, 2]), whole)
    assert not torch.equal(plain, whole)
    with pytest.raises(AnalysisError, match="rows and positions in one dimension"):
        pluriscope.space(model, data=ROWS, units=names, ablation="mean")


@pytest.mark.parametrize(
    ("words", "units", "top"),
    [
        ("no kind of unit and no file", "heards", None),
        ("dictionary is not given", ["0.mlp/3"], None),
        ("of 1 units", ["0.1"], 3),
    ],
)
def test_refusals(model, words, units, top):
    with pytest.raises(AnalysisError, match=words):
        pluriscope.space(model, data=ROWS, units=units, top=top)
