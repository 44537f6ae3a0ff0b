"""Circuits in the module that was explained: its outputs, what its hooks see, and its derivatives are the circuit's."""

import copy
import threading

import numpy as np
import pytest

import pluriscope
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.subjects.perceptron.activations import activation_of
from pluriscope.library.circuits import Circuit

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # torch is loaded
torch = pytest.importorskip("torch")
prune = pytest.importorskip("torch.nn.utils.prune")
nn = torch.nn
NOISY = {"noise_std": 0.1, "noise_seed": 3}
MEAN = {"ablation": "mean"}


def drawn(module, dtype=torch.float64, seed=1):
    torch.manual_seed(seed)
    for parameter in module.to(dtype).parameters():
        nn.init.normal_(parameter, 0, 0.8)
    return module


class Turned(nn.Module):
    """A perceptron in a structure of its own: an activation in place, batch norm behind it, two outputs apart."""

    def __init__(self):
        super().__init__()
        self.first, self.norm = nn.Linear(2, 3), nn.BatchNorm1d(3)
        self.ends = nn.ModuleList(nn.Linear(3, 1) for _ in range(2))
        self.norm.running_mean.uniform_(-1, 1), self.norm.running_var.uniform_(0.5, 2)
        self.eval()

    def forward(self, rows):
        hidden = self.norm(nn.functional.relu(self.first(rows), inplace=True))
        return torch.cat([end(hidden) for end in self.ends], dim=1)


def chain(*ends, n=1):
    return drawn(nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, n), *ends))


def pruned():
    net = chain(nn.Sigmoid())
    prune.l1_unstructured(net[0], "weight", 2)
    return net


PERCEPTRONS = {
    "sigmoid": (lambda: chain(nn.Sigmoid()), {}, {}),
    "noisy rows": (lambda: drawn(nn.Sequential(*logit_net(), nn.Sigmoid())), {**MEAN, **NOISY}, {}),
    "any ablation": (lambda: chain(nn.Sigmoid()), {"circuit_family": "any_ablation"}, {}),
    "encoded": (lambda: chain(nn.Sigmoid()), MEAN, {"encoding": "-1, 1"}),
    "logit": (lambda: chain(), {}, {"output_is": "logit"}),
    "two classes": (lambda: chain(n=2), MEAN, {"output_is": "classes"}),
    "softmax": (lambda: chain(nn.Softmax(-1), n=2), MEAN, {}),
    "second of two": (lambda: drawn(Turned()), MEAN, {"output_is": "logit", "output": 1}),
    "single": (lambda: chain(nn.Sigmoid()).float(), MEAN, {}),
    "pruned": (pruned, MEAN, {}),
}
SINGLE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.float16: 1e-2}


def inputs(result, net):
    dtype = next(net.parameters()).dtype
    return torch.tensor(result.question.data.representatives.copy(), dtype=dtype)


def decided(outputs, result, declared):
    """The explained output, as the result has it."""
    found = outputs.detach().double().numpy()
    if declared.get("output_is") == "classes":
        found = np.diff(found)
    if declared.get("output_is") in ("logit", "classes"):
        found = activation_of("sigmoid").value(found)
    return found[:, 1] if found.shape[1] == 2 else found[:, 0]


