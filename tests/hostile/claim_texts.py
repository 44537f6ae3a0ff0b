"""Claims that nobody should send: those of every form, broken in ways that broke readers before; drawn from a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from pluriscope.analysis.discovery.part_names import names_of
from pluriscope.analysis.graph_files.registry import GRAPH_FORMATS, file_text, graph_in
from pluriscope.analysis.subjects.graph import perceptron_graph
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.factories import pretrained_xor

NAMES = list(names_of(perceptron_graph((2, 3, 3, 1))).numbers)
_XOR = ask(pretrained_xor().network, task=pretrained_xor().tasks[0])
_TEXTS = [file_text(graph_in(key, _XOR, "circuit", {}, mask=0x3B2CF)) for key, one in GRAPH_FORMATS.items() if one.read]
GRAPHS = [json.loads(text) if text.startswith("{") else text for text in _TEXTS]
ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 19, 10**30, 10**400, 1e308, -1e-320, 1.5, "", " ", "\ud800", "\u202e", "nan", "1e999"),
    *([], {}, [[]], {"": ""}, "x0>1.2", "a0.h1->m2<q>", "x0->x0", "9" * 300, "x" * 5_000, [None] * 18, ["x0>1.0"] * 2),
)
TOKENS = ("NaN", "Infinity", "1e999", "-0.0", "0" * 40, "[" * 200, "\\u0000", "1e-400", "2" * 5_000)


def forms() -> list[Any]:
    """Sound claims, one of every form."""
    scores = {name.replace(">", "->"): number / 7 for number, name in enumerate(NAMES)}
    return [
        {"scores": [1.0] * 18, "k": 3, "pick": "greedy"},
        {"mask": "3b2cf"},
        {"cfg": {"a": 1}, "nodes": {"x0": {"in_graph": True}}, "edges": {
            name: {"score": score, "in_graph": score > 1} for name, score in scores.items()}},
        scores,
        NAMES[:5],
        [0.5] * 18,
        "3b2cf",
        "x0>1.2, 1.2->2.0 n2.0 → y",
        *GRAPHS,
    ]  # fmt: skip


def hostile_texts(number: int, seed: int) -> list[bytes]:
    """Draw hostile claims, the same for the same seed."""
    rng = random.Random(seed)
    return [_one(rng) for _ in range(number)]


def _one(rng: random.Random) -> bytes:
    sound = rng.choice(forms())
    text = sound if isinstance(sound, str) else json.dumps(_changed(rng, sound))
    raw = text.encode("utf-8", "surrogatepass")
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: raw,
        lambda: raw,
        lambda: raw[: rng.randrange(len(raw) + 1)],
        lambda: _spliced(rng, raw, rng.randbytes(3)),
        lambda: _spliced(rng, raw, rng.choice(TOKENS).encode()),
        lambda: raw + raw,
    )
    return rng.choice(ways)()


def _spliced(rng: random.Random, raw: bytes, more: bytes) -> bytes:
    at = rng.randrange(len(raw) + 1)
    return raw[:at] + more + raw[at + rng.randrange(4) :]


def _changed(rng: random.Random, value: Any) -> Any:
    """A JSON value with one part, at any depth, put out of order."""
    if rng.random() < 0.25 or not isinstance(value, (list, dict)) or not value:
        return rng.choice(ODD)
    if isinstance(value, list):
        at = rng.randrange(len(value))
        if rng.random() < 0.3:
            return value[:at] + value[at + 1 :] if rng.random() < 0.5 else [*value, value[at]]
        return [*value[:at], _changed(rng, value[at]), *value[at + 1 :]]
    key = rng.choice(list(value))
    left = {name: one for name, one in value.items() if name != key}
    if rng.random() < 0.3:
        odd = rng.choice([one for one in ODD if isinstance(one, str)])
        return left if rng.random() < 0.5 else {**left, odd: value[key]}
    return {**left, key: _changed(rng, value[key])}
