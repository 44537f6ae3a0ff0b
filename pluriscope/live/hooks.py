"""A module of torch that runs as one circuit of it for a while; loads torch.

What a reader is given is made by the module's own calls between its sources and itself, made again with what the
circuit's edges carry, from the record of the very run. So any structure of modules will do, a LayerNorm is taken of
what its reader is given, and derivatives reach the module's own parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any, Final, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.declaration import OutputIs
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.network_files.intake import with_output
from pluriscope.analysis.network_files.original import Original
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.live.calls import PartCall, ReadTransformer
from pluriscope.live.modules import is_compiled, read_module
from pluriscope.live.packages import opened
from pluriscope.live.record import Call, Key, Record, argument, located, replaced, tensors
from pluriscope.live.token_tasks import live_transformer

Kept = NDArray[np.bool_]
_BY_HEAD: Final = ("query", "key", "value", "attended")
_SAME_CALLS: Final = "let it make the same calls whatever it is given: no branches on values"
_OF_PARAMETERS: Final = 1e-2
"""Of the tolerance of outputs, by how much parameters may differ."""
_IN_USE: Final = set[int]()  # ids of the modules that run as a circuit


@dataclass(frozen=True)
class Source:
    """A part whose elements, such as heads or neurons, edges carry.

    Args:
        call: where it is computed.
        absent: what ablated edges carry, as an array that broadcasts to the part.
        token: of what is given as token and position apart, two elements, where the token is.
    """

    call: PartCall
    absent: Any = 0.0
    token: PartCall | None = None


@dataclass(frozen=True)
class Reader:
    """A part whose elements read sources.

    Args:
        call: where it is computed.
        kept: by the place of each source that it may read ``[its elements, elements of the source]``.
    """

    call: PartCall
    kept: Mapping[int, Kept]


class _Run(Record):
    """A run of a module, as it is or as a circuit."""

    def __init__(self, module: Any, given: Any, circuit: _Ablated | None = None) -> None:
        super().__init__(module)
        self._circuit = circuit
        inputs = tuple(tensors(given))
        self.first = Call(-1, "", "", module.forward, (), {}, grad=True, in_place=False, result=inputs)
        self.first.gives = self.keys(inputs)
        self.held: dict[int, Sequence[Any]] = {-1: inputs}  # what calls gave, by their number

    def call(self, call: Call) -> Any:
        """Make a call, and replace its result by the circuit's."""
        options = {name: argument(call.function, call.args, call.kwargs, name) for name in ("training", "p")}
        if options["training"] and options["p"] != 0:
            cause = f"draws, or looks at a batch as a whole, in training mode ({call.name})"
            raise InvalidNetwork(located(call.path), cause, "run it in evaluation mode: .eval()")
        call.result = super().call(call)
        if self._circuit is not None and (call.in_place or tensors(call.result)):
            self._circuit.hold_against(call.number, call)
            call.result = self._circuit.put(self, call)
        copied = self._circuit is None or self._circuit.changes  # before something changes them
        self.held[call.number] = [one.clone() if copied else one for one in tensors(call.result)]
        return call.result

    def result(self, number: int) -> Any:
        """Result of a call, before anything was changed in place."""
        made = self.first if number < 0 else self.own[number]
        return replaced(made.result, made.gives, dict(zip(made.gives, self.held[number], strict=True)))