@pytest.mark.parametrize("name", PERCEPTRONS)
def test_a_perceptron_gives_what_each_circuit_gives(name):
    make, rules, declared = PERCEPTRONS[name]
    net = make()
    result = pluriscope.explain(net, protocol={"accuracy_threshold": 0.4, **rules}, **declared)
    rows, tolerance = inputs(result, net), SINGLE[next(net.parameters()).dtype]
    before = [net(rows), *(one.clone() for one in net.state_dict().values())]
    circuits = [*result.circuits[:: max(1, len(result.circuits) // 12)], result.circuit(result.circuits[-1].mask)]
    for circuit in circuits:
        with circuit.hooks(net):
            assert decided(net(rows), result, declared) == pytest.approx(circuit.outputs, abs=tolerance)
    after = [net(rows), *net.state_dict().values()]
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert "forward" not in vars(net)
    assert not torch._C._len_torch_function_stack()
    assert len({circuit.outputs for circuit in circuits}) > 1


# --- transformers


class Block(nn.Module):
    def __init__(self, d, heads, d_head, d_mlp, norm, bias):
        super().__init__()
        self.heads, self.norms = heads, nn.ModuleList(nn.LayerNorm(d) if norm else nn.Identity() for _ in range(2))
        self.reads, self.writes = nn.Linear(d, 3 * heads * d_head, bias=bias), nn.Linear(heads * d_head, d, bias=bias)
        self.mlp = nn.ModuleList([nn.Linear(d, d_mlp), nn.Linear(d_mlp, d)] if d_mlp else [])

    def forward(self, stream):
        reads = self.reads(self.norms[0](stream)).unflatten(-1, (3, self.heads, -1))
        q, k, v = (one.transpose(1, 2) for one in reads.unbind(2))
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        stream = stream + self.writes(mixed.transpose(1, 2).flatten(2))
        if self.mlp:
            stream = stream + self.mlp[1](torch.relu(self.mlp[0](self.norms[1](stream))))
        return stream


class BlockByHand(Block):
    """Block that computes each head by itself, LayerNorms too, and adds an MLP block's bias after the rest."""

    def normed(self, stream):
        norm, centred = self.norms[0], stream - stream.mean(-1, keepdim=True)
        if isinstance(norm, nn.Identity):
            return stream
        return centred / (centred.pow(2).mean(-1, keepdim=True) + norm.eps).sqrt() * norm.weight + norm.bias

    def forward(self, stream):
        matrices = zip(self.reads.weight.chunk(3), self.reads.bias.chunk(3), strict=True)
        reads = [(self.normed(stream) @ weight.T + bias).unflatten(-1, (self.heads, -1)) for weight, bias in matrices]
        later = torch.ones(stream.shape[1], stream.shape[1], dtype=torch.bool).triu(1)
        mixed = []
        for head in range(self.heads):
            q, k, v = (one[:, :, head] for one in reads)
            scores = (q @ k.transpose(1, 2) / q.shape[-1] ** 0.5).masked_fill(later, -torch.inf)
            mixed.append(scores.softmax(-1) @ v)
        stream = stream + self.writes(torch.cat(mixed, dim=-1))
        hidden, written = self.mlp
        return stream + torch.relu(hidden(self.norms[1](stream))) @ written.weight.T + written.bias


class Decoder(nn.Module):
    def __init__(self, d_mlp=0, norm=False, bias=False, vocabulary=4, d=4, heads=2, d_head=2, layers=2, block=Block):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, d), nn.Embedding(3, d)
        self.blocks = nn.ModuleList(block(d, heads, d_head, d_mlp, norm, bias) for _ in range(layers))
        self.norm, self.logits = nn.LayerNorm(d) if norm else nn.Identity(), nn.Linear(d, vocabulary, bias=bias)

    def forward(self, tokens):
        stream = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            stream = block(stream)
        return self.logits(self.norm(stream))


def cut_by_hand(net, circuit, tokens, means):
    """A circuit of a decoder node by node, as any textbook has it; with what each node gives.

    Args:
        means: what each ablated edge carries, by its source; nothing if None.
    """
    graph = circuit.result.question.graph
    kept = graph.kept_edges(graph.bits([circuit.number]))[0]
    parts = [net.tokens(tokens), net.positions(torch.arange(tokens.shape[1])).expand(*tokens.shape, -1)]
    values = parts if graph.nodes[1].name == "p" else [sum(parts)]

    def read(node, slot, n_layers):
        total = torch.zeros_like(parts[0])
        for edge, on in zip(graph.edges, kept, strict=True):
            if edge.target == node and edge.slot in (slot, ""):
                total = total + (values[edge.source] if on else 0.0 if means is None else means[edge.source])
        added = [block.writes.bias for block in list(net.blocks)[:n_layers] if block.writes.bias is not None]
        return total + sum(added)

    for place, node in enumerate(graph.nodes[len(values) :], start=len(values)):
        layer, _, head = node.name.rpartition(".")
        if not layer:
            return net.logits(net.norm(read(place, "", len(net.blocks)))), values
        block = net.blocks[int(layer) - 1]
        if head == "mlp":
            hidden = torch.relu(block.mlp[0](block.norms[1](read(place, "", int(layer)))))
            values.append(block.mlp[1](hidden))
            continue
        size = block.writes.in_features // block.heads
        q, k, v = (
            block.reads(block.norms[0](read(place, slot, int(layer) - 1))).unflatten(-1, (3, block.heads, size))[
                :, :, number, int(head)
            ]
            for number, slot in enumerate("qkv")
        )
        later = torch.ones(q.shape[1], q.shape[1], dtype=torch.bool).triu(1)
        shares = (q @ k.transpose(1, 2) / size**0.5).masked_fill(later, -torch.inf).softmax(-1)
        columns = slice(int(head) * size, (int(head) + 1) * size)
        mixed = shares @ v
        values.append(mixed @ block.writes.weight[:, columns].T)
    raise AssertionError


FULL = {"norm": True, "bias": True, "d_mlp": 5}
RULES = ("qkv", "heads", "nodes", "qkv-mean", "heads-mean", "nodes-mean", "qkv-zero-split", "heads-zero-split")
BY_HAND = {**FULL, "block": BlockByHand}
DECODERS = [(FULL, rules) for rules in RULES if not rules.startswith("heads")]
DECODERS += [({"bias": True}, "qkv-mean"), (BY_HAND, "nodes-mean"), ({**BY_HAND, "norm": False}, "heads")]
FURTHER = [*(({}, rules) for rules in RULES), *((FULL, rules) for rules in RULES if "heads" in rules), (BY_HAND, "qkv")]
DECODERS += [pytest.param(*one, marks=pytest.mark.release) for one in FURTHER]
ROWS = np.unique(np.random.default_rng(0).integers(0, 4, (9, 3)), axis=0)


def explained(net, rules):
    return pluriscope.explain(net, data=ROWS, protocol=rules, seconds=0.02)


def some_circuits(result, n=4):
    """Drawn ones, valid or not, and the empty one."""
    space, dice = result.question.space, np.random.default_rng(1)
    bits = space.graph.n_bits
    masks = space.reduce(dice.random((n, bits)) < dice.uniform(0.4, 1, (n, 1)))
    numbers = [sum(1 << int(bit) for bit in np.flatnonzero(mask)) for mask in masks]
    return [Circuit(result, number) for number in (0, *numbers)]


@pytest.mark.parametrize(("sizes", "rules"), DECODERS)
def test_a_transformer_gives_what_each_circuit_gives_with_its_derivatives(sizes, rules):
    net = drawn(Decoder(**sizes))
    result, tokens, means = explained(net, rules), torch.tensor(ROWS), None
    whole = Circuit(result, (1 << result.question.graph.n_bits) - 1)
    if "mean" in rules:
        with torch.no_grad():
            means = [value.mean(0) for value in cut_by_hand(net, whole, tokens, None)[1]]
    constant = ["writes.weight"] * (means is not None) + ["mlp.1.bias"] * ("block" in sizes)  # of what is left out
    named = {name: one for name, one in net.named_parameters() if not any(part in name for part in constant)}

    def derivatives(logits):
        loss = logits.pow(2).mean() + nn.functional.cross_entropy(logits[:, -1], tokens[:, 0])
        options = {"allow_unused": True, "materialize_grads": True}
        first = torch.autograd.grad(loss, list(named.values()), create_graph=True, **options)
        return first, torch.autograd.grad(sum(one.pow(2).sum() for one in first), list(named.values()), **options)

    for circuit in some_circuits(result):
        with circuit.hooks(net):
            logits = net(tokens)
            found = derivatives(logits)
        assert logits[:, -1].detach().numpy() == pytest.approx(np.array(circuit.outputs), abs=1e-9)
        by_hand, _ = cut_by_hand(net, circuit, tokens, means)
        assert torch.allclose(logits, by_hand, atol=1e-9)  # at every position
        for ours, theirs in zip(found, derivatives(by_hand), strict=True):
            for name, one, other in zip(named, ours, theirs, strict=True):
                assert torch.allclose(one, other, rtol=1e-6, atol=1e-8), name


# --- whatever else is done with the module


def logit_net(dtype=torch.float64):
    return drawn(nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)), dtype)


