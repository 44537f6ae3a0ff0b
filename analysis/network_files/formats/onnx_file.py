"""ONNX files of dense layers and activations, read by the library made for the format (https://onnx.ai).

The graph must be one chain from its inputs, perhaps joined, to its last output; functions of the file are written out.
What depends on stored numbers alone is computed by onnx's
reference implementation, node by node. Through the rest goes one row, which has the number of a neuron at each place:
reshaping and transposing move these about, so each product and each constant is known to belong to which neurons.
An activation that is written as a formula, as ``x · Sigmoid(x)``, is known by its values.

Only operators of one list are taken, sizes are checked before memory is taken for them, and no file is opened here:
data that lie beside the file are given by the caller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from math import prod
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidNetwork, MissingLibrary, needing
from pluriscope.analysis.network_files.chain import Activated, Affine, Dense, Step, TwoClasses, file_of_steps
from pluriscope.analysis.network_files.files import MAX_LAYERS, MAX_PARAMETERS, NetworkFile
from pluriscope.analysis.network_files.formats.format import Beside, FileFormat
from pluriscope.analysis.network_files.formats.safetensors_file import looks_like_safetensors
from pluriscope.analysis.subjects.names import usable_name
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES, PROBES, known_by_values

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

MAX_NODES: Final = 16 * MAX_LAYERS
_ITEM: Final = "ONNX file"
_JSON_STARTS: Final = (b"{", b"[", b'"')
_CURE: Final = "give a chain of dense layers (Gemm, or MatMul and Add) and activations"
_ACTIVATIONS: Final = {one.onnx: one for one in FAMILIES.values() if one.onnx}
_UNCHANGED: Final = ("Identity", "Dropout", "Cast")
_MOVED: Final = ("Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose")
_PICKED: Final = ("Gather", "Slice")
_JOINED: Final = ("Concat", "Split")
_LABELS: Final = {"ai.onnx.ml.ArrayFeatureExtractor", "ai.onnx.ml.LabelEncoder", "ai.onnx.ml.ZipMap"}
_ELEMENTWISE: Final = ("Add", "Sub", "Mul", "Div")
_SHAPED: Final = (*_UNCHANGED, *_MOVED, *_PICKED)
_STORED: Final = ("Constant", "Shape", "Concat", "Neg", "Sqrt", "DequantizeLinear", *_SHAPED, *_ELEMENTWISE)
_CHOICES: Final = ("Softmax", "LogSoftmax", "ArgMax")
_FORMULA: Final = (  # with others, of which an activation may be written
    *("Pow", "Sqrt", "Exp", "Log", "Erf", "Abs", "Max", "Min", "Where", "Less", "LessOrEqual", "Greater"),
    *("GreaterOrEqual", "PRelu", "Celu", "HardSigmoid"),
)
_LIVE: Final = (
    "Gemm",
    "MatMul",
    *_ACTIVATIONS,
    "Swish",
    *_FORMULA,
    "BatchNormalization",
    "ai.onnx.ml.Scaler",
    *_CHOICES,
)
_ON_THE_WAY: Final = (
    *_LIVE,
    *_ELEMENTWISE,
    "Neg",
    *_UNCHANGED,
    *_MOVED,
    *_PICKED,
    *_JOINED,
)  # from the inputs to the outputs
_FLOATS: Final = {1: 1e-4, 10: 1e-2, 11: 1e-9}  # TensorProto.FLOAT, FLOAT16, DOUBLE → how far outputs may be from ours
_SMALL: Final = (2, 3, 4, 5)  # UINT8, INT8, UINT16, INT16: of what is stored and made floats of
_WHOLE: Final = {6: "int32", 7: "int64", 9: "bool"}  # of TensorProto
_LONGEST: Final = 24  # nodes of a formula
_DEEPEST: Final = 16  # functions that call one another
_ALIKE: Final = 1e-5  # between an activation and a formula of it, with constants of float32
_POINTS: Final = np.array([*np.linspace(-6.0, 6.0, 97), *PROBES])  # at which a formula is tried
_UNNAMED: Final = ("main_graph", "torch_jit", "torch-jit-export")
_FAILURES: Final = (RuntimeError, ValueError, TypeError, KeyError, AttributeError, IndexError)


def read_onnx(raw: bytes, beside: Beside | None = None) -> NetworkFile:
    """Read a network from an ONNX file; arguments and errors as of :meth:`OnnxChain.of`."""
    chain = OnnxChain.of(raw, beside)
    name = usable_name(chain.model.graph.name)
    file = file_of_steps(chain.steps, _ITEM, name="" if name in _UNNAMED else name)
    return replace(file, remarks=(*chain.remarks, *file.remarks))


def onnx_model(raw: bytes) -> ModelProto | None:
    """The model that bytes are, in whatever order its fields stand; None if they are none."""
    # imported here: it takes a tenth of a second that nobody else should wait for
    with needing("onnx", _ITEM, "pluriscope[onnx]"):
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # ships no types
        from onnx import ModelProto

    model = ModelProto()
    try:
        model.ParseFromString(raw)
    except (DecodeError, ValueError, RecursionError):
        return None
    return model if model.HasField("graph") else None


def is_onnx(raw: bytes) -> bool:
    """Whether bytes are an ONNX model. What begins as JSON, safetensors, archives or pickles do is not tried."""
    text = raw[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    other = looks_like_safetensors(raw) or raw.startswith((b"PK", b"\x80"))
    try:
        return not text.startswith(_JSON_STARTS) and not other and onnx_model(raw) is not None
    except MissingLibrary:
        return raw.startswith(b"\x08")  # its first field, as every program writes it


ONNX: Final = FileFormat("onnx", "ONNX", (".onnx",), is_onnx, read_onnx)


@dataclass(frozen=True)
class OnnxChain:
    """An ONNX graph that is one chain.

    Args:
        model: with all its data inside, without calls of functions and what its last output does not need.
        steps: what it computes.
        shapes: of its inputs, for one row.
        batch: rows that it takes at once, first axis first; 1 unless the file fixes another number.
        places: ``[n_outputs]`` where the outputs stand in its output tensor, laid flat.
        choice: the operator that chooses between two classes at the end; "" if there is none.
        whole: the type of its inputs where that is of whole numbers; else "".
        remarks: what is to be said of how it was read, one sentence each.
    """

    model: ModelProto
    steps: tuple[Step, ...]
    shapes: tuple[tuple[int, ...], ...]
    batch: int
    places: NDArray[np.int64]
    choice: str
    whole: str
    remarks: tuple[str, ...] = ()

    @staticmethod
    def of(raw: bytes, beside: Beside | None = None) -> OnnxChain:
        """The chain in a file.

        Args:
            raw: the file's bytes.
            beside: gives the files in which it may keep its data; None if there are none.

        Raises:
            InvalidNetwork: with the first thing that is no chain of dense layers, operators by name.
        """
        model = onnx_model(raw)
        if model is None:
            raise InvalidNetwork(_ITEM, "is no ONNX model, or is cut off", _CURE)
        model = _written_out(model)
        remarks = _of_last_output(model.graph)
        _check_sizes(model.graph)
        _take_data(model.graph, beside)
        for value in (*model.graph.input, *model.graph.output):  # the checker wants both; () stands for unknown here
            value.type.tensor_type.shape.SetInParent()
            value.type.tensor_type.elem_type = value.type.tensor_type.elem_type or 1
        return replace(_Walk(model).chain(), remarks=remarks)

    @property
    def tolerance(self) -> float:
        """The largest difference of its outputs from ours: it computes with fewer digits, or gives a class instead of a
        number.
        """
        if self.choice == "ArgMax":
            return 0.5
        nodes = self.model.graph.node
        types = {tensor.data_type for tensor in _tensors(self.model.graph)}
        types |= {one.elem_type for one in _inputs(self.model.graph)}
        types |= {one.i for node in nodes if node.op_type == "Cast" for one in node.attribute}
        types |= {1 for node in nodes if node.op_type in ("LeakyRelu", "Elu", "Gelu", "Erf")}  # numbers of float32
        return max(_FLOATS.get(one, 0) for one in types)

    def run(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Run onnx's reference implementation: ``[rows, n_outputs]`` for ``[rows, n_inputs]``, row by row.

        Of two classes the probability of the one that is read, or from ArgMax the class.
        """
        evaluator, dtype = _evaluator(self.model), _dtype(_inputs(self.model.graph)[0].elem_type)
        names, ends = _input_names(self.model.graph), np.cumsum([prod(shape) for shape in self.shapes])

        def given(row: NDArray[np.float64]) -> dict[str, Any]:
            parts = zip(names, np.split(row.astype(dtype), ends[:-1]), self.shapes, strict=True)
            return {name: part.reshape(shape).repeat(self.batch, axis=0) for name, part, shape in parts}

        found = np.array([evaluator.run(None, given(row))[0].ravel()[self.places] for row in rows], np.float64)
        return np.exp(found) if self.choice == "LogSoftmax" else found


