"""Bodies that a route can do something with: what it takes is told by a format, which a description cannot make up."""

from __future__ import annotations

import itertools
import json
from typing import Any, Final

from hypothesis import strategies as st

from benchmarks.fuzz_api.known import Known

NUMBERS: Final = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-2, 2)
JUNK: Final = (
    st.none() | st.booleans() | st.integers() | NUMBERS | st.text(max_size=8) | st.lists(st.integers(), max_size=3)
)


def body_of(path: str, known: Known) -> st.SearchStrategy[Any] | None:
    """Bodies for the operation of a path, most of them right; None where the description suffices."""
    if path == "/api/v1/networks":
        return network_files().flatmap(mostly_whole)
    if path == "/api/v2/studies" and known.get("design"):
        designs = st.sampled_from(known["design"]).map(json.loads).flatmap(mostly_whole)
        return st.fixed_dictionaries({"design": designs})
    return None


@st.composite
def network_files(draw: st.DrawFn) -> dict[str, Any]:
    """A network file of few neurons."""
    sizes = [2, *draw(st.lists(st.integers(1, 2), min_size=1, max_size=2)), 1]

    def row(n: int) -> list[float]:
        return draw(st.lists(NUMBERS, min_size=n, max_size=n))

    return {
        "format": "pluriscope-network/1",
        "name": draw(st.text(min_size=1, max_size=10)),
        "sizes": sizes,
        "weights": [[row(m) for _ in range(n)] for m, n in itertools.pairwise(sizes)],
        "biases": [row(n) for n in sizes[1:]],
        "activation": draw(st.sampled_from(["relu", "leaky_relu", "sigmoid", "tanh"])),
        "negative_slope": 0.01,
        "output_activation": "sigmoid",
        "tasks": [{"name": draw(st.text(min_size=1, max_size=5)), "truth_table": [0, 1, 1, 0]}],
    }


def mostly_whole(body: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A body, or one in which something is missing or something else."""
    keys = st.sampled_from(sorted(body))
    cut = keys.map(lambda key: {k: v for k, v in body.items() if k != key})
    changed = st.tuples(keys, JUNK).map(lambda pair: body | {pair[0]: pair[1]})
    return st.integers(0, 3).flatmap(lambda draw: (cut, changed, st.just(body), st.just(body))[draw])