@pytest.fixture(scope="module")
def found():
    """A network, a circuit that leaves out edges, rows, and its logits on these."""
    net = logit_net()
    result = pluriscope.explain(net, output_is="logit")
    circuit = result.circuits.smallest[0]
    outputs = np.array(circuit.outputs)
    return net, circuit, inputs(result, net), np.log(outputs / (1 - outputs))


def threads(net, rows):
    given = [None] * 4
    running = [threading.Thread(target=lambda n=n: given.__setitem__(n, net(rows))) for n in range(4)]
    for one in (*(one.start for one in running), *(one.join for one in running)):
        one()
    return torch.stack(given).mean(0)


USES = {
    "call": lambda net, rows: net(rows),
    "its forward": lambda net, rows: net.forward(rows),
    "without derivatives": lambda net, rows: torch.no_grad()(net)(rows),
    "inference": lambda net, rows: torch.inference_mode()(net)(rows),
    "row by row": lambda net, rows: torch.cat([net(row[None]) for row in rows]),
    "training mode": lambda net, rows: net.train()(rows),
    "functional_call": lambda net, rows: torch.func.functional_call(net, dict(net.named_parameters()), rows),
    "vmap": lambda net, rows: torch.vmap(lambda row: net(row[None])[0])(rows),
    "within another": lambda net, rows: nn.Sequential(net, nn.Identity())(rows),
    "threads": threads,
}