class _Ablated:
    """A module that runs as a circuit.

    It runs as it is until the circuit is set.

    Args:
        module: the module.

    Attributes:
        plain: the last run of it as it is.
        sources: in the order in which they are computed.
        readers: likewise; None until there is a circuit.
    """

    def __init__(self, module: Any) -> None:
        self._module, self._forward = module, module.forward
        self.plain: Any = None
        self.sources: Sequence[Source] = ()
        self.readers: Sequence[Reader] | None = None

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Replacement of the module's forward, which some packages call without the module."""
        item = f"module {type(self._module).__name__}"
        if torch.compiler.is_compiling() or torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
            raise InvalidNetwork(item, "is compiled or traced while it runs as a circuit", "run it as it is")
        run = _Run(self._module, (args, kwargs), None if self.readers is None else self)
        if self.readers is not None and (shape := _shapes(run)) != (known := _shapes(self.plain)):
            cause = f"has rows of the shape {shape}, and the task's are {known}"
            raise InvalidNetwork("the module's input", cause, "give rows like those of the task, however many")
        with run:
            output = self._forward(*args, **kwargs)
        if self.readers is None:
            self.plain = run
        else:
            self.hold_against(len(run.own), None)
        return output

    def __reduce__(self) -> Any:
        item = f"module {type(self._module).__name__}"
        raise InvalidNetwork(item, "is copied or saved while it runs as a circuit", "leave the context first")

    def hold_against(self, number: int, call: Call | None) -> None:
        """Refuse a run that makes other calls than the module as it is."""
        known = self.plain.own[number].name if number < len(self.plain.own) else "nothing more"
        name = call.name if call else "nothing more"
        if name != known:
            cause = f"calls {name} where it called {known} when it was run whole"
            raise InvalidNetwork(located(call.path if call else ""), cause, _SAME_CALLS)

    def put(self, run: _Run, call: Call) -> Any:
        """Result of a call with the circuit's values in place of its own."""
        for reader in self.readers or ():
            if reader.call.number == call.number:
                call.result = reader.call.put(call.result, self._read(run, call, reader))
        return call.result

    @property
    def changes(self) -> bool:
        """Whether the module changes something in place."""
        return any(call.in_place for call in self.plain.calls)

    def _read(self, run: _Run, call: Call, reader: Reader) -> Any:
        """A reader's value: each element from what its own edges carry."""
        kept = np.concatenate(list(reader.kept.values()), axis=1)
        value = reader.call.taken(call.result)
        for alike in np.unique(kept, axis=0):
            if not alike.all():
                replacements, parts = dict[Key, Any](), iter(alike)
                for source, of_source in reader.kept.items():
                    own = np.array([next(parts) for _ in range(of_source.shape[1])])
                    replacements |= self._carried(run, call, self.sources[source], own)
                again = reader.call.taken(run.again(call, replacements))
                value = torch.where(_elements(reader.call, (kept == alike).all(axis=1), again), again, value)
        return value

    def _carried(self, run: _Run, now: Call, source: Source, kept: Kept) -> dict[Key, Any]:
        """Values that edges carry of a source of which some elements are kept, by the tensors that hold it."""
        calls, number = [*run.own, now], source.call.number
        made = run.first if number < 0 else calls[number]
        variants = {made.gives: run.result(number)}
        for call, at in _takers(self.plain, number) if len(made.gives) == 1 else ():
            if call < len(calls) and (key := calls[call].takes[at]) not in made.gives:  # a hook put another there
                one = tensors((calls[call].args, calls[call].kwargs))[at]
                variants[key,] = replaced(made.result, made.gives, {made.gives[0]: one})
        found = dict[Key, Any]()
        for keys, result in variants.items():
            new = result if kept.all() else source.call.put(result, self._left(run, made, source, kept, result))
            found |= dict(zip(keys, tensors(new), strict=True))
        return found

    def _left(self, run: _Run, made: Call, source: Source, kept: Kept, result: Any) -> Any:
        """A source's value as edges carry it that keep some of its elements."""
        value = source.call.taken(result)
        if source.token is not None and kept.any():  # one of token and position
            token = run.result(source.token.number)
            nothing = tensors(source.token.put(token, torch.zeros_like(source.token.taken(token))))
            keys = run.own[source.token.number].gives
            position = source.call.taken(run.again(made, dict(zip(keys, nothing, strict=True))))
            return position if kept[1] else value - position
        absent = torch.as_tensor(source.absent, dtype=value.dtype, device=value.device)
        return torch.where(_elements(source.call, kept[:1] if source.token else kept, value), value, absent)


def _elements(call: PartCall, which: Kept, like: Any) -> Any:
    """Some elements of a part, so that it broadcasts to its values."""
    return torch.as_tensor(which[:, None] if call.part in _BY_HEAD else which, device=like.device)


def _shapes(run: _Run) -> list[tuple[int, ...]]:
    """Shape of one row of each input tensor of the module."""
    return [tuple(one.shape[1:]) for one in run.held[-1]]


def _takers(run: _Run, number: int) -> list[tuple[int, int]]:
    """Calls that take the tensor that a call gives, each with the number of the argument."""
    (key,) = (run.first if number < 0 else run.own[number]).gives
    return [(call.number, at) for call in run.own for at, taken in enumerate(call.takes) if taken == key]


