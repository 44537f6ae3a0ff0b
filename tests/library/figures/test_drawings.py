"""Drawings: the right shapes, the same bytes, well-formed, with a sentence made from the data."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel, Node
from pluriscope.analysis.errors import InvalidMask
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.subjects.perceptron.circuit import circuit_from_hex
from pluriscope.figures.svg.aligned import placed_diagram
from pluriscope.figures.svg.networks import circuit_thumb, network_diagram
from pluriscope.figures.svg.number_line import Threshold, number_line
from pluriscope.figures.svg.tiles import Tile, hues_by_frequency, truth_tile, variable
from pluriscope.figures.svg.trees import formula_tree
from tests.library.figures import samples
from tests.library.figures.samples import connected_mask, random_weights

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = [(1, 1, 1), (6, 2, 5, 3, 2, 1), (4, 5, 5, 2), (2, 64, 1)]


def parsed(markup: str) -> ET.Element:
    """The drawing as a tree, after the checks that hold for every drawing."""
    root = ET.fromstring(markup)  # noqa: S314  # our own output
    title = root.find(f"{SVG}title")
    assert root.get("role") == "img"
    assert title is not None
    assert title.text
    assert root.get("aria-label") == title.text
    numbers = re.findall(r"\d+\.\d+", "".join(re.findall(r' (?:d|x|y|cx|cy|width|height)="[^"]*"', markup)))
    assert all(len(n.partition(".")[2]) == 1 for n in numbers if n not in ("1.65", "0.75"))
    assert not re.search(r"\bid=", markup)
    return root


def n_of(root: ET.Element, tag: str, css_class: str) -> int:
    return sum(css_class in (e.get("class") or "").split() for e in root.iter(f"{SVG}{tag}"))


@pytest.mark.parametrize("sizes", SHAPES)
@pytest.mark.parametrize("draw", [circuit_thumb, network_diagram])
def test_a_network_of_any_shape_is_drawn_alike_twice(sizes, draw):
    weights = random_weights(sizes, 1)
    mask = connected_mask(weights, 0.5, 2)
    for kept in (None, mask):
        first = draw(weights, kept, title="N")
        parsed(first)
        assert first == draw(
            [w.tolist() for w in weights], None if kept is None else [k.tolist() for k in kept], title="N"
        )


def test_a_circuit_by_hex_and_by_value_is_the_same_and_a_foreign_mask_is_refused():
    by_hex = circuit_thumb(samples.WEIGHTS, samples.MASK)
    assert by_hex == circuit_thumb(samples.WEIGHTS, circuit_from_hex(samples.MASK, (2, 3, 3, 1)))
    assert "Circuit of 10 of 18 edges and 4 of 6 hidden neurons in a 2–3–3–1 network" in by_hex
    assert n_of(parsed(by_hex), "circle", "n-cut") == 2
    with pytest.raises(InvalidMask):
        circuit_thumb(samples.WEIGHTS, "zz")


@pytest.mark.parametrize("n_inputs", range(1, 7))
def test_a_tile_has_a_cell_for_each_one_in_binary_order(n_inputs):
    rng = np.random.default_rng(n_inputs)
    bits = [int(b) for b in rng.integers(0, 2, 2**n_inputs)]
    root = parsed(truth_tile(tuple(bits)))
    frame = next(e for e in root.iter(f"{SVG}rect") if e.get("class") == "fr")
    on = {(float(e.get("x", "")), float(e.get("y", ""))) for e in root.iter(f"{SVG}rect") if e.get("class") == "on"}
    assert len(on) == sum(bits)
    rows, columns = 2 ** (n_inputs // 2), 2 ** (n_inputs - n_inputs // 2)
    dx, dy = float(frame.get("width", "")) / columns, float(frame.get("height", "")) / rows
    x0, y0 = float(frame.get("x", "")), float(frame.get("y", ""))
    cells = {(int((x - x0) / dx), int((y - y0) / dy)) for x, y in on}
    assert cells == {(k % columns, k // columns) for k, bit in enumerate(bits) if bit}


def test_more_inputs_give_hues_by_frequency_and_never_to_inputs():
    tables = ["00010111"] * 3 + ["11101000"] * 2 + ["01101001"] * 4 + ["00001111"] * 9 + ["00000001", "10000000"]
    hues = hues_by_frequency(tables)
    assert hues.of("11101000") == hues.of("00010111") == "and"  # five together
    assert hues.of("01101001") == "or"
    assert hues.of("00001111") == hues.of("11110000") == "in"
    assert (hues.of("00000001"), hues.of("10000000")) == ("xor", "anb")  # a tie goes to the smaller table
    assert hues.of("01111110") == "in"


def test_an_algorithm_without_variables_or_with_a_bare_input_can_be_drawn():
    a, b = Node("input", input=0), Node("input", input=1)
    for root in (Node("and", (a, b)), a, Node("not", (a,)), Node("not", (Node("and", (a, b)),))):
        for form in ("and_inverter", "formula_trees"):
            algorithm = HighLevelModel(form, 2, root)
            parsed(formula_tree(algorithm))
            places = {
                v.path: site for v, site in zip(algorithm.variables, [samples.ALIGNMENT.places[0][1]] * 2, strict=False)
            }
            parsed(placed_diagram(samples.WEIGHTS, algorithm, NeuronPlacement.of(algorithm.text, places)))


def test_hostile_names_stay_text():
    name = "\"><script>alert(1)</script>'&"
    tiles = [Tile(1, 0, (0, 1, 1, 0), name)]
    for markup in (
        circuit_thumb(samples.WEIGHTS, None, tiles, title=name),
        network_diagram(samples.WEIGHTS, None, tiles, title=name),
        placed_diagram(samples.WEIGHTS, samples.ALGORITHM, samples.ALIGNMENT, title=name),
        formula_tree(samples.ALGORITHM, title=name),
        number_line([0.0, 1.0], [name, "1"], [Threshold(0.5, name, (0, 1))], title=name),
    ):
        root = parsed(markup)
        assert not list(root.iter(f"{SVG}script"))
        assert name in (root.get("aria-label") or "")
    assert "<script" not in variable("0110", name)


def test_a_circuit_is_described_edge_by_edge():
    weights, kept = samples.WEIGHTS, circuit_from_hex(samples.MASK, (2, 3, 3, 1)).keep
    words = parsed(network_diagram(weights, samples.MASK)).findtext(f"{SVG}desc") or ""
    answer = set()
    for group in words.removeprefix("Edges kept: ").partition(". Neurons")[0].rstrip(".").split("; "):
        sources, _, target = group.partition(" to ")
        answer |= {(source, target) for source in sources.split(", ")}
    names = [["A", "B"], ["n1.0", "n1.1", "n1.2"], ["n2.0", "n2.1", "n2.2"], ["y"]]
    assert answer == {
        (names[layer][source], names[layer + 1][out])
        for layer, matrix in enumerate(kept)
        for out, source in zip(*matrix.nonzero(), strict=True)
    }
    cut = [names[layer + 1][out] for layer in (0, 1) for out in range(3) if not kept[layer][out].any()]
    assert words.endswith(f" Neurons left out: {', '.join(cut)}." if cut else ".")
    assert parsed(network_diagram(weights)).find(f"{SVG}desc") is None, "nothing is cut"


def test_each_edge_is_drawn_as_its_own_weight_says_or_as_cut():
    sizes = (2, 3, 4, 1)
    weights = random_weights(sizes, 3)
    mask = connected_mask(weights, 0.5, 4)
    layers = [("A", "B"), *(tuple(f"n{layer}.{i}" for i in range(sizes[layer])) for layer in (1, 2)), ("y",)]
    answer = {
        f"{layers[number][source]}→{layers[number + 1][out]}": ("e-neg" if weight < 0 else "e-pos")
        if mask[number][out, source]
        else "e-cut"
        for number, matrix in enumerate(weights)
        for (out, source), weight in np.ndenumerate(matrix)
    }
    drawn = {
        e.get("data-el"): classes[0]
        for e in parsed(network_diagram(weights, mask)).iter(f"{SVG}g")
        if (classes := [c for path in e.iter(f"{SVG}path") if (c := (path.get("class") or "").split()[0])[:2] == "e-"])
    }
    assert {name: drawn[name] for name in answer} == answer
    assert set(answer.values()) == {"e-neg", "e-pos", "e-cut"}


def test_words_of_a_threshold_are_not_crossed_by_the_stem_of_another():
    cuts = [Threshold(0.89, "P", (0, 1, 0, 1)), Threshold(0.81, "Q", (0, 1, 1, 1))]
    answer = number_line([0.0, 0.4, 0.9, 2.0], ["00", "01", "10", "11"], cuts)
    anchored = re.findall(r'class="lab lv halo"([^>]*)>([PQ])', answer)
    assert {letter: "end" in anchor for anchor, letter in anchored} == {"P": False, "Q": True}


def test_a_name_stands_where_no_kept_edge_crosses_it():
    weights = [np.ones((3, 2)), np.array([[0.0, 0, 0], [2, 0, 0], [0, 0, 0]]), np.ones((1, 3))]
    mask = [np.ones((3, 2), bool), weights[1] > 0, np.ones((1, 3), bool)]
    names = dict(re.findall(r'y="([\d.]+)" text-anchor="middle">(n\d\.\d)', network_diagram(weights, mask))[::-1])
    at = {name: float(y) for y, name in names.items()}
    assert at["n2.1"] > at["n1.1"]
