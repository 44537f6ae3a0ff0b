"""``python -m benchmarks.parity``: the table in docs/scope.md of what published programs answer and what we do.

Reference answers stand in ``tests/golden/methods``, on six networks, each with the programs that gave it. They are
computed here anew and held against these; the tests ask that masks are equal and numbers agree.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from pluriscope.analysis.discovery.masked_perceptron import MaskedPerceptron
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.network_files.files import parse_network_file
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from pluriscope_methods.lenses.lens import view_json
from pluriscope_methods.lenses.registry import LENSES

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENT: Final = ROOT / "docs" / "scope.md"
FOLDER: Final = ROOT / "tests" / "golden" / "methods"
NAMES: Final = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))
LEARNED: Final = frozenset(method.key for method in METHODS.by_key.values() if method.learns)
"""Their random streams are PyTorch's own: no published program gives these masks."""
OWN: Final = "own"
"""As a source: a second implementation of ours alone gave the answer."""
FIGURES: Final = ("scores", "base", "interactions", "intercepts", "r2")
_ANYWHERE: Final = ("signed", "pick", "threshold", "k", "seed")
"""Settings that choose a mask from scores or draw, and are no part of what a program computes."""
_MOST_VALUES: Final = 3
FIXED: Final[Mapping[str, Mapping[str, Any]]] = {
    "gradient-corners": {"times_input": False},
    "integrated-gradients": {"baseline": "zero", "path": "pieces"},
    "lime": {"draws": "flips", "copies": 1250, "ridge": 1, "width": 1.06066017178},
    "patching-table": {"sites": "neurons"},
    "shapley": {"background": "uniform"},
}
"""Settings that lenses had when the references were made, with the one value that is left."""
_ONE_SIDED: Final = "scikit-learn"
"""Its linear classifier does not find every read-out that there is, so it gives no answer of its own to agree with."""


@dataclass(frozen=True)
class Comparison:
    """Comparison of one answer with the reference.

    Args:
        method: key of a discovery method or a lens.
        settings: as the reference names them.
        sources: which programs gave the reference.
        equal: whether everything that is no measured number is the same: masks, decisions, outcomes.
        difference: the largest of any number, as a share of the number where that is above 1; None without numbers.
    """

    method: str
    settings: Mapping[str, Any]
    sources: tuple[str, ...]
    equal: bool
    difference: float | None


@lru_cache
def reference(name: str) -> dict[str, Any]:
    """Read a file of the references."""
    read: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return read


@lru_cache
def question_of(name: str) -> Question:
    """Question that the answers of a file are about."""
    file = parse_network_file(json.dumps(reference(name)["network"]).encode())
    return ask(file.network, task=file.tasks[0])


@lru_cache
def _cut_of(name: str, ablation: str) -> MaskedPerceptron:
    return MaskedPerceptron.of(question_of(name), ablation)


@lru_cache
def method_comparisons(name: str) -> tuple[Comparison, ...]:
    """Every answer of a discovery method that does not learn."""
    return tuple(compared(name, claim) for claim in reference(name)["claims"] if claim["method"] not in LEARNED)


def compared(name: str, claim: Mapping[str, Any]) -> Comparison:
    """Compare an answer of a discovery method: its raw mask, its scores and its faithfulness."""
    question, method = question_of(name), METHODS.by_key[claim["method"]]
    settings = method.filled(claim["settings"])
    answer = method.answer(_cut_of(name, str(settings["ablation"])), settings)
    mask = None if answer.raw_mask is None else question.layout.to_hex(answer.raw_mask)
    apart = [
        _apart(found, claim[key])
        for key, found in (("scores", answer.scores), ("faithfulness", answer.faithfulness))
        if claim.get(key) is not None
    ]
    return _comparison(claim, mask == claim["raw_mask"], apart)


@lru_cache
def lens_comparisons(name: str) -> tuple[Comparison, ...]:
    """Every answer about inputs, neurons or layers."""
    return tuple(_compared_lens(name, claim) for claim in map(_now, reference(name)["attributions"]) if claim)


def _now(claim: Mapping[str, Any]) -> dict[str, Any]:
    """A reference without the settings that lenses no longer have; nothing where it is about another value of one."""
    fixed, given = FIXED.get(claim["method"], {}), claim["settings"]
    if any(given.get(name, value) != value for name, value in fixed.items()):
        return {}
    return {**claim, "settings": {name: value for name, value in given.items() if name not in fixed}}


