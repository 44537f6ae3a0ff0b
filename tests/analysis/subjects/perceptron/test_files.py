import hashlib
import json
import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluriscope.analysis.errors import InvalidNetwork, InvalidTask
from pluriscope.analysis.network_files.files import (
    NETWORK_FORMAT,
    NetworkFile,
    network_file_json,
    parse_network_file,
    slug_of,
)
from pluriscope.analysis.questions.tasks import named_task, task_from_table
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES
from pluriscope.analysis.subjects.perceptron.network import Network
from tests.bad_files import BAD_NETWORK_FILES, good_document


@pytest.mark.parametrize(("raw", "said"), BAD_NETWORK_FILES.values(), ids=BAD_NETWORK_FILES.keys())
def test_bad_files_are_refused_with_item_cause_and_cure(raw, said):
    with pytest.raises((InvalidNetwork, InvalidTask)) as refusal:
        parse_network_file(raw)
    assert said in str(refusal.value)
    for part in (refusal.value.item, refusal.value.cause, refusal.value.cure):
        assert part
        assert not part.endswith(".")
    assert len(str(refusal.value)) < 3_000


def test_every_problem_is_named_at_once():
    document = good_document(sizes=[2, 3, 2], activation="mish", name="", tasks=[], surplus=1)
    document["weights"][0][0][0] = "1"
    with pytest.raises(InvalidNetwork) as refusal:
        parse_network_file(json.dumps(document).encode())
    for said in ("surplus", "name is empty", "weights[0]", "mish", "0 for 2 outputs"):
        assert said in str(refusal.value)


floats = st.floats(-1e60, 1e60)  # larger ones may overflow in four layers, and are refused


@pytest.mark.slow
@given(
    st.data(), st.integers(1, 3), st.lists(st.integers(1, 3), min_size=1, max_size=3), st.sampled_from(tuple(FAMILIES))
)
def test_any_network_survives_its_file_bit_for_bit(data, n_inputs, rest, activation):
    sizes = [n_inputs, *rest]
    weights = [
        data.draw(st.lists(st.lists(floats, min_size=a, max_size=a), min_size=b, max_size=b))
        for a, b in pairwise(sizes)
    ]
    biases = [data.draw(st.lists(floats, min_size=b, max_size=b)) for b in sizes[1:]]
    network = Network.from_arrays(weights, biases, activation=activation)
    tasks = tuple(
        task_from_table(data.draw(st.lists(st.integers(0, 1), min_size=2**n_inputs, max_size=2**n_inputs)), n_inputs)
        for _ in range(sizes[-1])
    )
    file = NetworkFile("any", network, tasks, "whose")
    again = parse_network_file(json.dumps(network_file_json(file)).encode())
    assert again.network.digest == network.digest
    assert all(np.array_equal(a, b) for a, b in zip(again.network.weights, network.weights, strict=True))
    assert (again.tasks, again.attribution) == (tasks, "whose")


def test_what_may_be_left_out():
    document = good_document()
    for key in ("negative_slope", "output_activation"):
        del document[key]
    del document["tasks"][0]["name"]
    file = parse_network_file(b"\xef\xbb\xbf" + json.dumps(document).encode())
    assert file.network.negative_slope == 0.01
    assert file.network.output_activation == "leaky_relu"
    assert file.tasks == (named_task("XOR", 2),)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("XOR, pretrained", "xor-pretrained"),
        ("Méloux's  Netz №5", "meloux-s-netz-no5"),
        ("../../etc/passwd", "etc-passwd"),
        ("ネットワーク", "network"),
        ("x" * 99, "x" * 60),
        ("c9a619", "network-c9a619"),  # a link that begins another network's digest stays that network's
        ("c9a61", "c9a61"),
        ("0" * 99, "network-" + "0" * 52),
        (f"a sum, {'longer ' * 9}name, seed 1, step 1500", "a-sum-" + "longer-" * 5 + "seed-1-step-1500"),
    ],
)
def test_slugs(name, slug):
    assert slug_of(name) == slug


def test_the_digest_of_a_network_never_changes():
    document = good_document()
    assert document["format"] == NETWORK_FORMAT
    digest = "9421b22d1a4025fc2358156c871c21fdcc5bbbaef654b12e417069a7dee7baca"
    assert parse_network_file(json.dumps(document).encode()).network.digest == digest
    settings = b'{"activation":"leaky_relu","negative_slope":0.01,"output_activation":"leaky_relu","sizes":[2,2,1]}'
    numbers = np.array([1, 1, 1, 1, 0, -1, 1, -2, 0], dtype="<f8").tobytes()  # W1, b1, W2, b2
    assert hashlib.sha256(settings + b"\n" + numbers).hexdigest() == digest
    document["name"] = "another"
    document["biases"][0][0] = -0.0
    assert parse_network_file(json.dumps(document).encode()).network.digest == digest


def test_a_pickle_is_never_opened():
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    for protocol in range(6):
        with pytest.raises(InvalidNetwork):
            parse_network_file(pickle.dumps(Bomb(), protocol))
