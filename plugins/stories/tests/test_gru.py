"""GRUs: torch's numbers, circuits by a plain program, derivatives, the network that repeats, and what is refused."""

import json
from collections import Counter

import numpy as np
import pytest

from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.subjects.enumeration import are_circuits
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import question_in, read_subject
from pluriscope.analysis.subjects.sites import run
from pluriscope.analysis.subjects.subject import Space
from pluriscope_stories.gru import GRU, WEIGHTS, Gated
from pluriscope_stories.story import own_networks

RULES = [{"granularity": by, "ablation": how} for by in ("edges", "neurons") for how in ("zero", "mean")]


def drawn(steps, inputs, units, n_rows=6):
    """A network of drawn weights that is right on drawn rows."""
    random = np.random.default_rng(units)
    shapes = (3 * units, inputs), (3 * units, units), (3 * units,), (3 * units,)
    cell = {name: random.normal(size=shape) for name, shape in zip(WEIGHTS, shapes, strict=True)}
    readout = [random.normal(size=(2, units))], [random.normal(size=2) / 4]
    network = Network.from_arrays(*readout, activation="tanh", output_activation="linear")
    data = random.normal(size=(n_rows, steps, inputs)).round(3)
    rest = network, ("a", "b"), data
    whole = Gated("drawn", *rest, np.zeros(n_rows, dtype=np.int64), "drawn rows", cell=cell)
    return Gated("drawn", *rest, whole.layers[-1].argmax(axis=1), "drawn rows", cell=cell)


def plain(one, share, rest):
    """Outputs where each edge carries a share of what its source gives and for the rest what the rules say: one unit of
    one row after the other, by the equations of the documents.

    Args:
        share: by the name of an edge; 0 for those that are not named.
        rest: of each node that is cut what it carries, by its name.
    """
    w_ih, w_hh, b_ih, b_hh = (one.cell[name] for name in WEIGHTS)
    (n_rows, steps, inputs), units, found = one.data.shape, one.n_units, []

    def sigmoid(total):
        return 1 / (1 + np.exp(-total))

    for row in range(n_rows):
        h = {f"h0.{k}": 0.0 for k in range(units)}
        for t in range(1, steps + 1):
            now = {}
            for k in range(units):

                def seen(name, value, k=k, t=t):
                    part = share.get(f"{name}-h{t}.{k}", 0.0)
                    return part * value + (1 - part) * rest.get(name, 0.0)

                x = [seen(f"x{t}.{i}", one.data[row, t - 1, i]) for i in range(inputs)]
                state = [seen(name, value) for name, value in h.items()]
                of_x, of_h = ([w[g * units + k] for g in range(3)] for w in (w_ih, w_hh))
                bias_x, bias_h = ([b[g * units + k] for g in range(3)] for b in (b_ih, b_hh))
                from_x = [bias_x[g] + of_x[g] @ x for g in range(3)]
                from_h = [bias_h[g] + of_h[g] @ state for g in range(3)]
                r, z = (sigmoid(from_x[g] + from_h[g]) for g in range(2))
                there = any(name.endswith(f"-h{t}.{k}") and part for name, part in share.items())
                new = (1 - z) * np.tanh(from_x[2] + r * from_h[2]) + z * state[k]
                now[f"h{t}.{k}"] = new if there else rest.get(f"h{t}.{k}", 0.0)
            h = now
        (readout,), (last,) = one.network.weights, one.network.biases
        parts = {c: [share.get(f"{name}-y{c}", 0.0) for name in h] for c in range(len(last))}
        seen = {
            c: [p * v + (1 - p) * rest.get(name, 0.0) for p, (name, v) in zip(parts[c], h.items(), strict=True)]
            for c in parts
        }
        found.append([last[c] + readout[c] @ seen[c] for c in range(len(last))])
    return np.array(found)


def carried(one, ablation):
    """What each node carries where it is cut."""
    (_, steps, inputs), layers = one.data.shape, one.layers
    if ablation == "zero":
        return {}
    given = {f"x{t}.{i}": one.data[:, t - 1, i].mean() for t in range(1, steps + 1) for i in range(inputs)}
    return given | {
        f"h{t}.{k}": layers[t][:, k - one.n_units].mean() for t in range(1, steps + 1) for k in range(one.n_units)
    }


