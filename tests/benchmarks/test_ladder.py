"""docs/ladder.md says what the engine says, in every row that is in closed form."""

from __future__ import annotations

import re

import pytest

from analysis.ladder.climbing import closed_rungs, placed_algorithms
from analysis.ladder.learning import learned_rungs
from analysis.ladder.report import MAP_CLASSES, Rung
from analysis.protocol import COMPLETE
from analysis.question import ask
from benchmarks.ladder import CLEAN, DOCUMENT, XOR, networks

NETWORKS = networks()


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
    assert list(table) == list(MAP_CLASSES.values())
    network = NETWORKS[name]
    for key, rung in closed_rungs(ask(network, data=CLEAN), placed_algorithms(XOR, COMPLETE, 2)).items():
        assert table[MAP_CLASSES[key]] == as_told(rung), key


def test_xornet_stands_in_the_document_as_it_is() -> None:
    check("XORNet")


@pytest.mark.slow
@pytest.mark.parametrize("name", list(NETWORKS))
def test_every_network_stands_in_the_document_as_it_is(name) -> None:
    check(name)


@pytest.mark.slow
def test_learning_tries_every_choice_of_layers_and_dimensions() -> None:
    candidates = placed_algorithms(XOR, COMPLETE, 1)
    (rung,) = learned_rungs([ask(NETWORKS["XORNet"], task=XOR)], candidates, "learned", joint=True)
    assert (rung.algorithms, rung.alignments, rung.of, rung.exact) == (2, 6, 6, False)
    assert told("XORNet")[MAP_CLASSES["learned"]] == as_told(rung)
