"""Whatever a public function is given, it works or is refused with item, cause and cure; nothing is read as another."""

import inspect
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from pydantic.fields import FieldInfo

import pluriscope
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.plugins import brought
from pluriscope.app.bundled import bundled_models
from pluriscope.objects.explanations import Explanation
from tests import of_plugins
from tests.factories import exact_xor, pretrained_xor

ODD = {
    "NaN": float("nan"),
    "infinity": float("inf"),
    "a negative number": -1,
    "a share": 0.5,
    "True": True,
    "NumPy's True": np.True_,
    "None": None,
    "text": "3",
    "a zero byte": "\0",
    "bytes": b"3",
    "an empty list": [],
    "an array without dimensions": np.array(3),
    "a number of NumPy": np.int64(3),
    "an uneven list": [[0, 1], [1]],
    "an object": object(),
    "a path": Path("nowhere/at all"),
    "a dict": {"a": 1},
    "a huge number": 10**30,
    "a function": lambda: 0,
    "a generator": None,  # made anew each time
}
FITS = {
    bool: {"True", "NumPy's True"},
    int: {"a negative number", "an array without dimensions", "a number of NumPy", "a huge number"},
    str: {"text", "a zero byte"},
}
"""What is no other value than a plain one of the type."""


NOT_CALLED = tuple(
    f"pluriscope.{name}" for name in ("analysis", "addresses", "tables.frames", "processes.recent", "figures")
)
"""The engine, and what addresses and columns are made of, which nobody calls in a notebook."""


@pytest.fixture(scope="module")
def small():
    return pluriscope.explain(exact_xor())


@cache
def of_sites():
    """What the library gives out of networks with sites alone."""
    elman = pluriscope.explain(bundled_models()["parity-3-elman"], algorithms=["p = (a + b) % 2; y = (p + c) % 2"])
    one = elman.circuits.smallest[0].interpretations[0]
    return elman.algorithms, elman.placements, elman.algorithms[0], elman.placements[0], one


def instances(small):
    """Instances of each class that the library gives out."""
    one = small.circuits[0]
    some = (small, one, one.interpretations[0], small.algorithms[0], small.alignments[0])
    lists = (small.circuits, small.interpretations, one.classes, small.algorithms, small.alignments)
    more = (
        *of_plugins.given("MADE"),
        *of_sites(),
        small.counts,
        small.counts.valid_circuits,
        one.draw(),
        one.verdicts,
        one.verdicts.rows,
    )
    return {type(value): value for value in (*some, *lists, *more)}


def classes_in(hint):
    for part in get_args(hint):
        yield from classes_in(part)
    origin = get_origin(hint) or hint
    if isinstance(origin, type) and origin.__module__.startswith("pluriscope"):
        yield origin


def hints_of(function):
    return get_type_hints(function, localns={"pd": SimpleNamespace(DataFrame=object)}, include_extras=True)


def members(cls):
    """Its public functions, and what its public functions and properties return."""
    for name in dir(cls):
        member = inspect.getattr_static(cls, name)
        inner = getattr(member, "__func__", None) or getattr(member, "fget", None) or getattr(member, "func", member)
        if (not name.startswith("_") or name == "__getitem__") and inspect.isfunction(inspect.unwrap(inner)):
            is_asked = not isinstance(member, property | cached_property)
            if inner.__module__.startswith("pluriscope"):
                yield name, inner, is_asked


def surface():
    """Every public function, found by inspection: where it is, its name, the function, its class."""
    values = [getattr(pluriscope, name) for name in pluriscope.__all__ if name != "__version__"]
    found = [(f"Result.{name}", method, pluriscope.Result) for name, method in brought("result").items()]
    waiting, seen = list(values), set()
    while waiting:
        one = waiting.pop()
        if one in seen or issubclass_(one, Exception) or one.__module__.startswith(NOT_CALLED):
            continue
        seen.add(one)
        if inspect.isfunction(one):
            found.append((one.__name__, one, None))
            waiting += classes_in(hints_of(one).get("return"))
            continue
        if one in values and not issubclass_(one, Explanation):  # the library alone makes these, by the thousand
            found.append((one.__name__, one.__init__, one))
        for name, inner, is_asked in members(one):
            waiting += classes_in(hints_of(inner).get("return"))
            if is_asked and not inspect.isabstract(one):
                found.append((f"{one.__name__}.{name}", inner, one))
    return {
        name: (inner, cls) for name, inner, cls in found if len(inspect.signature(inner).parameters) > (cls is not None)
    }


def issubclass_(one, kind):
    return isinstance(one, type) and issubclass(one, kind)


SURFACE = surface()