class Hooks:
    """A context in which a module runs as a circuit of it, whoever calls it; it is as before afterwards.

    Args:
        question: of the network that the module is.
        mask: of the circuit.
        title: of the circuit.
        model: the module, or a package's model that holds it.
    """

    def __init__(self, question: Any, mask: int, title: str, model: Any) -> None:
        self._question, self._mask, self._title, self._model = question, mask, title, model
        self._stack = ExitStack()

    def __enter__(self) -> None:
        """Hook the circuit into the module; errors as of :meth:`pluriscope.library.circuits.Circuit.hooks`."""
        opened_model, question, item = opened(self._model), self._question, f"module {type(self._model).__name__}"
        module = opened_model.module
        if opened_model.edited:
            cause, cure = "has edits, which are not made in its module", "write them into the module's forward"
            raise InvalidNetwork(item, cause, cure)
        _refuse_unfit(module, item)
        run, tolerance, calls = _read_as(question, module)
        of_perceptron = question.kind is PERCEPTRON
        rows = question.data.representatives if of_perceptron else question.subject.tokens
        with ExitStack() as stack:
            ablated = _Ablated(module)
            own = {name: one for name, one in vars(module).items() if name == "forward"}
            stack.callback(vars(module).update, own)
            stack.callback(vars(module).pop, "forward")
            vars(module)["forward"] = ablated.forward
            _IN_USE.add(id(module))
            stack.callback(_IN_USE.discard, id(module))
            run(rows)
            parts = _of_perceptron if of_perceptron else _of_transformer
            ablated.sources, ablated.readers = parts(question, self._mask, calls, ablated.plain)
            theirs, ours = run(rows), question.outputs(self._mask)
            theirs = theirs[:, question.output, None] if of_perceptron else theirs
            wrong = ~(np.abs(theirs - ours) <= tolerance * max(1.0, float(np.abs(ours).max())))
            if wrong.any():
                row, output = np.argwhere(wrong)[0]
                cause = f"gives {theirs[row, output]:.9g} on row {row} as {self._title}, which gives "
                cure = "take away hooks of your own that change what its parts give"
                raise InvalidNetwork(item, f"{cause}{ours[row, output]:.9g}", cure)
            self._stack = stack.pop_all()

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __repr__(self) -> str:
        return f"<hooks: {type(self._model).__name__} runs as {self._title}>"


def _refuse_unfit(module: Any, item: str) -> None:
    """Refuse what is no module, what makes calls of torch that are not seen, and what runs as a circuit already."""
    if not isinstance(module, torch.nn.Module):
        cause = "is no module of torch, so it cannot run as a circuit"
        raise InvalidNetwork(item.replace("module", "model", 1), cause, "give the module that was explained")
    parts = list(module.modules())
    for part in parts:
        if is_compiled(part) or isinstance(part, (torch.jit.ScriptModule, torch.nn.DataParallel)):
            cause = f"holds a {type(part).__name__}, whose calls of torch are not seen one by one"
            raise InvalidNetwork(item, cause, "give it as it was before it was compiled, scripted or spread")
    if _IN_USE & {id(part) for part in parts}:
        raise InvalidNetwork(item, "runs as a circuit already", "leave that context first")


def _read_as(question: Any, module: Any) -> tuple[Callable[[Any], Any], float, Sequence[PartCall]]:
    """Function that runs the module, how far its outputs may be from ours, and the calls that compute its parts."""
    subject = question.subject
    if question.kind is PERCEPTRON:
        read: Any = read_module(module)
        found = [] if isinstance(read, ReadTransformer) else _with_outputs(read.file)
        read_as: list[Any] = [(network, original.run, original.tolerance) for network, original in found]
    else:
        read, read_as = read_module(module, subject.tokens.shape[1]), []
        if isinstance(read, ReadTransformer):
            task = {"rows": subject.tokens.tolist()}, subject.answers.tolist()
            read_as = [(live_transformer(read, *task, name=subject.name), read.run, read.tolerance)]
    apart = "it is of another kind"
    for network, run, tolerance in read_as:
        if not (apart := _differences(network, subject, tolerance)):
            return run, tolerance, read.calls
    item = f"module {type(module).__name__}"
    cause = f"is not the network of this result: {apart}"
    raise InvalidNetwork(item, cause, "give the module that was explained, with the weights that it had then")


