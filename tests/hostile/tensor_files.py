"""Hostile safetensors and ONNX files, byte by byte: no library would write these."""

from __future__ import annotations

import json
import random
import struct
from typing import Any

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
            [[], "x", {"activation": 3}, {"activation": "mish"}, {}, {"negative_slop": "1"}]
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


# ---- ONNX, as protobuf


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
