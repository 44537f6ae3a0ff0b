from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.checkpoints import PackedCheckpoints, pack
from analysis.circuits import prefixes, source_subsets
from analysis.circuits.counted_parts import MergedParts, PartHead, framed, read_part, written_end, written_head
from analysis.circuits.layered_states import Share
from analysis.circuits.strategy import count_circuits, count_part
from analysis.errors import Cancelled, InvalidCountPart
from analysis.networks.network import Network
from analysis.protocol import PAPER
from analysis.question import ask
from analysis.result_file import count_json
from analysis.tasks import Task
from analysis.work import Work
from tests.golden_files import golden_network

SHAPES = ((2, 2, 1), (2, 2, 2, 1), (3, 2, 1), (2, 3, 2, 1), (2, 2, 1, 2, 1), (2, 3, 3, 1))


@pytest.fixture(autouse=True, scope="module")
def many_pieces():
    """Pieces of a few states each, so that small spaces have several batches of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prefixes, "VALUES_AT_ONCE", 40)
        patch.setattr(source_subsets, "_COMPARED_AT_ONCE", 64)
        yield


def xor(protocol=None):
    file = golden_network("xor_pretrained")
    return ask(file.network, task=file.tasks[0], **({"protocol": protocol} if protocol else {}))


def counted_part(question, part, of, *, stopped_after=None):
    """The file of a part; counted in two attempts if the first is stopped after so many batches."""
    share, batches = Share(part, of), []
    content = written_head(PartHead.of(question, share))

    def attempt(report=lambda _progress, /: None):
        known = {str(number): batch for number, batch in enumerate(batches)}
        kept = PackedCheckpoints(known, lambda checkpoint: batches.append(checkpoint.data))
        return count_part(question, share, Work(report=report, checkpoints=kept))

    def stopping(_progress, /):
        if len(batches) == stopped_after:
            raise Cancelled

    if stopped_after is not None:
        with pytest.raises(Cancelled):
            attempt(stopping)
    n_valid = attempt()
    return content + b"".join(map(framed, batches)) + written_end(len(batches)), n_valid


def merged(question, contents, **options):
    parts = [read_part(f"{number}.part", content) for number, content in enumerate(contents)]
    return count_circuits(question, Work(checkpoints=MergedParts(question, parts)), **options)


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6), st.sampled_from(SHAPES), st.integers(1, 5), st.randoms())
def test_the_parts_of_a_count_are_the_whole_count(seed, sizes, of, order):
    random = np.random.default_rng(seed)
    shapes = list(zip(sizes[1:], sizes, strict=False))
    network = Network.from_arrays([random.normal(size=s) for s in shapes], [random.normal(size=n) for n, _ in shapes])
    table = tuple(random.integers(0, 2, 2 ** sizes[0]).tolist())
    question = ask(network, task=Task(table))
    whole = count_circuits(question, n_draws=40)
    files, numbers = zip(*(counted_part(question, part, of) for part in range(1, of + 1)), strict=True)
    assert sum(numbers) == whole.count
    found = merged(question, order.sample(files, of), n_draws=40)
    assert count_json(question, found, 0) == count_json(question, whole, 0)


def test_merging_counts_no_state_again(monkeypatch):
    question = xor()
    files = [counted_part(question, part, 3)[0] for part in (1, 2, 3)]
    whole = count_circuits(question, n_draws=60)
    monkeypatch.setattr("analysis.circuits.layered_states.CountableSpace.tally", None)
    assert merged(question, files, n_draws=60).draws.tolist() == whole.draws.tolist()


@pytest.mark.parametrize("stopped_after", [0, 1])
def test_a_part_that_was_stopped_has_the_same_file_in_the_end(stopped_after):
    question = xor()
    assert counted_part(question, 2, 3, stopped_after=stopped_after) == counted_part(question, 2, 3)


@pytest.mark.parametrize("cut", [1, 9, 40])
def test_a_file_that_ends_in_the_middle_of_a_batch_is_read_up_to_it(cut):
    content, _ = counted_part(xor(), 1, 2)
    whole, part = read_part("1.part", content), read_part("1.part", content[:-cut])
    assert not part.finished
    assert part.batches == whole.batches[: len(part.batches)]
    assert content.startswith(content[: part.n_bytes])
    assert part.n_bytes <= len(content) - cut


def test_parts_that_do_not_belong_together_are_refused():
    question = xor()
    one, two = (counted_part(question, part, 2)[0] for part in (1, 2))
    third, _ = counted_part(question, 1, 3)
    other, _ = counted_part(xor(PAPER), 2, 2)
    cases = {
        "2/2 missing": [one],
        "1/1 missing": [],
        "is part 1/2, and so is 0.part": [one, one, two],
        "is one of 3 parts, and 0.part one of 2": [one, third],
        "is of another network, output, task, protocol or data record": [one, other],
        "is not finished: it holds": [one, two[:-20]],
    }
    for said, contents in cases.items():
        with pytest.raises(InvalidCountPart, match=said):
            merged(question, contents)


def test_what_is_no_part_of_a_count_is_refused():
    question = xor()
    content, _ = counted_part(question, 1, 1)
    head = PartHead.of(question, Share())
    spoiled = bytearray(content)
    spoiled[len(written_head(head)) + 40] ^= 255
    with pytest.raises(InvalidCountPart, match="is no part of a count"):
        read_part("x", b"")
    with pytest.raises(InvalidCountPart, match="is no part of a count"):
        read_part("x", framed(pack({"format": 1})))
    with pytest.raises(InvalidCountPart, match="is spoiled"):
        read_part("x", framed(b"nothing"))
    with pytest.raises(InvalidCountPart, match=r"was counted by version 0\.0\.1"):
        read_part("x", written_head(replace(head, engine="0.0.1")))
    with pytest.raises(InvalidCountPart, match="is spoiled"):
        merged(question, [bytes(spoiled)])
