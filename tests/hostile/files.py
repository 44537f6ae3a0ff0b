"""A thousand files that must be refused: seeded, so that they are the same on every machine and in every run.

Each family is one way to be wrong, with numbers, places and sizes drawn by the seed. Small ones that once were, or
might be, treated wrongly are kept as they are in ``corpus/``; the rest is made when it is needed.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from tests.hostile.tensor_files import onnx_files, safetensors_broken, safetensors_headers

SEED = 20260101
CORPUS = Path(__file__).parent / "corpus"
_LIMIT = 4_000_000


@dataclass(frozen=True)
class HostileFile:
    """Bytes that must be refused, and the way in which they are wrong."""

    family: str
    raw: bytes


def hostile_files(n: int = 1_000, seed: int = SEED) -> Iterator[HostileFile]:
    """The corpus, then files of each family in turn until there are ``n``."""
    for path in islice(sorted(CORPUS.iterdir()), n):
        yield HostileFile("corpus", path.read_bytes())
        n -= 1
    dice = random.Random(seed)
    for make in islice(cycle(FAMILIES), n):
        yield HostileFile(make.__name__, make(dice))


def sound(dice: random.Random) -> dict[str, Any]:
    """A network file that would be accepted."""
    n, hidden = dice.randint(1, 4), dice.randint(1, 4)
    number = lambda: round(dice.uniform(-2, 2), 6)  # noqa: E731
    return {
        "format": "pluriscope-network/1",
        "name": f"network {dice.randint(0, 999)}",
        "sizes": [n, hidden, 1],
        "weights": [[[number() for _ in range(n)] for _ in range(hidden)], [[number() for _ in range(hidden)]]],
        "biases": [[number() for _ in range(hidden)], [number()]],
        "activation": dice.choice(["relu", "tanh", "sigmoid", "linear", "leaky_relu"]),
        "tasks": [{"truth_table": [dice.randint(0, 1) for _ in range(2**n)]}],
    }


def written(document: Any) -> bytes:
    return json.dumps(document).encode()


# ---- JSON


def truncated_json(dice: random.Random) -> bytes:
    whole = written(sound(dice))
    return whole[: dice.randint(1, len(whole) - 1)]


def wrong_types(dice: random.Random) -> bytes:
    document = sound(dice)
    key = dice.choice([key for key in document if key != "negative_slope"])
    wrong = [None, True, 3, -1.5, *(["x"] if key != "name" else []), {}, {"a": [1]}, [[]], [None], [["1"]]]
    document[key] = dice.choice(wrong)
    return written(document)


def wrong_inside(dice: random.Random) -> bytes:
    document = sound(dice)
    place = dice.choice([document["weights"][0][0], document["biases"][0], document["tasks"][0]["truth_table"]])
    place[dice.randrange(len(place))] = dice.choice([None, True, "0", [], {}, 1e400, -1e400, "NaN", 10**400])
    return json.dumps(document).encode()


def huge_sizes(dice: random.Random) -> bytes:
    document = sound(dice)
    document["sizes"] = dice.choice([[2, 10**9, 1], [10**12, 1], [2] * 10_000, [2, 2**63, 1], [2, -5, 1], [10**400, 1]])
    return written(document)


def shapes_that_disagree(dice: random.Random) -> bytes:
    document = sound(dice)
    which = dice.randrange(4)
    if which == 0:
        document["weights"][0][0].append(1.0)
        document["weights"][0].append([1.0])
    elif which == 1:
        document["biases"][0].append(0.0)
    elif which == 2:
        document["weights"].append([[1.0] * 7])
    else:
        document["tasks"] = document["tasks"] * dice.randint(2, 500)
    return written(document)


def deep_json(dice: random.Random) -> bytes:
    depth = dice.choice([1_200, 5_000, 100_000, 900_000])
    opening, closing = dice.choice([("[", "]"), ('{"a":', "}")])
    inside = opening * depth + "1" + closing * depth * dice.randint(0, 1)
    return (f'{{"format": "pluriscope-network/1", "weights": {inside}}}').encode()


def wide_json(dice: random.Random) -> bytes:
    unit, n = dice.choice(
        [("[],", 1_200_000), ("{},", 1_200_000), ("0,", 1_900_000), ('"",', 1_200_000), ("[[]],", 700_000)]
    )
    return (f'{{"format": "pluriscope-network/1", "weights": [{unit * n}0]}}').encode()


def many_keys(dice: random.Random) -> bytes:
    n = dice.choice([20_000, 200_000])
    return ("{" + ",".join(f'"k{i}":0' for i in range(n)) + "}").encode()


def noise(dice: random.Random) -> bytes:
    return dice.randbytes(dice.choice([1, 7, 9, 100, 10_000, 1_000_000]))


def flipped_bytes(dice: random.Random) -> bytes:
    """A sound file with the first byte of some key changed, so that none is what it was."""
    raw = bytearray(written(sound(dice)))
    for key in (b'"weights"', b'"activation"'):  # without its format it would be weights by other names
        raw[raw.index(key) + 1] ^= 1 << dice.randrange(7)
    return bytes(raw)


# ---- what can run code, and what grows


class Harmless:
    """Object whose pickle would call something, were it opened."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (int, ("666",))


def pickles(dice: random.Random) -> bytes:
    value: Any = Harmless() if dice.random() < 0.5 else sound(dice)
    return pickle.dumps(value, dice.randint(0, 5))


def member(name: str) -> zipfile.ZipInfo:
    """A file of an archive at a fixed time, so that equal seeds make equal archives whatever the clock says."""
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def torch_archives(dice: random.Random) -> bytes:
    blob = io.BytesIO()
    with zipfile.ZipFile(blob, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member("archive/data.pkl"), pickle.dumps(Harmless()))
        place = dice.choice(["../../outside", "archive/data/0", "/etc/cron.d/x"])
        archive.writestr(member(place), bytes(dice.randint(0, 1_000)))
    return blob.getvalue()


def bombs(dice: random.Random) -> bytes:
    content = b"[" * dice.choice([10**6, 10**7])
    kind = dice.choice(["zip", "gzip", "bz2", "xz", "nested"])
    if kind == "gzip":
        return gzip.compress(content, 1, mtime=0)
    if kind == "bz2":
        return bz2.compress(content, 1)
    if kind == "xz":
        return lzma.compress(content, preset=0)
    blob = io.BytesIO()
    with zipfile.ZipFile(blob, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member("network.json"), gzip.compress(content, 1, mtime=0) if kind == "nested" else content)
    return blob.getvalue()


def too_large(dice: random.Random) -> bytes:
    return dice.choice([b" ", b"0", b"\0", b"[", b'{"a":']) * (_LIMIT + dice.randint(1, 1_000))


FAMILIES: tuple[Callable[[random.Random], bytes], ...] = (
    truncated_json,
    wrong_types,
    wrong_inside,
    huge_sizes,
    shapes_that_disagree,
    deep_json,
    wide_json,
    many_keys,
    noise,
    flipped_bytes,
    pickles,
    torch_archives,
    bombs,
    too_large,
    safetensors_headers,
    safetensors_broken,
    onnx_files,
)