@pytest.mark.parametrize(("steps", "inputs", "units"), [(1, 1, 1), (2, 1, 2), (3, 2, 3), (4, 3, 2)])
def test_the_numbers_are_those_of_torch(steps, inputs, units):
    torch = pytest.importorskip("torch")
    one = drawn(steps, inputs, units)
    module = torch.nn.GRU(inputs, units, batch_first=True, dtype=torch.float64)
    module.load_state_dict({f"{name}_l0": torch.tensor(array) for name, array in one.cell.items()})
    states = module(torch.tensor(one.data))[0].detach().numpy()
    for step in range(1, steps + 1):
        assert one.layers[step][:, -units:] == pytest.approx(states[:, step - 1], abs=1e-12)


@pytest.mark.parametrize("rules", RULES, ids=GRU.write_rules)
@pytest.mark.parametrize("shape", [(2, 1, 2), (1, 2, 2), (3, 2, 1)])
def test_every_mask_runs_as_a_plain_program_and_circuits_are_counted(rules, shape):
    one = drawn(*shape)
    space, rest = one.space(rules), carried(one, rules["ablation"])
    numbers = np.arange(1 << space.graph.n_bits)
    masks = (numbers[:, None] >> np.arange(space.graph.n_bits) & 1).astype(bool)
    circuits = masks[are_circuits(space, masks)]
    assert (space.reduce(masks) == Space.reduce(space, masks)).all()
    assert len(circuits) == space.possible == sum(space.possible_by_bits.values())
    assert Counter(circuits.sum(axis=1).tolist()) == space.possible_by_bits
    some, names = circuits[:: max(1, len(circuits) // 12)], np.array(space.graph.edge_names)
    expected = [plain(one, dict.fromkeys(names[kept], 1.0), rest) for kept in space.graph.kept_edges(some)]
    assert space.run(some) == pytest.approx(np.array(expected), abs=1e-12)
    assert space.run(circuits[-1:])[0].tolist() == one.layers[-1].tolist()
    assert space.run_sites(circuits[-1], one.data, lambda _, values: values).tolist() == one.layers[-1].tolist()
    nothing = space.run_from(circuits[:1] & False, 4)[0]
    assert nothing == pytest.approx(np.tile(one.layers[-1][4], (len(one.data), 1)))


@pytest.mark.parametrize("rules", RULES, ids=GRU.write_rules)
def test_effects_are_derivatives_by_what_an_edge_carries(rules):
    one = drawn(2, 1, 2)
    space, rest, far = one.space(rules), carried(one, rules["ablation"]), 1e-6
    slopes = np.random.default_rng(5).normal(size=(6, 2))
    names = space.graph.edge_names

    def loss(moved):
        return float(
            (plain(one, {name: 1.0 - far * (name in moved) for name in names}, rest) * slopes).sum(axis=1).mean()
        )

    bits = space.graph.bit_names
    cut = [[bit] if "-" in bit else [name for name in names if name.startswith(f"{bit}-")] for bit in bits]
    expected = [(loss(moved) - loss(())) / far for moved in cut]
    assert space.effects(lambda _, rows: slopes[rows], 1.0) == pytest.approx(expected, abs=1e-5)


def test_slopes_of_sites_are_derivatives():
    one, far = drawn(3, 2, 2), 1e-6
    clean = run(one, one.data).values
    weights = np.random.default_rng(6).normal(size=(6, 2))
    slopes = one.site_slopes(clean, weights)
    assert slopes.keys() == clean.keys()
    for name, site in clean.items():
        for at in np.ndindex(site.shape[1:]):
            step = np.zeros(site.shape)
            step[:, *at] = far
            after = one.run_sites(one.data, lambda seen, values, n=name, s=step: values + s if seen == n else values)
            expected = ((after - one.layers[-1]) * weights).sum(axis=1) / far
            assert slopes[name][:, *at] == pytest.approx(expected, abs=1e-5)


def repeats(rules=""):
    return question_in(own_networks()["repeat-2-gru"], rules)


def test_the_bundled_network_says_two_letters_again():
    one = repeats().subject
    assert (one.layers[-1].argmax(axis=1) == one.answers).all()
    letters = one.data[:, :2, :5].argmax(axis=2)
    told = one.data[:, 2:, 5].sum(axis=1).astype(int)
    assert {*zip(*letters.T.tolist(), told.tolist(), strict=True)} == {
        (a, b, times) for a in range(5) for b in range(5) for times in (1, 2)
    }
    assert one.answers.tolist() == [row[times - 1] for row, times in zip(letters.tolist(), told, strict=True)]


@pytest.mark.parametrize(("by", "bits"), [("neurons", 16), ("edges", 164)])
def test_its_circuits_are_units_or_edges_at_steps(by, bits):
    question = repeats(by)
    assert question.graph.n_bits == bits
    assert bool(question.refusal) == (by == "edges")  # of which some are drawn
    assert question.judge((1 << bits) - 1).valid
    if by == "neurons":  # some at each of the last steps, from any of them on
        assert question.space.possible == sum(15**steps for steps in range(5))


def test_what_the_state_holds_of_both_letters_is_scaled_beside_a_null():
    lens = pytest.importorskip("pluriscope_methods.lenses.magnitude_codes").MAGNITUDE_CODES
    (test,), rows = (answer := lens.answer(repeats("neurons"), lens.filled({})).view).tests, answer.rows
    assert (test.found, test.p, test.looks, test.planted) == (False, 0.1, 3, 10)
    assert test.planted_found >= 5  # so it would be seen here
    assert [(row["after"], row["moved"], row["rows"]) for row in rows] == [(2, 8, 40), (3, 10, 40), (4, 0, 40)]
    assert rows[0]["as_often"] == 1  # of 99 draws


def short(matrix):
    return matrix[:-1]


BAD = {
    "too few rows": ({"weight_ih": short}, "weight_ih: is 5 × 1, and 6 × 1 fits 2 units"),
    "too few rows for units": ({"weight_hh": short}, "weight_hh: is 5 × 2, and 6 × 2 fits 2 units"),
    "a bias too few": ({"bias_hh": short}, "bias_hh: is 5, and 6 fits 2 units"),
    "no matrix": ({"weight_ih": lambda _: 3}, "weight_ih: is a number"),
    "outputs of other units": ({"weights": lambda _: [[[1.0], [2.0]]]}, "weights: are 1-2 after tanh"),
    "another activation": ({"activation": lambda _: "relu"}, "weights: are 2-2 after relu"),
    "a row of other steps": (
        {"tasks": lambda tasks: [{**tasks[0], "rows": [[[1.0]], *tasks[0]["rows"][1:]]}]},
        "rows: have 1 steps",
    ),
    "inputs of a step": (
        {"tasks": lambda tasks: [{**tasks[0], "rows": [[[1.0, 2.0]] * 2] * 6}]},
        "rows: have 2 steps of 2",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_does_not_fit_is_refused_with_its_cause(case):
    changes, words = BAD[case]
    document = GRU.write(drawn(2, 1, 2))
    changed = {key: change(document[key]) for key, change in changes.items()}
    with pytest.raises(AnalysisError) as refusal:
        read_subject(json.dumps(document | changed).encode())
    assert words in str(refusal.value)
    assert refusal.value.cure


@pytest.mark.parametrize("grain", ["heads", "channels", "qkv", "nodes"])
def test_a_grain_that_its_graph_has_not_is_refused(grain):
    with pytest.raises(AnalysisError, match=r"no value of any setting.*granularity edges, neurons"):
        repeats(grain)


def test_a_file_gives_the_same_numbers_back_and_names_are_no_part_of_its_digest():
    one = drawn(2, 1, 2)
    document = GRU.write(one)
    again = GRU.read({**document, "name": "other"})
    assert again.digest == one.digest
    assert again.layers[-1].tolist() == one.layers[-1].tolist()
    for name in (*WEIGHTS, "weights"):
        other = json.loads(json.dumps(document))
        first = other[name] if name.startswith("bias") else other[name][0]
        first[0] = [value + 1 for value in first[0]] if isinstance(first[0], list) else first[0] + 1
        assert GRU.read(other).digest != one.digest


def test_it_is_a_question_like_any_other():
    one = drawn(2, 1, 2)
    asked = GraphQuestion(GRU, one, GRU.default_rules).admitted()
    assert [question.rules for question in asked] == RULES
    assert one.judged_as(one).answers.tolist() == one.answers.tolist()