@pytest.mark.parametrize("use", USES)
def test_the_module_is_the_circuit_however_it_is_called(found, use):
    net, circuit, rows, logits = found
    with circuit.hooks(net):
        given = USES[use](net, rows)
    assert given.detach().numpy()[:, 0] == pytest.approx(logits, abs=1e-9)
    assert not torch.allclose(net(rows), given)


def test_hooks_of_the_user_see_the_circuit_and_may_change_it(found):
    net, circuit, rows, logits = found
    seen = []
    handle = net[1].register_forward_hook(lambda module, given, output: seen.append(output.detach().clone()))
    with circuit.hooks(net):
        seen.clear()
        net(rows)
        changing = net[1].register_forward_hook(lambda module, given, output: output * 0 + 2)
        patched = net(rows).detach().numpy()[:, 0]
        changing.remove()
        assert net(rows).detach().numpy()[:, 0] == pytest.approx(logits)
    assert len(seen) == 3  # one for each run
    handle.remove()
    kept = [matrix.astype(float) for matrix in circuit.value.keep]
    weights, biases = ([one.detach().numpy() for one in net.parameters()][n::2] for n in range(2))
    hidden = np.tanh(rows.numpy() @ (kept[0] * weights[0]).T + biases[0])
    active = kept[0].any(axis=1)
    assert seen[0].numpy()[:, active] == pytest.approx(hidden[:, active])
    carried = (kept[1] * weights[1]).sum() * 2 + biases[1]  # what is put in its place is cut as the source was
    assert patched == pytest.approx(np.repeat(carried, len(rows)))


def test_the_circuit_is_trained_within_the_context():
    net = logit_net()
    circuit = pluriscope.explain(net, output_is="logit").circuits.smallest[0]
    rows, left_out = inputs(circuit.result, net), [~matrix for matrix in circuit.value.keep]
    before = [one.clone() for one in net.parameters()]
    with circuit.hooks(net):
        optimizer = torch.optim.SGD(net.parameters(), 0.2)
        losses = []
        for _ in range(20):
            loss = (net(rows) - 3).pow(2).mean()
            optimizer.zero_grad(), loss.backward(), optimizer.step()
            losses.append(float(loss))
    assert losses[-1] < losses[0] / 2
    for old, new, gone in zip(before[::2], [*net.parameters()][::2], left_out, strict=True):
        assert torch.equal(old[torch.tensor(gone)], new[torch.tensor(gone)])  # ablated edges learn nothing
    with pytest.raises(AnalysisError, match="is not the network of this result: W1 differs"), circuit.hooks(net):
        pass


def test_a_circuit_from_a_file_runs_in_the_module_in_another_type(found, tmp_path):
    net, circuit, rows, logits = found
    loaded = pluriscope.load(circuit.result.save(tmp_path / "result.json")).circuit(circuit.mask)
    single = copy.deepcopy(net).float()
    with loaded.hooks(single):
        assert single(rows.float()).detach().numpy()[:, 0] == pytest.approx(logits, abs=1e-5)