def plain_type(hint):
    """The one simple type that is meant; None where several are."""
    if get_origin(hint) is Annotated:
        return plain_type(get_args(hint)[0]) if isinstance(get_args(hint)[1], FieldInfo) else None
    if get_origin(hint) is Sequence:
        return None
    kinds = [part for part in get_args(hint) or (hint,) if part is not type(None)]
    return kinds[0] if len(kinds) == 1 and kinds[0] in FITS else None


def good_values(name, small, path):
    """A value for each parameter that has to be given."""
    circuit = small.circuits[0]
    return {
        "folder": path.with_name("tables"), "answer": {"method": "mine", "outcome": "all", "raw_mask": circuit.mask},
        "model": exact_xor(), "path": path, "address": "http://127.0.0.1:9/networks/x", "mask": circuit.mask,
        "explanations": circuit, "key": "stories", "criterion": "necessity", "index": 0, "at": 0, "one": circuit,
        "claim": circuit, "name": circuit.mask, "holds": bool, "criteria": "necessity", "result": small, "items": (),
        "circuit": circuit,
        "total": small.counts.valid_circuits, "by_circuit": (), "value": 3, "markup": "<svg>",
        "network_file": small.network_file, "question": small.question, "document": small.document,
        "methods": ["weights"], "trait": "neurons", "files": path, "method": lambda network, ablation, ask: {},
    } | dict.fromkeys(inspect.signature(pluriscope.Counts).parameters, small.counts.valid_circuits)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", SURFACE)
def test_every_parameter_is_looked_at(name, small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for hasten in of_plugins.given("QUICK"):
        hasten(monkeypatch)
    function, cls = SURFACE[name]
    path = small.save(tmp_path / "result.json")
    good, hints = good_values(name, small, path), hints_of(cls if function.__name__ == "__init__" else function)
    parameters = [one for one in inspect.signature(function).parameters.values() if one.name not in ("self", "cls")]
    call = getattr(pluriscope, name, None) or getattr(instances(small)[cls], function.__name__)
    for asked in parameters:
        for what, odd in ODD.items():
            odd = (number for number in range(2)) if what == "a generator" else odd
            given = {
                one.name: good[one.name] for one in parameters if one.default is one.empty or one.name == "methods"
            }
            given |= {asked.name: odd}
            by_place = [given.pop(one.name) for one in parameters if one.name in given and one.kind != one.KEYWORD_ONLY]
            try:
                found = call(*by_place, **given)
                if inspect.isgenerator(found):
                    next(found, None)
            except AnalysisError as refusal:
                said = (refusal.item, refusal.cause, refusal.cure)
                assert all(said), (asked.name, what)
            else:
                kind = plain_type(hints[asked.name])
                may_be_none = odd is None and type(None) in get_args(hints[asked.name])
                assert kind is None or what in FITS[kind] or may_be_none, (asked.name, what)


CALLS = {
    "an unknown option": (lambda small: small.circuits.where(foo=3), "'foo'", "use one of edges, neurons"),
    "too many by place": (lambda small: small.circuit("f", 2), "too many", "mask"),
    "given twice": (lambda small: small.circuit("f", mask="f"), "multiple values for argument 'mask'", "mask"),
    "left out": (lambda _: pluriscope.explain(), "'model'", "use one of model"),
    "a function that fails": (lambda small: small.algorithms.where(lambda: 0), "TypeError", "one explanation"),
    "a range of texts": (lambda small: small.circuits.where(edges=("1", "2")), "('1', '2')", "a valid integer"),
    "modules of one claim": (lambda small: small.audit(claims={"blocks.0.hook_q_input": [[1.0]]}), "module", "mine"),
    "an answer of another network": (
        lambda small: small.to_graph({"method": "mine", "outcome": "all", "scores": [1.0]}),
        "another network",
        "this one",
    ),
    "a circuit of another network": (
        lambda small: small.audit(claims=[pluriscope.explain(pretrained_xor(), max_listed=1).circuits[0]]),
        "another network",
        "this network",
    ),
}


@pytest.mark.parametrize("case", CALLS)
def test_a_call_that_does_not_fit_is_refused(case, small):
    call, named, cure = CALLS[case]
    with pytest.raises(AnalysisError) as refusal:
        call(small)
    assert named in str(refusal.value)
    assert cure in refusal.value.cure


@pytest.mark.slow
def test_the_surface_is_found():
    assert {"explain", "load", "export", "fetch", "Count", "Result.ask", "Circuits.where", "Drawing.save"} <= set(
        SURFACE
    )
    assert {"Interpretations.tables", "Circuit.verdict", "Algorithms.where", "Circuits.__getitem__"} <= set(SURFACE)