def _input_names(graph: GraphProto) -> list[str]:
    """Inputs that are not stored; older files list stored tensors among their inputs, too."""
    stored = {tensor.name for tensor in graph.initializer}
    return [value.name for value in graph.input if value.name not in stored]


def _inputs(graph: GraphProto) -> list[Any]:
    """Type and shape of each input."""
    names = _input_names(graph)
    return [value.type.tensor_type for value in graph.input if value.name in names]


def _written_out(model: ModelProto) -> ModelProto:
    """The model with the nodes of its functions in the place of their calls, which are counted first."""
    if not len(model.functions):
        return model
    from onnx.inliner import inline_local_functions

    bodies = {(one.domain, one.name, one.overload): one.node for one in model.functions}
    sizes = dict[tuple[str, str, str], int]()

    def size(nodes: Any, depth: int) -> int:
        """Count the nodes that are written out; more than the most where functions call each other without an end."""
        total = len(nodes)
        for node in nodes:
            key = (node.domain, node.op_type, node.overload)
            if key in bodies and depth < _DEEPEST:
                sizes[key] = sizes[key] if key in sizes else size(bodies[key], depth + 1)
                total += sizes[key]
            total += MAX_NODES * (depth == _DEEPEST or any(one.HasField("g") or one.graphs for one in node.attribute))
        return min(total, MAX_NODES + 1)

    if len(bodies) < len(model.functions) or size(model.graph.node, 0) > MAX_NODES:
        cause = f"has functions that are not written out as {MAX_NODES} nodes or fewer"
        raise InvalidNetwork(_ITEM, cause, _CURE)
    try:
        return inline_local_functions(model)
    except _FAILURES as error:
        raise _invalid(error) from None


