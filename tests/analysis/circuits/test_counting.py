"""Counting without listing against listing, to the last circuit, and uniform draws."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import scipy  # loads scipy.stats when it is first asked for
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pluriscope.analysis.circuits import prefixes, source_subsets
from pluriscope.analysis.circuits.counting import count_circuits
from pluriscope.analysis.circuits.distribution import distribution_of
from pluriscope.analysis.circuits.layered_states import CountableSpace
from pluriscope.analysis.circuits.result import CountSoFar
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.errors import BeyondLimits, InvalidData
from pluriscope.analysis.questions.data import DataRecord, clean_data
from pluriscope.analysis.questions.protocol import COMPLETE, protocol_from_mapping
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES, activation_of
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from tests.golden_files import golden_network

pytestmark = pytest.mark.slow  # another route to every number: left to the whole run

SHAPES = ((2, 2, 1), (2, 2, 2, 1), (3, 2, 1), (1, 3, 1), (2, 3, 2, 1), (2, 2, 1, 2, 1), (2, 2, 2, 2, 1), (2, 3, 3, 1))


SMALL = [
    # several leads, several batches, and looks at the clock on the way
    *((source_subsets, "_MOST_CHOICES", 8), (source_subsets, "_VISITS_AT_ONCE", 3), (prefixes, "VALUES_AT_ONCE", 400)),
    (source_subsets, "_VALUES_AT_ONCE", 100),
]


@contextmanager
def _forced(way: str):
    """Small sizes on the way that large ones take, where right combinations are listed or where they are counted."""
    names = {"as it is": [], "listed": SMALL, "counted": [*SMALL, (source_subsets, "_MOST_LOG2_LISTED", 0)]}[way]
    before = [getattr(module, name) for module, name, _ in names]
    try:
        for module, name, value in names:
            setattr(module, name, value)
        yield
    finally:
        for (module, name, _), value in zip(names, before, strict=True):
            setattr(module, name, value)


def same_as_listed(network, task, protocol, data, *, way="as it is", output=0, n_draws=1_500):
    listed = search_circuits(ask(network, output=output, task=task, protocol=protocol, data=data))
    with _forced(way):
        counted = count_circuits(ask(network, output=output, task=task, protocol=protocol, data=data), n_draws=n_draws)
    assert counted.count == listed.n_valid
    assert counted.possible == listed.possible
    assert counted.distribution == distribution_of(listed.masks, listed.layout) == listed.distribution
    if listed.n_valid <= n_draws:
        assert counted.masks.tolist() == listed.masks.tolist(), "every valid circuit is drawn once"
    else:
        assert len(set(counted.masks.tolist())) == n_draws
        assert np.isin(counted.masks, listed.masks).all()
    return listed


def random_network(random, sizes, *, tied, hidden, last, slope=0.01):
    """Multiples of a half make sums that lie exactly on the decision's edges, whatever their order."""

    def numbers(shape):
        return random.integers(-3, 4, shape) / 2 if tied else random.normal(size=shape)

    shapes = list(zip(sizes[1:], sizes, strict=False))
    return Network.from_arrays(
        [numbers(shape) for shape in shapes],
        [numbers(n) for n, _ in shapes],
        activation=hidden,
        output_activation=last,
        negative_slope=slope,
    )


def own_task(network):
    """Task that the network itself decides, so that at least all of it is valid."""
    outputs = forward(network, clean_data(network.n_inputs).representatives)[:, 0]
    return Task(tuple((outputs > 0.5).astype(int).tolist()))


@st.composite
def cases(draw):
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    tied = draw(st.booleans())
    kinds = ("relu", "linear", "leaky_relu", "hardtanh") if tied else tuple(FAMILIES)
    network = random_network(
        random,
        draw(st.sampled_from(SHAPES)),
        tied=tied,
        hidden=draw(st.sampled_from(kinds)),
        last=draw(st.sampled_from([kind for kind in kinds if activation_of(kind).monotone])),
        slope=draw(st.sampled_from([0.0, 0.01, 0.5])),
    )
    protocol = protocol_from_mapping(
        {
            "circuit_space": draw(st.sampled_from(["all", "without_full_node_mask"])),
            "ablation": draw(st.sampled_from(["zero", "mean"])),
            "circuit_decision": draw(st.sampled_from(["rounding", "threshold"])),
        }
    )
    any_task = Task(tuple(random.integers(0, 2, 2**network.n_inputs).tolist()))
    return network, draw(st.sampled_from([own_task(network), any_task])), protocol


@pytest.mark.parametrize("way", ["as it is", "listed", "counted"])
def test_counting_agrees_with_listing(way):
    found = Counter()

    @settings(max_examples=60)
    @given(cases())
    def check(case):
        network, task, protocol = case
        listed = same_as_listed(network, task, protocol, clean_data(network.n_inputs), way=way)
        found["valid"] += listed.n_valid
        found["on the edge"] += int((listed.margins == 0).sum())

    check()
    assert found["valid"] > 1_000
    assert found["on the edge"] > 50, "ties on a decision's edge are among the cases"