# --- what is refused


class Branching(nn.Sequential):
    def forward(self, rows):
        return super().forward(rows) if rows.shape[0] != 2 else super().forward(rows).abs()


def other_weights():
    net = logit_net()
    net[0].weight.data[0, 0] += 1e-3
    return net


REFUSED = {
    "no module": (lambda: [1], "model list: is no module of torch"),
    "trained on": (other_weights, r"not the network of this result: W1 differs by up to 0\.001"),
    "another shape": (lambda: chain(), "not the network of this result: its shape is W1 3×2"),
    "a transformer": (lambda: drawn(Decoder()), "not the network of this result: it is of another kind"),
    "compiled": (lambda: torch.compile(logit_net()), "holds a OptimizedModule, whose calls"),
    "parallel": (lambda: nn.DataParallel(logit_net()), "holds a DataParallel"),
    "meta": (lambda: logit_net().to("meta"), "parameter 0.weight: is on the meta device"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_module_that_cannot_run_as_the_circuit_is_refused(found, name):
    make, words = REFUSED[name]
    with pytest.raises(AnalysisError, match=words), found[1].hooks(make()):
        pass


def nested(circuit, net, rows):
    with circuit.hooks(nn.Sequential(net)):
        pass


def interrupted(circuit, net, rows):
    def stop(*_):
        raise KeyboardInterrupt

    with net[1].register_forward_hook(stop):
        net(rows)


def failing(circuit, net, rows):
    with net[1].register_forward_hook(lambda *_: 1 / 0):
        net(rows)


FAILS = {
    "nested": (nested, AnalysisError, "runs as a circuit already"),
    "traced": (lambda circuit, net, rows: torch.jit.trace(net, rows), AnalysisError, "compiled or traced"),
    "copied": (lambda circuit, net, rows: copy.deepcopy(net), AnalysisError, "is copied or saved while"),
    "another shape": (
        lambda circuit, net, rows: net(rows[None]),
        AnalysisError,
        r"input: has rows of the shape \[\(4, 2\)\]",
    ),
    "interrupted": (interrupted, KeyboardInterrupt, ""),
    "failing": (failing, ZeroDivisionError, ""),
}


@pytest.mark.parametrize("name", FAILS)
def test_what_goes_wrong_within_the_context_leaves_the_module_as_it_was(found, name):
    net, circuit, rows, _ = found
    whole, (fails, error, words) = net(rows), FAILS[name]
    with pytest.raises(error, match=words), circuit.hooks(net):
        fails(circuit, net, rows)
    assert torch.equal(net(rows), whole)
    assert "forward" not in vars(net)
    assert not torch._C._len_torch_function_stack()


CALLS = {
    "a branch": (
        lambda: drawn(Branching(*logit_net())),
        lambda net: net(torch.zeros(2, 2).double()),
        "calls torch.Tensor.abs",
    ),
    "dropout": (
        lambda: drawn(nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Dropout(0.5), nn.Linear(3, 1)).eval()),
        lambda net: net.train()(torch.zeros(2, 2).double()),
        r"module 2: draws, or looks at a batch as a whole, in training mode \(torch.nn.functional.dropout\)",
    ),
    "batch norm": (
        lambda: drawn(Turned()),
        lambda net: net.train()(torch.zeros(2, 2).double()),
        "module norm: changes what it keeps or is given in place",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_run_that_differs_from_the_one_that_was_read_is_refused_at_its_place(name):
    make, call, words = CALLS[name]
    net = make()
    circuit = pluriscope.explain(net, output_is="logit").circuits[0]
    kept = [one.clone() for one in net.state_dict().values()]
    with pytest.raises(AnalysisError, match=words), circuit.hooks(net):
        call(net)
    assert all(torch.equal(one, other) for one, other in zip(kept, net.state_dict().values(), strict=True))


def test_rows_of_another_length_are_refused():
    net, rows = drawn(Decoder()), torch.tensor(ROWS)
    with some_circuits(explained(net, "heads"))[-1].hooks(net):
        assert torch.allclose(net(rows[:2]), net(rows)[:2])
        with pytest.raises(AnalysisError, match=r"has rows of the shape \[\(2,\)\], and the task's are \[\(3,\)\]"):
            net(rows[:, :2])