def _of_last_output(graph: GraphProto) -> tuple[str, ...]:
    """Take away what the last output does not need, others that are computed on the way among them; what is to be said
    of those.
    """
    if max(map(len, (graph.node, graph.initializer, graph.output))) > MAX_NODES or len(graph.sparse_initializer):
        cause = "holds sparse tensors, or too many nodes or tensors"
        raise InvalidNetwork(_ITEM, cause, f"give at most {MAX_NODES} of each")
    if labels := _LABELS & set(map(_operator, graph.node)):
        cause = f"gives labels by {', '.join(sorted(labels))}, as converters for scikit-learn write them"
        cure = "give what pluriscope.export writes of the fitted model, or end the graph at its Sigmoid or Softmax"
        raise InvalidNetwork(_ITEM, cause, cure)
    _sort(graph)
    needed: dict[str, list[Any]] = {}
    for output in graph.output:
        names, nodes = {output.name}, list[Any]()
        for node in reversed(graph.node):
            if names & {*node.output}:
                names.update(node.input)
                nodes.insert(0, node)
        if all(one.name in names for one in graph.output):
            needed[output.name] = nodes
    outputs = [_line(one.name)[:60] for one in graph.output]
    if len(needed) != 1:
        cause = f"has the outputs {', '.join(outputs) or 'of none'}, and not one that is computed from all others"
        raise InvalidNetwork(_ITEM, cause, "give a graph with one output tensor, or one behind another")
    ((last, nodes),) = needed.items()
    kept = [one for one in graph.output if one.name == last]
    for values, left in ((graph.output, kept), (graph.node, nodes)):
        _put(values, left)
    remark = f"Of its outputs {', '.join(outputs)} the last on the way, {_line(last)[:60]}, was read."
    return (remark,) if len(outputs) > 1 else ()


def _sort(graph: GraphProto) -> None:
    """Put nodes behind those whose outputs they read, as some converters do not; what is circular is left as it is."""
    made = {name: number for number, node in enumerate(graph.node) for name in node.output if name}
    reads = {number: {made[name] for name in node.input if name in made} for number, node in enumerate(graph.node)}
    if all(max(before, default=-1) < number for number, before in reads.items()):
        return
    with suppress(CycleError):
        _put(graph.node, [graph.node[number] for number in TopologicalSorter(reads).static_order()])


def _put(values: Any, left: list[Any]) -> None:
    """Let a repeated field hold some of its own messages, in their order."""
    left = [type(one).FromString(one.SerializeToString()) for one in left]
    del values[:]
    values.extend(left)


def _tensors(graph: GraphProto) -> list[TensorProto]:
    """Every stored tensor, those of Constant nodes included."""
    return [*graph.initializer, *(one.t for node in graph.node for one in node.attribute if one.HasField("t"))]


def _check_sizes(graph: GraphProto) -> None:
    """Refuse other operators, and more than may be stored, before any number is read."""
    others = sorted({_operator(node) for node in graph.node} - {*_LIVE, *_STORED, *_JOINED})
    if others:
        shown = ", ".join(name[:40] for name in others[:8]) + (" …" if len(others) > 8 else "")
        cure = f"let only {', '.join(_ON_THE_WAY)} stand between its input and its output"
        raise InvalidNetwork(_ITEM, f"uses the operator{'s' if len(others) > 1 else ''} {shown}", cure)
    types = {one.elem_type for one in _inputs(graph)}
    if len(types) != 1:
        cause = f"has inputs of {len(types)} types" if types else "has no input"
        raise InvalidNetwork(_ITEM, cause, "give a graph with inputs of one type")
    if not types <= {0, *_FLOATS, *_WHOLE}:
        raise InvalidNetwork(_ITEM, "takes an input that is no number", "let it take float32")
    total = 0
    for tensor in _tensors(graph):
        item, size = f"tensor {tensor.name[:60]!r}", 1
        if tensor.data_type not in (*_FLOATS, *_WHOLE, *_SMALL):
            known = dict(zip(tensor.DataType.values(), tensor.DataType.keys(), strict=True))
            cause = f"has the element type {known.get(tensor.data_type, tensor.data_type)}"
            raise InvalidNetwork(item, cause, "use float16, float32 or float64")
        for n in tensor.dims:
            size *= n if 0 <= n <= MAX_PARAMETERS else MAX_PARAMETERS + 1
        total += size
        if total > MAX_PARAMETERS:
            cause = f"announces more than {MAX_PARAMETERS:,} numbers with those before"
            raise InvalidNetwork(item, cause, "use a smaller network")


