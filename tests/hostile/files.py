"""A thousand files that must be refused: seeded, so that they are the same on every machine and in every run.

Each family is one way to be wrong, with numbers, places and sizes drawn by the seed. Small ones that once were, or might
be, treated wrongly are kept as they are in ``corpus/``; the rest is made when it is needed.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

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
    document[key] = dice.choice([None, True, 3, -1.5, "x", {}, {"a": [1]}, [[]], [None], [["1"]]])
    return written(document)


def wrong_inside(dice: random.Random) -> bytes:
    document = sound(dice)
    place = dice.choice([document["weights"][0][0], document["biases"][0], document["tasks"][0]["truth_table"]])
    place[dice.randrange(len(place))] = dice.choice([None, True, "0", [], {}, 1e400, -1e400, "NaN", 10**400])
    return json.dumps(document).encode()


def missing_and_unknown_keys(dice: random.Random) -> bytes:
    document = sound(dice)
    if dice.random() < 0.5:
        del document[dice.choice(["format", "weights", "biases", "activation"])]
    else:
        document[dice.choice(["negative_slop", "__class__", "", "weights ", "Weights", "\u0131nput", "a" * 5_000])] = 1
    return written(document)


def not_a_number(dice: random.Random) -> bytes:
    text = written(sound(dice)).decode()
    at = text.index('"biases": [[') + len('"biases": [[')
    return (
        text[:at] + dice.choice(["NaN", "Infinity", "-Infinity", "1e999", "-1e400", "1" * 5_000]) + ", " + text[at:]
    ).encode()


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


def duplicate_keys(dice: random.Random) -> bytes:
    text = written(sound(dice)).decode()
    key = dice.choice(["weights", "biases", "sizes", "activation", "tasks", "truth_table"])
    return text.replace(f'"{key}":', f'"{key}": 0, "{key}":', 1).encode()


def odd_names(dice: random.Random) -> bytes:
    document = sound(dice)
    odd = [
        "\u202egnp.exe",
        "a\u0000b",
        "a\nb",
        "\ud800",
        "a\u200bb",
        "Z" + "\u0301" * 60,
        "\ufeffx",
        "\x1b[31mred",
        "",
        " ",
        "x" * 300,
    ]
    document["name"] = dice.choice(odd) + dice.choice(["", "\u2066"])
    if document["name"].strip() and dice.random() < 0.3:
        document["attribution"] = document["name"]
    return written(document)


def path_names(dice: random.Random) -> bytes:
    document = sound(dice)
    document["name"] = dice.choice(
        [
            "../../etc/passwd",
            "/etc/passwd",
            "C:\\Windows\\x",
            "..\\..\\x",
            "~/x",
            "file:///etc/passwd",
            "a/../../b",
            "\\\\host\\share",
        ]
    )
    return written(document)


def odd_encodings(dice: random.Random) -> bytes:
    text = written(sound(dice)).decode()
    kind = dice.choice(["utf-16", "utf-32", "utf-16-be", "utf-7", "latin"])
    if kind == "latin":
        return text.replace("network", "netw\xf6rk").encode("latin-1")
    if kind == "utf-7":
        return b"+/v8-" + text.encode("utf-7")
    return text.encode(kind)


def yaml_and_others(dice: random.Random) -> bytes:
    return dice.choice(
        [
            b"format: pluriscope-network/1\nweights: !!python/object/apply:os.system ['true']\n",
            b"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n",
            b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><x>&b;</x>",
            b"[network]\nsizes = [2, 2, 1]\n",
            b"import os\nos.system('true')\n",
            b"<html><script>alert(1)</script></html>",
            b"%PDF-1.7\n1 0 obj\n",
            b"\x7fELF\x02\x01\x01" + bytes(100),
            b"\x89PNG\r\n\x1a\n" + bytes(100),
            b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (10,)}",
            b"\x89HDF\r\n\x1a\n" + bytes(200),
            b"sizes,weights\n2,3\n" * dice.randint(1, 1_000),
        ]
    )


def noise(dice: random.Random) -> bytes:
    return dice.randbytes(dice.choice([1, 7, 9, 100, 10_000, 1_000_000]))


def flipped_bytes(dice: random.Random) -> bytes:
    """A sound file with the first byte of some key changed, so that none is what it was."""
    raw = bytearray(written(sound(dice)))
    for key in (b'"weights"', b'"activation"', b'"format"'):
        raw[raw.index(key) + 1] ^= 1 << dice.randrange(7)
    return bytes(raw)


# ---- what can run code, and what grows


class Harmless:
    """What a pickle would call, were it opened."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (int, ("666",))