def _with_outputs(file: NetworkFile) -> list[tuple[Network, Original]]:
    """A perceptron with its outputs as each declaration has them, with what it was read from."""
    found = []
    for output_is in get_args(OutputIs):
        with suppress(InvalidNetwork):
            network, original = with_output(file, output_is)
            found += [] if original is None else [(network, original)]
    return found


def _differences(one: Any, other: Any, tolerance: float) -> str:
    """Clause on the difference between two networks of one kind; "" for none."""
    sizes = [_shape(network) for network in (one, other)]
    if sizes[0] != sizes[1]:
        return f"its shape is {sizes[0]}, and the result's {sizes[1]}"
    for name, values in one.parameters.items():
        known = other.parameters[name]
        apart = float((np.abs(values - known) / np.maximum(1.0, np.abs(known))).max())
        if apart > _OF_PARAMETERS * tolerance:
            return f"{name} differs by up to {apart:.2g}"
    return ""


def _shape(network: Any) -> str:
    """Sizes and settings in words."""
    shapes = [f"{name} {'×'.join(map(str, one.shape))}" for name, one in network.parameters.items()]
    if isinstance(network, Network):
        return ", ".join([*shapes, network.activation, network.output_activation, str(network.negative_slope)])
    return ", ".join([*shapes, *(f"{name} {value}" for name, value in network.blocks.sizes.items())])


def _of_perceptron(
    question: Any, mask: int, calls: Sequence[PartCall], plain: _Run
) -> tuple[list[Source], list[Reader]]:
    """The parts of a circuit of a perceptron: neurons read those of the layer before."""
    found, kept = {(call.part, call.layer): call for call in calls}, list(Circuit(question.layout, mask).keep)
    sources = [
        Source(found["values" if layer else "inputs", layer], absent) for layer, absent in enumerate(question.absent)
    ]
    last = found["sums", len(kept)]
    n_outputs = last.taken(plain.result(last.number)).shape[-1]
    kept[-1] = np.repeat(kept[-1], n_outputs, axis=0)  # two classes are one output, with the edges of both
    if n_outputs == question.subject.n_outputs:
        kept[-1][np.arange(n_outputs) != question.output] = True
    return sources, [Reader(found["sums", layer + 1], {layer: one}) for layer, one in enumerate(kept)]


def _of_transformer(
    question: Any, mask: int, calls: Sequence[PartCall], plain: _Run
) -> tuple[list[Source], list[Reader]]:
    """The parts of a circuit of a transformer."""
    found: dict[Any, PartCall] = {
        (call.part, call.part != "logits" and call.layer, head): call for call in calls for head in call.heads
    }
    graph, means = question.graph, question.rules["ablation"] == "mean"
    split = question.rules["embedding"] == "split"
    sources, elements, sizes = list[Source](), list[tuple[int, int]](), list[int]()
    for node in graph.nodes[:-1]:  # those of one part follow each other
        layer, _, head = node.name.rpartition(".")
        part = "given" if not layer else "attended" if node.looks else "written"
        call = found[part, int(layer or 0), int(head) if part == "attended" else 0]
        if not sources or sources[-1].call is not call:
            absent = call.taken(plain.result(call.number)).mean(0) if means else 0.0
            sources.append(Source(call, absent, found["token", 0, 0] if split and not layer else None))
            sizes.append(0)
        elements.append((len(sources) - 1, sizes[-1]))
        sizes[-1] += 1
    slots = {"q": ("query",), "k": ("key",), "v": ("value",), "": ("query", "key", "value")}
    readers = dict[Any, tuple[PartCall, dict[int, Kept]]]()
    for edge, one in zip(graph.edges, graph.kept_edges(graph.bits([mask]))[0], strict=True):
        node, (source, element) = graph.nodes[edge.target], elements[edge.source]
        layer, _, head = node.name.rpartition(".")
        looks = bool(layer) and node.looks
        for part in slots[edge.slot] if looks else ("hidden" if layer else "logits",):
            call = found[part, int(layer or 0), int(head) if looks else 0]
            _, kept = readers.setdefault((part, call.layer, call.heads[0]), (call, {}))
            kept.setdefault(source, np.zeros((len(call.heads), sizes[source]), dtype=np.bool_))
            kept[source][call.heads.index(int(head)) if looks else 0, element] = one
    return sources, [Reader(*reader) for reader in readers.values()]