def test_ties_are_decided_as_by_hand():
    # output = h1 + h2 - .5 with h = 1 for every input: every sum is .5, -.5 or .5 + .5
    network = Network.from_arrays(
        [[[0.0], [0.0]], [[1.0, 0.5]]], [[1.0, 1.0], [-0.5]], activation="linear", output_activation="linear"
    )
    # h1 alone: .5 → 0; h2 alone: 0 → 0; both: 1 → 1
    assert count_circuits(ask(network, task=Task((0, 0)))).count == 2
    assert count_circuits(ask(network, task=Task((1, 1)))).count == 1
    assert count_circuits(ask(network, task=Task((0, 1)))).count == 0


def test_rows_of_a_data_record_are_judged():
    random = np.random.default_rng(3)
    rows = random.integers(0, 2, (9, 2)) + random.normal(scale=0.05, size=(9, 2))
    labels = np.stack([np.zeros(9), (rows > 0.5).any(axis=1)], axis=1)
    rows, labels = np.concatenate([rows, rows[:2]]), np.concatenate([labels, labels[:2]])
    data = DataRecord(clean_data(2).representatives, rows, labels)
    network = golden_network("or_3-3").network
    listed = same_as_listed(network, Task((0, 0, 0, 0)), COMPLETE, data, output=1)
    assert listed.n_valid > 0
    loose = protocol_from_mapping({"accuracy_threshold": 0.7})
    with pytest.raises(BeyondLimits, match="lets some of the 11 rows be wrong"):
        count_circuits(ask(network, output=1, task=Task((0, 0, 0, 0)), protocol=loose, data=data))
    contradictory = DataRecord(clean_data(2).representatives, rows[[0, 0]], np.array([[0.0], [1.0]]))
    assert count_circuits(ask(network, task=Task((0, 0, 0, 0)), data=contradictory)).count == 0


def test_draws_are_uniform():
    file = golden_network("xor_pretrained")
    network, task = file.network, file.tasks[0]
    times: Counter[int] = Counter()
    for seed in range(200):
        draws = count_circuits(ask(network, task=task), n_draws=25, seed=seed).masks.tolist()
        assert len(set(draws)) == 25
        times.update(draws)
    assert len(times) == 197, "every valid circuit is drawn at some time"
    # without replacement the times vary a little less than the test assumes, so it is on the safe side
    assert scipy.stats.chisquare(list(times.values())).pvalue > 0.001
    again = count_circuits(ask(network, task=task), n_draws=25, seed=3).masks
    assert again.tolist() == count_circuits(ask(network, task=task), n_draws=25, seed=3).masks.tolist()


@pytest.mark.parametrize(("way", "sizes"), [("listed", (2, 3, 2, 1)), ("counted", (3, 4, 1))])
def test_a_count_that_was_ended_goes_on_to_the_same_end(way, sizes):
    network = random_network(np.random.default_rng(4), sizes, tied=False, hidden="leaky_relu", last="leaky_relu")
    question = ask(network, task=own_task(network))
    whole, so_far, places = count_circuits(question, n_draws=30), None, set()
    assert whole.count > 30
    with _forced(way):
        for looks in range(1, 10_000):
            seconds = iter(range(looks + 3))  # a little more each time, so that it ends
            work = Work(clock=lambda seconds=seconds: next(seconds, 9e9), deadline=1e9)
            found = count_circuits(question, work, n_draws=30, so_far=so_far)
            if found.so_far is None:
                break
            so_far = CountSoFar.of_json(json.loads(json.dumps(found.so_far.as_json())), found.layout)
            at_once = count_circuits(question, Work(stopped=lambda: True), n_draws=30, so_far=so_far).so_far
            assert at_once.as_json() == so_far.as_json(), "nothing is lost on the way to the place"
            places.add((len(so_far.units), so_far.place))
            assert work.ended == {"circuits": "time"}
            assert found.n_tested < found.possible or found.count == whole.count
    assert len(places) > 3, "between states, or within the only one"
    assert (found.count, found.distribution) == (whole.count, whole.distribution)
    assert found.masks.tolist() == whole.masks.tolist()
    network = random_network(np.random.default_rng(4), (sizes[0], 2, 1), tied=False, hidden="relu", last="tanh")
    other = ask(network, task=own_task(network))
    with pytest.raises(InvalidData, match="another network"):
        count_circuits(other, so_far=replace(so_far, distribution=count_circuits(other).distribution))


def _changed(key, value):
    return lambda answer: answer | {key: value}


