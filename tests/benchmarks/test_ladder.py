"""docs/ladder.md says what the engine says, in every row that is in closed form."""

from __future__ import annotations

import re

import pytest

from analysis.protocol import COMPLETE
from benchmarks.ladder import CLASSES, DOCUMENT, Rung, by_learning, climb, networks, placements

NETWORKS = networks()
CLOSED = [key for key in CLASSES if key not in ("learned", "non-linear")]


def told(name: str) -> dict[str, tuple[str, str, str]]:
    """Algorithms, alignments and joint ones of each class, as the document has them."""
    section = re.search(rf"<!-- table: {name} -->\n(.*?)<!-- end -->", DOCUMENT.read_text(), re.DOTALL)
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in section[1].splitlines() if line.startswith("|")
    ]
    return {row[0]: (row[1], row[2], row[3]) for row in rows[2:]}


def as_told(rung: Rung) -> tuple[str, str, str]:
    return f"{rung.algorithms} of 2", f"{rung.alignments} of {rung.of}", str(rung.joint)


def check(name: str) -> None:
    table = told(name)
    assert list(table) == list(CLASSES.values())
    for key, rung in climb(NETWORKS[name], CLOSED).items():
        assert table[CLASSES[key]] == as_told(rung), key


def test_xornet_stands_in_the_document_as_it_is() -> None:
    check("XORNet")


@pytest.mark.slow
@pytest.mark.parametrize("name", list(NETWORKS))
def test_every_network_stands_in_the_document_as_it_is(name) -> None:
    check(name)


def test_placements_are_counted() -> None:
    single = COMPLETE.model_copy(update={"name": "single", "alignment_sites": "single_neurons"})
    assert placements(NETWORKS["XORNet"], 2, single) == 3 * 2
    assert placements(NETWORKS["XORNet"], 2, COMPLETE) == 12
    assert placements(NETWORKS["xor_pretrained"], 2, COMPLETE) == 2 * 12 + 2 * 49


@pytest.mark.slow
def test_learning_tries_every_choice_of_layers_and_dimensions() -> None:
    (rung,) = by_learning([NETWORKS["XORNet"]], non_linear=False, joint=True)
    assert (rung.algorithms, rung.alignments, rung.of) == (2, 6, 6)
    assert told("XORNet")[CLASSES["learned"]] == as_told(rung)