def pickles(dice: random.Random) -> bytes:
    value: Any = Harmless() if dice.random() < 0.5 else sound(dice)
    return pickle.dumps(value, dice.randint(0, 5))


def torch_archives(dice: random.Random) -> bytes:
    blob = io.BytesIO()
    with zipfile.ZipFile(blob, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Harmless()))
        archive.writestr(
            dice.choice(["../../outside", "archive/data/0", "/etc/cron.d/x"]), bytes(dice.randint(0, 1_000))
        )
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
        archive.writestr("network.json", gzip.compress(content, 1, mtime=0) if kind == "nested" else content)
    return blob.getvalue()


def too_large(dice: random.Random) -> bytes:
    return dice.choice([b" ", b"0", b"\0", b"[", b'{"a":']) * (_LIMIT + dice.randint(1, 1_000))


# ---- safetensors


def tensors(header: Any, body: bytes, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def sound_tensors() -> tuple[dict[str, Any], bytes]:
    body = struct.pack("<9f", 1, 1, 1, 1, 0, -1, 1, -2, 0)
    ends = {"0.weight": ([2, 2], 0, 16), "0.bias": ([2], 16, 24), "2.weight": ([1, 2], 24, 32), "2.bias": ([1], 32, 36)}
    header: dict[str, Any] = {"__metadata__": {"activation": "relu", "output_activation": "linear"}}
    for name, (shape, start, end) in ends.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
    return header, body


def safetensors_headers(dice: random.Random) -> bytes:
    header, body = sound_tensors()
    name = dice.choice([key for key in header if key != "__metadata__"])
    wrong = dice.randrange(10)
    if wrong == 0:
        header[name]["shape"] = dice.choice(
            [[2**62, 2**62], [10**9, 10**9], [-1, 2], [0], [2.5, 2], ["2", 2], [], [10**400]]
        )
    elif wrong == 1:
        header[name]["data_offsets"] = dice.choice([[0, 10**18], [-8, 8], [30, 2], [0, 37], "0,16", [0], [0, 2**63]])
    elif wrong == 2:
        header[name]["dtype"] = dice.choice(["F8_E4M3", "I64", "BOOL", "BF16", "O", "", None, 7, "F" * 9_999])
    elif wrong == 3:
        header["../../etc/passwd"] = dict(header[name])
    elif wrong == 4:
        header["__metadata__"] = dice.choice(
            [[], "x", {"activation": 3}, {"activation": "gelu"}, {}, {"negative_slop": "1"}]
        )
    elif wrong == 5:
        header["__metadata__"]["tasks"] = dice.choice(["[", "[" * 50_000, '[{"truth_table": [0]}]', "NaN", "{}"])
    elif wrong == 6:
        header[name] = dice.choice([None, 3, [], {}, {"dtype": "F32"}])
    elif wrong == 7:
        del header[name.replace("bias", "weight")]
    elif wrong == 8:
        header["__metadata__"]["layers"] = dice.choice(['["0"]', '["0", "0"]', "[[[]]]", '{"0": 2}', '["2", "0"]'])
    else:
        header |= {f"{i}.weight": {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4]} for i in range(10, 900)}
    return tensors(header, body)


def safetensors_broken(dice: random.Random) -> bytes:
    header, body = sound_tensors()
    whole = tensors(header, body)
    choice = dice.randrange(7)
    if choice == 0:
        return whole[: dice.randint(9, len(whole) - 1)]
    if choice == 1:
        return tensors(header, body, dice.choice([2**40 - 1, 10**6, len(whole) + 1, 3]))
    if choice == 2:
        return tensors(b'{"a":' * 19_000 + b"1" + b"}" * 4_000, b"")
    if choice == 3:
        text = json.dumps(header)
        return tensors(text.replace('"2.bias"', '"0.bias"').encode(), body)
    if choice == 4:
        return tensors(header, struct.pack("<9f", *[dice.choice([float("nan"), float("inf")])] * 9))
    if choice == 5:
        return tensors(b"{" + b" " * dice.choice([10, 99_000, 3_000_000]), b"")
    return tensors(header, body + bytes(dice.randint(1, 100)))


# ---- ONNX, written as protobuf by hand: no library would write these


def varint(number: int) -> bytes:
    out = bytearray()
    while True:
        number, low = number >> 7, number & 127
        out.append(low | (128 if number else 0))
        if not number:
            return bytes(out)


def block(field: int, payload: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(payload)) + payload