@pytest.mark.parametrize(
    "change",
    [
        *(_changed(key, value) for key, value in (("place", [0, 0]), ("place", [-1, 0, 0]), ("of", 1.5), ("of", 7))),
        *(
            _changed(key, value)
            for key, value in (("edge_use", [1]), ("by_edges", 3), ("units", "%"), ("units", "QQ=="))
        ),
        lambda answer: {key: value for key, value in answer.items() if key != "neuron_use"},
    ],
)
def test_odd_content_is_no_count(change):
    network = golden_network("xor_pretrained")
    found = count_circuits(ask(network.network, task=network.tasks[0]), Work(stopped=lambda: True))
    answer = found.so_far.as_json()
    assert CountSoFar.of_json(answer, found.layout).as_json() == answer
    with pytest.raises((ValueError, KeyError, TypeError)):
        CountSoFar.of_json(change(answer), found.layout)


def test_every_circuit_is_judged_once_and_reported():
    file, seen = golden_network("xor_4-4"), []
    counted = count_circuits(ask(file.network, task=file.tasks[0]), Work(report=seen.append))
    assert (seen[-1].done, seen[-1].total) == (4_346_385, 4_346_385)
    assert seen[-1].found == f"{counted.count:,} valid circuits"
    assert [p.done for p in seen[-5:]] == sorted(p.done for p in seen[-5:])


def test_what_cannot_be_counted_is_refused():
    def ones(sizes, weight=1.0):
        return Network.from_arrays(
            [np.full((o, i), weight) for i, o in pairwise(sizes)], [np.zeros(o) for o in sizes[1:]]
        )

    xor = Task((0, 1, 1, 0))
    for network, cause in [
        (ones((2, 7, 7, 1)), "70 edges"),
        (ones((6, 9, 1)), "54|2\\^52"),
        (ones((1, 13, 1, 1)), "limit is 12"),
        (ones((2, 1)), "no hidden layer"),
        (ones((2, 2, 2, 1), 1e200), "overflow"),
    ]:
        with pytest.raises(BeyondLimits, match=cause):
            count_circuits(ask(network, task=xor if network.n_inputs == 2 else Task((0,) * 2**network.n_inputs)))


def parts_counted_plainly(question: Question, n_parts: int) -> list[tuple[int, int]]:
    """Parts of a space counted by the engine, and again by adding up each of their combinations forward.

    A part is a state in which every neuron below the last hidden layer is active, with the first two neurons' sets of
    sources; it is drawn from those that hold valid circuits, for states that hold any.

    For each part: the engine's number and the plain one.
    """
    space, chance = CountableSpace.of(question), np.random.default_rng(0)
    most = question.network.sizes[-3]
    pieces = [(piece, made) for piece, made in space.pieces() if len(piece.active) == most]
    found: list[tuple[int, int]] = []
    for number in chance.permutation(len(pieces)).tolist():
        piece, made = pieces[number]
        terms = space.terms(piece[:1])
        tally = source_subsets.Tally(made, terms, np.zeros(1, dtype=np.int64))
        while not tally.go_on():
            pass
        units = tally.units[0]
        parts = units.reshape(4**most, -1).sum(axis=1)
        if len(found) == n_parts:
            break
        if parts.any():
            part = int(chance.choice(np.flatnonzero(parts)))
            found.append((int(parts[part]), _valid_in_part(space, terms[0], *divmod(part, 2**most))))
    return found


def _valid_in_part(space: CountableSpace, terms: NDArray[np.float64], first: int, second: int) -> int:
    """Valid combinations on top of one state whose first two neurons have these sets of sources, one by one."""
    n_sets, n_rows = terms.shape[1:]
    start = space.network.biases[-1][0] + terms[0, first] + terms[1, second]
    used, n_valid = np.full(1, first | second), 0
    for _ in terms[3:]:
        used = (used[:, None] | np.arange(n_sets)).ravel()
    for third in range(n_sets):
        sums = (start + terms[2, third])[None]
        for neuron in terms[3:]:
            sums = (sums[:, None] + neuron).reshape(-1, n_rows)
        fits = (used | third) == n_sets - 1
        for row, box in enumerate(space.boxes):
            fits &= (sums[:, row] >= box.low) & (sums[:, row] <= box.high)
        n_valid += int(np.count_nonzero(fits))
    return n_valid


@pytest.mark.parametrize("last", [pytest.param("tanh", marks=pytest.mark.release), "leaky_relu"])
def test_parts_of_the_space_of_width_six_are_counted_the_plain_way(last):
    """All 2^24 combinations of four neurons on top of two, added up forward and looked at one by one."""
    network = random_network(np.random.default_rng(11), (2, 6, 6, 1), tied=False, hidden="leaky_relu", last=last)
    parts = parts_counted_plainly(ask(network, task=Task((0, 1, 1, 1))), 2)
    assert len(parts) == 2
    assert all(engine == plainly > 0 for engine, plainly in parts)