def _compared_lens(name: str, claim: Mapping[str, Any]) -> Comparison:
    lens = LENSES.by_key[claim["method"]]
    answer = lens.answer(question_of(name), lens.filled(claim["settings"]))
    equal = all(_same(answer.settings[setting], value) for setting, value in claim["settings"].items())
    equal &= answer.outcome == claim.get("outcome", answer.outcome) and (answer.view is None) == ("outcome" in claim)
    if answer.view is None:
        return _comparison(claim, equal, [])
    found = view_json(answer.view)
    apart = [_apart(found[key], claim[key]) for key in FIGURES if key in claim]
    table = claim.get("table", [])
    equal &= not table or len(table) == len(found["table"])
    for ours, theirs in zip(found.get("table", ()) if table else (), table, strict=False):
        apart += [_apart(value, theirs[key]) for key, value in ours.items() if isinstance(value, float)]
        equal &= all(value == theirs[key] for key, value in ours.items() if not isinstance(value, float))
    return _comparison(claim, equal, apart)


def _same(found: Any, expected: Any) -> bool:
    return math.isclose(found, expected, rel_tol=1e-9) if isinstance(expected, float) else bool(found == expected)


def _apart(found: Any, expected: Any) -> float:
    """The largest difference of some numbers; infinite where there are none to compare, or one is no number."""
    if found is None:
        return math.inf
    expected = np.asarray(expected, dtype=float)
    apart = np.abs(np.asarray(found) - expected) / np.maximum(1.0, np.abs(expected))
    return float(np.nan_to_num(apart, nan=math.inf).max())


def _comparison(claim: Mapping[str, Any], equal: bool, apart: Sequence[float]) -> Comparison:
    return Comparison(claim["method"], claim["settings"], tuple(claim["sources"]), equal, max(apart, default=None))


def parity_table() -> Iterator[str]:
    """A row for each method and program: what was compared and how well it agrees."""
    groups: dict[tuple[str, str], list[Comparison]] = defaultdict(list)
    for name in NAMES:
        for one in (*method_comparisons(name), *lens_comparisons(name)):
            for source in set(one.sources) - {_ONE_SIDED}:
                groups[one.method, source].append(one)
    yield _row(("method or lens", "program", "settings compared", "answers", "same", "numbers differ by"))
    yield _row(("---", "---", "---", "--:", "--:", "--:"))
    circuits = {one.method for name in NAMES for one in method_comparisons(name)}
    for method, source in sorted(groups, key=lambda key: (key[0] not in circuits, key[1] == OWN, key)):
        some = groups[method, source]
        numbers = [one.difference for one in some if one.difference is not None]
        same = sum(one.equal for one in some)
        yield _row((f"`{method}`", _program(source), _settings(some), len(some), same, _at_most(numbers)))


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _program(source: str) -> str:
    if source == OWN:
        return "our second implementation"
    one = reference(NAMES[0])["sources"][source]
    return f"{one['repository']} {one['commit'][:7]}" if "commit" in one else f"{source} {one['version']}"


def _settings(some: Sequence[Comparison]) -> str:
    """The settings that programs share with us, each with its values, or how many there were."""
    values: dict[str, list[str]] = defaultdict(list)
    for one in some:
        for key, value in {**FIXED.get(one.method, {}), **one.settings}.items():
            text = f"{value:.3g}" if isinstance(value, float) else str(value).lower()
            if key not in _ANYWHERE and text not in values[key]:
                values[key].append(text)
    texts = (
        f"{key} {', '.join(found) if len(found) <= _MOST_VALUES else f'with {len(found)} values'}"
        for key, found in values.items()
    )
    return "; ".join(texts) or "none"


def _at_most(differences: Sequence[float]) -> str:
    """The power of ten above the largest difference, since further digits depend on the machine."""
    largest = max(differences, default=None)
    if largest is None:
        return "–"
    return "0" if largest == 0 else f"< 1e{math.floor(math.log10(largest)) + 1}"


def between_marks(text: str, table: str, lines: Iterable[str]) -> str:
    """A document with the lines of one of its tables put between the marks of that table."""
    before, mark, rest = text.partition(f"<!-- table: {table} -->\n")
    _, end, after = rest.partition("<!-- end -->")
    return "\n".join([before + mark, *lines, "", end + after])


def with_table(text: str) -> str:
    """The document with the table made anew between its marks."""
    return between_marks(text, "parity", parity_table())


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text()))
