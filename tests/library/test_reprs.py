"""Every public object has a plain repr, short and true, and one for notebooks that is legible in light and dark."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pytest
from torch import nn

import pluriscope
from pluriscope.analysis.errors import AnalysisError
from pluriscope.figures.charts import Axis, Chart, Series
from pluriscope.library.models import read_model
from tests.checkout import ROOT
from tests.factories import pretrained_xor

MODELS = ROOT / "app" / "bundled" / "models"
MODEL = MODELS / "tracr-induction.json"
NO_OBJECTS = {
    *("AnalysisError", "MissingLibrary", "ServerError"),  # which are raised
    *("bench", "checkpoints", "from_transformer_lens", "from_nnsight"),  # tested elsewhere
    *("export", "__version__", "save", "to_pandas", "to_graph", "tables", "names", "index", "count", "offers"),
    *("svg", "png", "image", "row", "blocks", "save_tables", "hooks", "view"),
}
"""Public names and methods that give nothing, or nothing of ours: files, texts, frames, graphs of networkx."""


@pytest.fixture(scope="module")
def given(xor, served, tmp_path_factory) -> dict[str, Any]:
    """Whatever public names and methods give, by how it is had; the last word is the name or method."""
    url, folder = served.url, tmp_path_factory.mktemp("saved")
    transformer = pluriscope.explain(MODEL, algorithms=["y = 0"])
    elman = pluriscope.explain(MODELS / "parity-3-elman.json", algorithms=["p = (a + b) % 2; y = (p + c) % 2"])
    circuit, alignment = xor.circuits.smallest[0], xor.alignments[0]
    return {
        "Result": xor,
        "explain": transformer,
        "of sites": elman,
        "load": pluriscope.load(xor.save(folder / "result.json")),
        "continued": pluriscope.explain(pretrained_xor(), seconds=1e-9).continued(),
        "fetch": pluriscope.fetch(f"{url}/networks/xor-pretrained"),
        "from_torch": pluriscope.from_torch(nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1)), task="XOR"),
        "Circuit": circuit,
        "circuits of a transformer": transformer.circuits,
        "a circuit of a transformer": transformer.circuits[0],
        "verdicts of it": transformer.circuits[0].verdicts,
        "Interpretation": circuit.classes[0],
        "Algorithm": xor.algorithms[0],
        "algorithms": xor.algorithms,
        "alignments": xor.alignments,
        "interpretations": circuit.interpretations,
        "Alignment": alignment,
        "Count": xor.counts.valid_circuits,
        "Counts": xor.counts,
        "draw": xor.draw(),
        "Drawing": circuit.draw(),
        "thumb": circuit.thumb(),
        "circuit": xor.circuit("081ff"),
        "rows of verdicts": circuit.verdicts.rows,
        "compare": xor.compare(circuit.classes[0], alignment),
        "compare of a transformer": transformer.compare(*transformer.circuits[:2]),
        "audit": xor.audit(["weights", "random"], {"mine": circuit, "other": ["A-n1.0"]}),
        "audit of a transformer": transformer.audit(["exact-edge"]),
        "ask": xor.ask("stories"),
        "ask funnel": xor.ask("funnel"),
        "locate": xor.locate(circuit),
        "ask methods of a transformer": transformer.ask("methods"),
        "verdict": circuit.verdict("knockout-completeness"),
        "interpretation": circuit.interpretation(3),
        "block": circuit.interpretations.block(0, 3),
        "where": xor.circuits.where(edges=10),
        "where there is none": xor.circuits.where(edges=1),
        "passing": xor.circuits.passing("minimal-subset"),
        "named": xor.circuits.named("081ff"),
        "read_model": read_model(pretrained_xor()),
        "read_model of a transformer": read_model(MODEL),
        "chart": Chart("bars", "Two", Axis("edges"), Axis("circuits"), [Series("", [1, 2], [0, 1])]),
    }


def every_one(given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Instances, and the values of their public attributes."""
    yield from given.items()
    for name, one in given.items():
        for attribute in public(type(one), (property, cached_property)) | set(getattr(one, "__dataclass_fields__", ())):
            try:
                value = getattr(one, attribute)
            except AnalysisError:  # networks of this kind have none
                continue
            yield from ((f"{name}: {attribute}", part) for part in (value if isinstance(value, tuple) else [value])[:2])


def public(of: type, kinds: Any) -> set[str]:
    names = (name for name in dir(of) if not name.startswith("_"))
    return {name for name in names if isinstance(inspect.getattr_static(of, name), kinds)}


def is_ours(one: Any) -> bool:
    return type(one).__module__.split(".")[0] == "pluriscope"


@pytest.mark.slow
def test_every_one_has_a_plain_repr(given) -> None:
    for name, one in every_one(given):
        if is_ours(one):
            begun = time.perf_counter()
            text = repr(one)
            assert time.perf_counter() - begun < 1, name
            assert 0 < len(text) <= 2_000, name
            assert not re.search(r" at 0x|</|array\(\[", text), (name, text)
            assert str(one), name


@pytest.mark.slow
def test_every_one_that_is_given_shows_itself_in_light_and_dark(given) -> None:
    for name, one in given.items():
        html = one._repr_html_()
        assert type(html) is str, name  # marimo takes no other
        assert not re.search(r"<script|<style|<link|javascript:|\son\w+=|color:|background", html), name
        opened, closed = (
            re.findall(pattern, html) for pattern in (r"<(div|table|p|tr|td)\b", r"</(div|table|p|tr|td)>")
        )
        assert sorted(opened) == sorted(closed), name


@pytest.mark.slow
def test_no_public_name_or_method_is_left_out(given) -> None:
    known = {name.split()[0] for name in given} | NO_OBJECTS
    ours = {type(one) for name, one in given.items() if is_ours(one) and not name.startswith(("read_model", "chart"))}
    ours = {one for one in ours if not one.__module__.startswith("pluriscope.analysis")}
    methods = {name for one in ours for name in public(one, (type(is_ours), classmethod))}
    assert {*pluriscope.__all__, *methods} - known == set()