def integer(field: int, number: int) -> bytes:
    return varint(field << 3) + varint(number)


def onnx_tensor(name: str, dims: list[int], raw: bytes, data_type: int = 1, more: bytes = b"") -> bytes:
    head = b"".join(integer(1, n & (2**64 - 1)) for n in dims) + integer(2, data_type)
    return head + block(8, name.encode()) + block(9, raw) + more


def onnx_node(operator: str, sources: list[str], target: str, more: bytes = b"") -> bytes:
    return (
        b"".join(block(1, s.encode()) for s in sources) + block(2, target.encode()) + block(4, operator.encode()) + more
    )


def onnx_model(nodes: list[bytes], stored: list[bytes], inputs: tuple[str, ...] = ("x",), output: str = "y") -> bytes:
    graph = b"".join(block(1, node) for node in nodes) + b"".join(block(5, tensor) for tensor in stored)
    graph += b"".join(block(11, block(1, name.encode())) for name in inputs) + block(12, block(1, output.encode()))
    return integer(1, 8) + block(7, graph)


def onnx_files(dice: random.Random) -> bytes:
    four, two = struct.pack("<4f", 1, 1, 1, 1), struct.pack("<2f", 1, -2)
    w1, w2 = onnx_tensor("w1", [2, 2], four), onnx_tensor("w2", [2, 1], two)
    chain = [
        onnx_node("MatMul", ["x", "w1"], "a"),
        onnx_node("Relu", ["a"], "b"),
        onnx_node("MatMul", ["b", "w2"], "y"),
    ]
    huge = [[2**40, 2**40], [2**62], [10**6, 10**6], [2, 2**63], [-1 & (2**64 - 1), 2], []]
    choice = dice.randrange(13)
    if choice == 0:
        operators = [
            "Conv",
            "Loop",
            "If",
            "Scan",
            "ArgMax",
            "Softmax",
            "Gelu",
            "Constant",
            "PyOp",
            "\u202eevil",
            "x" * 9_999,
        ]
        return onnx_model([*chain[:1], onnx_node(dice.choice(operators), ["a"], "b"), chain[2]], [w1, w2])
    if choice == 1:
        return onnx_model(chain, [onnx_tensor("w1", dice.choice(huge), four), w2])
    if choice == 2:
        elsewhere = block(13, block(1, b"location") + block(2, b"../../etc/passwd")) + integer(14, 1)
        return onnx_model(chain, [onnx_tensor("w1", [2, 2], b"", more=elsewhere), w2])
    if choice == 3:
        loop = [onnx_node("Relu", ["x"], "a"), onnx_node("Relu", ["a"], "x")]
        return onnx_model(loop, [w1, w2])
    if choice == 4:
        return onnx_model(chain, [onnx_tensor("w1", [2, 2], four[: dice.randint(0, 15)]), w2])
    if choice == 5:
        return onnx_model(chain, [onnx_tensor("w1", [2, 2], four, dice.choice([2, 7, 8, 9, 16, 99])), w2])
    if choice == 6:
        whole = onnx_model(chain, [w1, w2])
        return whole[: dice.randint(1, len(whole) - 1)]
    if choice == 7:
        return onnx_model([onnx_node("Relu", ["x"], "y")] * dice.choice([2, 300, 30_000]), [])
    if choice == 8:
        return onnx_model(chain, [onnx_tensor("w1", [2, 2], struct.pack("<4f", 1, float("nan"), 1, float("inf"))), w2])
    if choice == 9:
        return onnx_model(chain, [w1, w2], dice.choice([(), ("x", "z"), ("nowhere",)]))
    if choice == 10:  # a graph within an attribute within a node, again and again
        inner = b""
        for _ in range(dice.choice([50, 2_000])):
            inner = block(1, block(4, b"If") + block(5, block(1, b"then") + block(6, inner)))
        return integer(1, 8) + block(7, inner)
    if choice == 11:
        return integer(1, 8) + block(7, block(1, b"") * dice.choice([1_000, 900_000]))
    return integer(1, 8) + block(25, block(1, b"function")) + block(7, b"")


FAMILIES: tuple[Callable[[random.Random], bytes], ...] = (
    truncated_json,
    wrong_types,
    wrong_inside,
    missing_and_unknown_keys,
    not_a_number,
    huge_sizes,
    shapes_that_disagree,
    deep_json,
    wide_json,
    many_keys,
    duplicate_keys,
    odd_names,
    path_names,
    odd_encodings,
    yaml_and_others,
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
