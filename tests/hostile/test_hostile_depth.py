"""Whatever is nested deeper than any file of use is refused by each reader, however much of the stack is taken."""

import json
import struct

import pytest

from pluriscope.analysis.algorithms.boolean_formulas import task_from_formula, tree_from_formula
from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.discovery.claims import read_claim, vocabulary_of
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.network_files.formats.hdf5 import SIGNATURE
from pluriscope.analysis.questions.data import parse_data_file
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.app.bundled import bundled_models
from tests.factories import pretrained_xor
from tests.hostile.refusing import refused
from tests.hostile.tensor_files import sound_tensors, tensors

QUESTION = ask(pretrained_xor().network, task=pretrained_xor().tasks[0])
DEPTHS = (100, 400, 900, 1_500)


def lists(n):
    return "[" * n + "1" + "]" * n


def objects(n):
    return '{"a":' * n + "1" + "}" * n


def file(raw):
    if message := refused(raw if isinstance(raw, bytes) else raw.encode()):
        raise AnalysisError(message, "", "")


def claim(text):
    return read_claim(text.encode(), vocabulary_of(QUESTION))


def in_msgpack(n):
    """Arrays as msgpack has them, each in the bytes of another."""
    inner = b"\xc0"
    for _ in range(n):
        inner = b"\xc9" + struct.pack(">I", len(inner)) + b"\x01" + inner
    return b"\x81\xa1a" + inner


def in_hdf5(n):
    """Groups, each the one member of another: header, symbol node, and one heap for all names."""
    heap, first = 96, 136
    parts = [(SIGNATURE + b"\0" * 5 + b"\x08\x08").ljust(64, b"\0") + struct.pack("<QQQQ", first, 0, 0, 0)]
    parts.append(b"HEAP".ljust(24, b"\0") + struct.pack("<Q", heap + 32) + b"a".ljust(8, b"\0"))
    for at in range(first, first + 88 * n, 88):
        parts.append(struct.pack("<B7xI4xHH4xQQ", 1, 24, 0x11, 16, at + 40, heap))
        parts.append(b"SNOD\1\0" + struct.pack("<HQQ24x", 1, 0, at + 88))
    return b"".join(parts)


def in_safetensors(key, n):
    header, body = sound_tensors()
    header["__metadata__"][key] = lists(n)
    return tensors(header, body)


def in_model(raw, n):
    """The file of a model, with lists in place of the first part that is no text."""
    document = json.loads(raw)
    part = next(key for key, value in document.items() if isinstance(value, (list, dict)))
    return json.dumps({**document, part: "@"}).replace('"@"', lists(n)).encode()


READERS = {
    "lists": lambda n: file(lists(n)),
    "objects": lambda n: file(objects(n)),
    "weights": lambda n: file(f'{{"format":"pluriscope-network/1","weights":{lists(n)},"biases":[]}}'),
    "state_dict": lambda n: file(f'{{"fc":{objects(n)}}}'),
    "msgpack-lists": lambda n: file(b"\x81\xa1a" + b"\x91" * n + b"\1"),
    "msgpack-maps": lambda n: file(b"\x81\xa1a" * n + b"\1"),
    "msgpack-arrays": lambda n: file(in_msgpack(n)),
    "hdf5": lambda n: file(in_hdf5(n)),
    **{f"safetensors-{key}": lambda n, key=key: file(in_safetensors(key, n)) for key in ("tasks", "layers")},
    **{name: lambda n, raw=raw: read_subject(in_model(raw, n)) for name, raw in bundled_models().items()},
    "data": lambda n: parse_data_file(f'{{"format":"pluriscope-data/1","inputs":{lists(n)}}}'.encode(), 2, 1),
    "claim": lambda n: claim(lists(n)),
    **{f"claim-{key}": lambda n, key=key: claim(f'{{"{key}":{lists(n)}}}') for key in ("edges", "cfg", "links")},
    "claim-graphml": lambda n: claim(f"<graphml>{'<a>' * n}{'</a>' * n}</graphml>"),
    "formula": lambda n: task_from_formula("(" * n + "A" + ")" * n, 2),
    "formula-tree": lambda n: tree_from_formula("(" * n + "A" + ")" * n, 2),
    "algorithm": lambda n: read_causal_model(f"y = {'not ' * n}1"),
    **{f"algorithm-{sign}": lambda n, sign=sign: read_causal_model(sign * n + "1") for sign in ("-", "1+", "a[", "a.")},
}


def below(frames, read):
    """Call it with so much of the stack taken as a server's middleware take."""
    return read() if not frames else below(frames - 1, read)


@pytest.mark.parametrize("name", READERS)
def test_what_is_nested_too_deeply_is_refused(name):
    for n in DEPTHS:
        with pytest.raises(AnalysisError):
            below(300, lambda n=n: READERS[name](n))