def _operator(node: NodeProto) -> str:
    """Return a node's operator, with the domain where it is not ONNX's own."""
    return _line(node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}") or "(unnamed)"


def _line(text: object) -> str:
    """A text of a file or of onnx, perhaps of bytes that are no UTF-8, as one line that can be printed."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(str(text).split()))


def _take_data(graph: GraphProto, beside: Beside | None) -> None:
    """Put numbers that lie in a file beside into the graph."""
    for tensor in _tensors(graph):
        if not tensor.data_location and not len(tensor.external_data):
            continue
        item, entries = (
            f"tensor {tensor.name[:60]!r}",
            {str(entry.key): str(entry.value) for entry in tensor.external_data},
        )
        name = entries.get("location", "")
        cure = f"give the file {name[:60]!r} with it, or save it whole: torch.onnx.export(…, external_data=False)"
        if not name.isprintable() or name in ("", ".", "..") or set(name) & set("/\\:"):
            cause = "keeps its data in another file that is no plain name beside it"
            raise InvalidNetwork(item, cause, "save the model with its data inside or beside it")
        if beside is None:
            raise InvalidNetwork(item, f"keeps its data in another file, {name[:60]!r}", cure)
        data, size = beside(name), prod(tensor.dims) * np.dtype(_dtype(tensor.data_type)).itemsize
        offset, length = (entries.get(key, default)[:12] for key, default in (("offset", "0"), ("length", str(size))))
        if not (offset.isdecimal() and length == str(size) and int(offset) + size <= len(data)):
            cause = f"wants {size:,} bytes from byte {offset} of {name[:60]!r}, which has {len(data):,}"
            raise InvalidNetwork(item, cause, "give the data file that belongs to this model")
        tensor.raw_data = data[int(offset) : int(offset) + size]
        tensor.ClearField("external_data")
        tensor.ClearField("data_location")


def _dtype(element_type: int) -> Any:
    from onnx.helper import tensor_dtype_to_np_dtype

    return tensor_dtype_to_np_dtype(element_type)


def _evaluator(model: ModelProto) -> Any:
    """Onnx's reference implementation of a model that passes onnx's checker.

    It has no Dropout before operator set 7 and no DequantizeLinear before 19, and takes BatchNormalization of sets 7 to
    13 for training, so these are given to it as the specification has them for inference.
    """
    from onnx.checker import ValidationError, check_model
    from onnx.reference import ReferenceEvaluator
    from onnx.reference.op_run import OpRun

    class Dropout(OpRun):
        def _run(self, x: Any, *_stored: Any, **_attributes: Any) -> Any:
            return (x,)

    class BatchNormalization(OpRun):
        def _run(self, x: Any, *stored: Any, epsilon: float = 1e-5, **_attributes: Any) -> Any:
            scale, bias, mean, variance = (one.reshape(-1, *[1] * (x.ndim - 2)) for one in stored)
            return ((scale * (x - mean) / np.sqrt(variance + epsilon) + bias).astype(x.dtype),)

    class DequantizeLinear(OpRun):
        def _run(self, x: Any, scale: Any, *zero: Any, axis: int = 1, **_attributes: Any) -> Any:
            shape = (
                [-1 if dimension == axis % x.ndim else 1 for dimension in range(x.ndim)] if np.size(scale) > 1 else ()
            )
            whole = x.astype(np.int32) - (zero[0].astype(np.int32).reshape(shape) if zero else 0)
            return ((whole * scale.reshape(shape)).astype(scale.dtype),)

    own: list[Any] = [Dropout, BatchNormalization] if _opset(model) < 14 else []
    own += [DequantizeLinear] if _opset(model) < 19 else []
    try:
        check_model(model)
        return ReferenceEvaluator(model, new_ops=own)
    except (ValidationError, *_FAILURES) as error:
        raise _invalid(error) from None


def _invalid(error: Exception) -> InvalidNetwork:
    cause = f"is no valid model, says onnx: {_line(error)[:200].rstrip('.')}"
    return InvalidNetwork(_ITEM, cause, "export it again")


def _opset(model: ModelProto) -> int:
    return next((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), 1)


class _Walk:
    """Through the nodes of a graph in order, to its steps."""

    def __init__(self, model: ModelProto) -> None:
        self._model, self._opset = model, _opset(model)
        self._whole = _WHOLE.get(_inputs(model.graph)[0].elem_type, "")
        evaluator = _evaluator(model)
        self._nodes = list(zip(model.graph.node, evaluator.rt_nodes_, strict=True))
        self._stored: dict[str, Any] = {**evaluator.rt_inits_, "": None}
        self._room = 4 * MAX_PARAMETERS  # numbers that may be made of stored ones
        self._steps: list[Step] = []
        self._choice, self._batch = "", 1
        # which numbers of the inputs, or of the layer before, each tensor holds that is read on; how many there are
        self._live: dict[str, NDArray[np.int64]] = {}
        self._neurons: NDArray[np.int64] = np.zeros(0, dtype=np.int64)  # those of the one that is read
        self._n = 0

    def chain(self) -> OnnxChain:
        """The chain that the graph is."""
        left = [(node, runtime) for node, runtime in self._nodes if not self._made_of_stored(node, runtime)]
        shapes = self._input_shapes([node for node, _ in left])
        ends = np.cumsum([prod(shape) for shape in shapes])
        self._n = int(ends[-1])
        parts = zip(_input_names(self._model.graph), np.split(np.arange(self._n), ends[:-1]), shapes, strict=True)
        self._live = {name: part.reshape(shape) for name, part, shape in parts}
        unread = Counter(name for node, _ in left if node.op_type != "Shape" for name in {*node.input})
        written = 0  # nodes of a formula that was read
        for number, (node, runtime) in enumerate(left):
            if number < written or self._made_of_stored(node, runtime):
                continue
            here = [name for name in node.input if name in self._live]
            others = [name[:60] for name in node.input if name not in (*self._live, *self._stored)]
            moves, alone = node.op_type in (*_SHAPED, *_JOINED), len({*here}) == 1
            formula = alone and not moves and (unread[here[0]] > 1 or node.op_type in _FORMULA)
            unread.subtract({*here})
            if others or not (len(here) == 1 or formula or (node.op_type == "Concat" and len(here) == len(node.input))):
                read = repr(others[0] if others else here[-1])
                raise _bad(node, f"reads {read}, which is no stored tensor, beside the layer before")
            if node.op_type in _JOINED:
                given = (self._live.get(name, self._stored.get(name)) for name in node.input)
                self._live |= dict(zip(node.output, _tried(node, runtime.run, *given), strict=True))
                continue
            (at,) = {*here}
            self._neurons, given_up = self._live[at], node.output[0]
            if formula:
                length, given_up = self._formula(at, left[number:], Counter({**unread, at: unread[at] + 1}))
                written = number + length
                unread[at] = 0
            else:
                _tried(node, self._take, node, runtime, [*node.input].index(at))
            if not moves and (left_over := [name[:60] for name in self._live if unread[name] > 0]):
                raise _bad(node, f"stands beside another that reads {left_over[0]!r}, and a chain has one")
            self._live = {**(self._live if moves else {}), given_up: self._neurons}
        if (last := self._model.graph.output[0].name) not in self._live:
            raise InvalidNetwork(_ITEM, "has nodes beside the chain from input to output", "remove them")
        self._neurons = self._live[last]
        positions = self._neurons.ravel()
        if self._choice:
            chosen = int(positions.max(initial=0))
            self._steps.append(TwoClasses(self._choice, chosen))
            positions = np.flatnonzero(positions == chosen)
        else:
            self._steps = _picked(self._steps, positions)
            positions = np.arange(len(positions))
        steps = tuple(_with_rates(self._steps))
        return OnnxChain(self._model, steps, tuple(shapes), self._batch, positions, self._choice, self._whole)

    def _formula(self, start: str, nodes: list[tuple[NodeProto, Any]], readers: Mapping[str, int]) -> tuple[int, str]:
        """The activation that the first nodes compute of a tensor: how many they are, and what they give."""
        numbers = [self._stored[name] for node, _ in nodes[:_LONGEST] for name in node.input if name in self._stored]
        dtype = next((one.dtype for one in numbers if one is not None and one.dtype.kind == "f"), np.float64)
        values, unread = {start: _POINTS.astype(dtype)}, {start: readers[start]}
        for length, (node, runtime) in enumerate(nodes[:_LONGEST], start=1):
            if self._made_of_stored(node, runtime):
                continue
            stored = [self._stored.get(name) for name in node.input if name not in values]
            one_by_one = (*_ACTIVATIONS, *_FORMULA, *_ELEMENTWISE, "Neg")
            if node.op_type not in one_by_one or any(one is None or np.size(one) != 1 for one in stored):
                break
            given = [values[name] if name in values else self._stored[name].ravel() for name in node.input]
            values[node.output[0]] = found = np.asarray(_tried(node, runtime.run, *given)[0])
            unread[node.output[0]] = readers.get(node.output[0], 0)
            for name in {*node.input} & unread.keys():
                unread[name] -= 1
            if any(left for name, left in unread.items() if name != node.output[0]):
                continue
            points, digits, n = _POINTS, 12 if dtype == np.float64 else 6, len(PROBES)
            if known := known_by_values(points[:-n], found[:-n], found[-n:], digits, _ALIKE):
                self._steps.append(Activated(known.text))
                return length, node.output[0]
        several = f"is read by {readers[start]} nodes where a chain has one, and " if readers[start] > 1 else ""
        cause = f"{several}goes through no formula of a known activation"
        raise InvalidNetwork(f"tensor {start[:60]!r}", cause, _CURE)

    def _made_of_stored(self, node: NodeProto, runtime: Any) -> bool:
        """Whether a node depends on stored numbers and shapes alone; then what it gives is stored, too."""
        if node.op_type == "Shape" and node.input[0] in self._live:
            given = [np.empty(self._live[node.input[0]].shape)]
        elif node.op_type in _STORED and all(name in self._stored for name in node.input):
            given = [self._stored[name] for name in node.input]
        else:
            return False
        sizes = [np.size(one) for one in given]
        if node.op_type in _ELEMENTWISE:
            sizes = [prod(_tried(node, np.broadcast_shapes, *map(np.shape, given)))]
        self._room -= prod(sizes) if node.op_type == "Gather" else sum(sizes)
        if self._room < 0:
            raise InvalidNetwork(_ITEM, "makes too many numbers of those that it stores", "use a smaller network")
        self._stored |= dict(zip(node.output, _tried(node, runtime.run, *given), strict=False))
        return True

    def _input_shapes(self, nodes: list[NodeProto]) -> list[tuple[int, ...]]:
        """The shape of each input for one row; of one input of as many numbers as the first product reads."""
        every = [[max(0, one.dim_value) for one in tensor.shape.dim] or [0, 0] for tensor in _inputs(self._model.graph)]
        sizes, n_inputs = every[0], 0
        for node in nodes[::-1]:
            live = [name not in self._stored for name in node.input[:2]]
            if node.op_type in ("Gemm", "MatMul") and sum(live) == 1:
                n_inputs = _tried(node, self._weight, node, live.index(True)).shape[1]
        if not n_inputs:
            raise InvalidNetwork(_ITEM, "holds no dense layer", _CURE)
        by_rows = not sizes[0] and sizes[-1]  # a batch of any size of rows of so many
        for axis in (
            () if len(every) > 1 else (0,) if by_rows else (0, -1)
        ):  # of a batch, whether the file fixes its size or not
            row = [n or 1 for n in sizes]
            if prod(row) != n_inputs:
                row[axis] = 1
                unknown = [k for k, n in enumerate(sizes) if not n]
                if unknown and prod(row) == 1:  # nor is the number of inputs
                    row[unknown[-1]] = n_inputs
            if prod(row) == n_inputs:
                self._batch = max(1, sizes[0]) if axis == 0 and row[0] == 1 else 1
                return [tuple(row)]
        if all(len(one) > 1 and all(one[1:]) and one[0] == sizes[0] for one in every):
            self._batch = max(1, sizes[0])
            return [(1, *one[1:]) for one in every]
        cause = f"takes an input of shape {sizes[:8]}, and its first layer reads {n_inputs} numbers"
        raise InvalidNetwork(_ITEM, cause, "let the input be one row or a batch of rows")

    def _weight(self, node: NodeProto, position: int) -> NDArray[np.float64]:
        """Return the weight ``[n_out, n_in]`` of a product that reads the layer before at a position."""
        stored = np.asarray(self._stored[node.input[1 - position]], dtype=np.float64)
        matrix = np.expand_dims(stored, position - 1) if stored.ndim == 1 else stored.reshape(stored.shape[-2:])
        if not matrix.size:
            raise _bad(node, "has a weight without numbers")
        turned = _numbers(node).get("transA" if position else "transB", 0)
        return matrix.T if bool(turned) == bool(position) else matrix

    def _take(self, node: NodeProto, runtime: Any, position: int) -> None:
        """Read a node of the chain, which reads the layer before at a position."""
        operator, numbers = node.op_type, _numbers(node)
        inputs = [self._stored.get(name) for name in node.input]
        others = [one for one in inputs[:position] + inputs[position + 1 :] if one is not None]
        # in training these answer by chance or by other rows of the batch
        if operator in ("Dropout", "BatchNormalization"):
            training = numbers.get("is_test", 0) == 0 if self._opset < 7 else numbers.get("training_mode", 0)
            if training or (operator == "Dropout" and any(one.any() for one in others[1:])):
                raise _bad(node, "is set for training, where it answers by chance or by other rows")
        # behind the choice of a class numbers may be moved, but no longer computed with
        if self._choice and operator not in (*_UNCHANGED, *_MOVED, *_PICKED):
            raise _bad(node, f"stands behind {self._choice}, which chooses between two classes")
        # each operator is a product, an affine step, an activation, or moves numbers; any other is refused
        match operator:
            case "Cast" if numbers["to"] not in _FLOATS and self._choice != "ArgMax":
                if self._steps or not self._whole:
                    raise _bad(node, "rounds its numbers")
            case _ if operator in _UNCHANGED:
                pass
            case _ if position == 0 and operator in (*_MOVED, *_PICKED):
                if operator == "Gather" and others[0].size > 1 and self._choice:
                    raise _bad(node, "takes numbers more than once")
                if operator == "Reshape" and others[0].ravel()[0] == self._batch:
                    inputs[1] = np.r_[1, others[0][1:]]  # one row instead of the batch
                self._neurons = runtime.run(self._neurons, *inputs[1:])[0]
            case "Gemm" | "MatMul" if position < 2:
                self._multiply(node, position)
            case "Neg":
                self._steps.append(Affine(-1.0))
            case "Add":
                self._steps.append(Affine(shift=self._spread(node, others[0])))
            case "Sub":
                constant = self._spread(node, others[0])
                self._steps.append(Affine(-1.0, constant) if position else Affine(shift=-constant))
            case "Mul":
                self._steps.append(Affine(self._spread(node, others[0])))
            case "Div" if position == 0:
                self._steps.append(Affine(1.0 / self._spread(node, others[0])))
            case "BatchNormalization" if position == 0:
                channels = [one.reshape(-1, *[1] * (self._neurons.ndim - 2)) for one in others]
                scale, bias, mean, variance = (self._spread(node, one) for one in channels)
                scale = scale / np.sqrt(variance + numbers.get("epsilon", 1e-5))
                self._steps.append(Affine(scale, bias - mean * scale))
            case "Scaler":
                settings = {one.name: np.array(one.floats, np.float64) for one in node.attribute}
                scale = self._spread(node, settings["scale"])
                self._steps.append(Affine(scale, -self._spread(node, settings["offset"]) * scale))
            case _ if operator in _CHOICES:
                self._choose(node, numbers)
            case _ if operator in _ACTIVATIONS:
                self._steps.append(Activated(self._activation(node, inputs)))
            case "Swish" if numbers.get("alpha", 1.0) == 1.0:
                self._steps.append(Activated("silu"))
            case _:
                raise _bad(node, "reads the layer before as no dense layer and no activation does")

    def _activation(self, node: NodeProto, inputs: list[Any]) -> str:
        """The activation of a node, as it is written here."""
        known, numbers = _ACTIVATIONS[node.op_type], _numbers(node)
        if node.op_type == "Gelu":
            words = {one.name: one.s.decode(errors="replace") for one in node.attribute if one.type == 3}
            return "gelu_new" if words.get("approximate") == "tanh" else "gelu"
        if node.op_type == "Clip":  # its ends are attributes, or inputs
            least, most = ([*inputs[1:], None, None][k] for k in range(2))
            least, most = numbers.get("min", least), numbers.get("max", most)
            if most is None and least is not None and not least:
                return "relu"
            if least is None or most is None:
                raise _bad(node, "has one end, which is not 0")
            return known.text({"min": _shortest(least), "max": _shortest(most)})
        return known.text({one.name: _shortest(numbers[one.onnx]) for one in known.parameters if one.onnx in numbers})

    def _spread(self, node: NodeProto, stored: NDArray[Any]) -> NDArray[np.float64]:
        """Return what a stored tensor has for each neuron of the layer before, ``[n]``."""
        axis = _numbers(node).get("axis") if node.op_type in _ELEMENTWISE else None
        shape = np.broadcast_shapes(stored.shape, self._neurons.shape)
        if prod(shape) != self._neurons.size or axis not in (None, len(shape) - stored.ndim, -stored.ndim):
            cause = f"has a tensor of shape {list(stored.shape)} for one row of shape {list(self._neurons.shape)}"
            raise _bad(node, cause)
        self._neurons = self._neurons.reshape(shape)  # axes of size 1 may have come
        if sorted(self._neurons.ravel()) != [*range(self._n)]:
            raise _bad(node, "takes up some numbers of the layer before, or some twice, and is no dense layer")
        by_neuron = np.empty(self._n)
        by_neuron[self._neurons.ravel()] = np.broadcast_to(stored, shape).ravel()
        return by_neuron

    def _multiply(self, node: NodeProto, position: int) -> None:
        """A dense layer, from the left or the right."""
        numbers, weight, neurons = _numbers(node), self._weight(node, position), self._neurons
        axis = -1 if position == 0 or neurons.ndim == 1 else -2
        if node.op_type == "Gemm" and numbers.get("transB" if position else "transA", 0):
            neurons = neurons.T
        read = np.moveaxis(neurons, axis, -1)
        if read.shape[-1] != read.size or read.size != weight.shape[1]:
            cause = f"reads {read.shape[-1]} numbers of one row with a weight for {weight.shape[1]}"
            raise _bad(node, f"{cause}, and the layer before has {read.size}")
        n_axes = np.ndim(self._stored[node.input[1 - position]])
        self._neurons = np.moveaxis(np.arange(len(weight)).reshape(*read.shape[:-1], -1), -1, axis)
        if n_axes == 1:
            self._neurons = self._neurons.squeeze(axis)
        self._neurons = self._neurons.reshape((1,) * (n_axes - max(2, neurons.ndim)) + self._neurons.shape)
        placed = np.zeros((len(weight), self._n))
        np.add.at(placed.T, read.ravel(), weight.T * numbers.get("alpha", 1.0))
        self._n = len(weight)
        self._steps.append(Dense(placed))
        if len(node.input) == 3 and node.input[2]:
            bias = np.asarray(self._stored[node.input[2]], dtype=np.float64) * numbers.get("beta", 1.0)
            self._steps.append(Affine(shift=self._spread(node, bias)))

    def _choose(self, node: NodeProto, numbers: Mapping[str, Any]) -> None:
        """Softmax, LogSoftmax or ArgMax over the two outputs of a row."""
        old = self._opset < 13 and node.op_type != "ArgMax"  # over all axes from one on
        axis = int(numbers.get("axis", 0 if node.op_type == "ArgMax" else 1 if old else -1))
        neurons = self._neurons
        over = neurons.reshape(prod(neurons.shape[:axis]), -1) if old else np.moveaxis(neurons, axis, -1)
        if over.shape[-1] != 2 or over.ravel().tolist() != [0, 1] or numbers.get("select_last_index", 0):
            raise _bad(node, "does not choose between the two outputs of the layer before, the first of equals")
        self._choice = node.op_type
        if node.op_type == "ArgMax":
            self._neurons = np.ones(over.shape[:-1], dtype=np.int64)
            self._neurons = np.expand_dims(self._neurons, axis) if numbers.get("keepdims", 1) else self._neurons


def _picked(steps: list[Step], positions: NDArray[np.int64]) -> list[Step]:
    """Steps whose outputs are some of theirs, in another order perhaps."""
    last = max((position for position, step in enumerate(steps) if isinstance(step, Dense)), default=len(steps))
    found = steps[:last]
    for step in steps[last:]:
        match step:
            case Dense(weight, bias):
                found.append(Dense(weight[positions], None if bias is None else bias[positions]))
            case Affine(scale, shift):
                picked = (np.broadcast_to(one, np.shape(one) or (1,)) for one in (scale, shift))
                found.append(Affine(*(one[positions] if len(one) > 1 else one for one in picked)))
            case _:
                found.append(step)
    return found


def _with_rates(steps: list[Step]) -> list[Step]:
    """Steps in which a softplus between a factor and its reciprocal is one with that beta, as exporters write it."""
    found: list[Step] = []
    for step in steps:
        match found[-2:], step:
            case [Affine(rate, before), Activated("softplus")], Affine(share, behind) if (
                np.ptp(rate) == 0.0 and not np.any(before) and not np.any(behind) and np.allclose(rate * share, 1.0)
            ):
                found[-2:] = [Activated(FAMILIES["softplus"].text({"beta": _shortest(np.ravel(rate)[0])}))]
            case _:
                found.append(step)
    return found


def _tried(node: NodeProto, function: Callable[..., Any], *given: Any) -> Any:
    """Call a function of NumPy or onnx; an error names the node that it belongs to."""
    try:
        with np.errstate(all="ignore"):  # what is no number is refused with the weights
            return function(*given)
    except _FAILURES as error:
        raise _bad(node, f"does not fit what it reads ({_line(error)[:100]})") from None


def _numbers(node: NodeProto) -> dict[str, Any]:
    """Return a node's attributes that are one number."""
    return {one.name: float(one.f) if one.type == 1 else int(one.i) for one in node.attribute if one.type in (1, 2)}


def _shortest(value: Any) -> float:
    """A number; what is one of float32 as the shortest decimal that rounds to it: 0.01, not 0.00999…"""
    number = float(value)
    single = np.float32(number)
    return float(np.format_float_positional(single, unique=True)) if float(single) == number else number


def _bad(node: NodeProto, cause: str) -> InvalidNetwork:
    return InvalidNetwork(f"{_operator(node)[:40]} node", cause, _CURE)
