"""Modules of torch, in whatever way they are built: run once on rows that are drawn, and read by what they compute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidData, InvalidNetwork
from pluriscope.analysis.network_files.chain import Activated, Affine, Dense, Step, TwoClasses, file_of_steps
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.network_files.original import DOUBLE, SINGLE, Original, Rows
from pluriscope.analysis.subjects.transformer.model import LIMITS
from pluriscope.live.calls import PartCall, ReadTransformer
from pluriscope.live.graph import ROWS, Graph, Mixed, graph_of, label_as_entry, only_floats, part_call
from pluriscope.live.record import tensors
from pluriscope.live.running import running
from pluriscope.live.transformers import Unread, read_parts
from pluriscope.live.units import find_units, weighs

_TOLERANCES: Final = {"torch.float64": DOUBLE, "torch.float32": SINGLE, "torch.float16": 1e-2, "torch.bfloat16": 1e-1}
_MOST_INPUTS: Final = 4_096
_OTHER_IN_TRAINING: Final = (torch.nn.modules.dropout._DropoutNd, torch.nn.modules.batchnorm._BatchNorm)
_PARTS: Final = "dense layers, batch norm, activations and at the end a softmax over two classes"
_CURE: Final = "take these parts out, or train a model without them; docs/importing.md says what is read"


@dataclass(frozen=True)
class ReadPerceptron:
    """A perceptron as it was read: its network, with the module to be run beside it, and the calls that compute its
    parts.
    """

    file: NetworkFile
    calls: tuple[PartCall, ...]


def read_module(net: Any, context: int | None = None) -> ReadPerceptron | ReadTransformer:
    """The network that a module computes in evaluation mode.

    Args:
        context: how many tokens each row of a transformer has; as many as it has positions for if None.

    Raises:
        InvalidNetwork: parts that are not supported, all with their places; or it cannot be run.
    """
    item = f"module {type(net).__name__}"
    types = _checked(net, item)
    with evaluation(net, item) as modes:
        example, n_tokens = _example(net, item, context)
        graph = graph_of(net, example, example.shape[1] if n_tokens else 1, n_tokens)
        find_units(graph)
        tolerance = max((_TOLERANCES[one] for one in types), default=DOUBLE)
        remarks = tuple(_remarks(net, types, modes, example, tolerance))
        try:
            if not n_tokens:
                read = _perceptron(net, graph, item, tolerance)
                return replace(read, file=replace(read.file, remarks=(*read.file.remarks, *remarks)))
            document, calls = read_parts(graph)
        except Unread as problem:
            if n_tokens and not any(node.kind in ("softmax", "product") for node in graph.nodes):
                cause = "takes token ids and has no attention, so it is a perceptron of what it makes of them"
                cure = (
                    f"give its layers behind that, with data=F.one_hot(rows, {n_tokens}).float().flatten(1) or the like"
                )
                raise _of_another_kind(net, item) or InvalidNetwork(item, cause, cure) from None
            cause = f"has parts that are not supported: {problem}"
            raise _of_another_kind(net, item) or InvalidNetwork(item, cause, _CURE) from None

    def run(tokens: NDArray[np.int64]) -> Rows:
        found: Rows = _run(net, torch.as_tensor(tokens, device=_device(net)), item)
        return found.reshape(len(tokens), -1, found.shape[-1])[:, -1]

    return ReadTransformer(document, run, tolerance, remarks, calls)


def _remarks(
    net: Any, types: list[str], modes: list[tuple[Any, bool]], example: Any, tolerance: float
) -> Iterator[str]:
    """Remarks on how a module was read, found on some rows."""
    names = {part: name or "itself" for name, part in net.named_modules()}
    training = [
        part for part, mode in modes if mode and isinstance(part, _OTHER_IN_TRAINING) and vars(part).get("p", 1)
    ]
    if not training and net in (one for one, mode in modes if mode):
        before = only_floats(net(example))
        with torch.random.fork_rng(), suppress(Exception):  # other people's code: it may take no rows in training
            _set(modes)
            same = torch.allclose(only_floats(net(example)), before, rtol=tolerance, atol=tolerance, equal_nan=True)
            training = [] if same else [net]
        net.eval()
    hooked = [part for part in names if part._forward_hooks or part._forward_pre_hooks]
    for parts, state, read in (
        (training, "in training mode", "in evaluation mode"),
        (hooked, "with hooks", "with them"),
    ):
        # TransformerLens hangs hooks on the modules that it wraps
        its = [names[part] for part in parts if "_original_component" not in names[part]]
        if its:
            yield f"Modules {state}: {', '.join(its)}. What they compute {read} was read."
    names_of: dict[Any, list[str]] = {}
    for prefix, part in net.named_modules():  # each once, whatever other names it has
        for name, values in part.named_parameters(recurse=False, remove_duplicate=False):
            names_of.setdefault(values, []).append(f"{prefix}.{name}".removeprefix("."))
    for tied in names_of.values():
        if len(tied) > 1:
            yield f"Parameters {', '.join(tied)} are one tensor; each was read as numbers of its own."
    if low := [one for one in types if one not in ("torch.float32", "torch.float64")]:
        yield f"Numbers of {', '.join(low)} are rounded as it runs; what they are was read, and rounds nothing."


def _checked(net: Any, item: str) -> list[str]:
    """The types of a module's numbers, all of which are there."""
    if getattr(net.forward, "__func__", None) is torch.nn.Module.forward:
        cause = "has no forward of its own, so nothing says in which order its parts run"
        raise InvalidNetwork(item, cause, "give nn.Sequential(…) of its layers, or a module with a forward")
    for name, values in (*net.named_parameters(), *net.named_buffers()):
        if torch.nn.parameter.is_lazy(values):
            raise InvalidNetwork(f"parameter {name}", "has no values yet", "run the module once, on a row of inputs")
        if values.is_meta:
            cause, cure = "is on the meta device, which holds no values", "load its weights onto another device first"
            raise InvalidNetwork(f"parameter {name}", cause, cure)
        if values.layout is not torch.strided:
            raise InvalidNetwork(f"parameter {name}", f"is sparse ({values.layout})", "use .to_dense()")
        if isinstance(values, torch.nn.Parameter) and not torch.isfinite(values).all():
            raise InvalidNetwork(f"parameter {name}", "has values that are no finite numbers", "train it anew")
    for name, part in net.named_modules():
        if isinstance(part, torch.jit.ScriptModule):
            cause, cure = "is compiled by torch.jit, so that its calls are not seen", "give it as it was before that"
            raise InvalidNetwork(f"module {name or type(part).__name__}", cause, cure)
        if "quantized" in type(part).__module__:
            named = f"module {name} ({type(part).__module__}.{type(part).__qualname__})"
            raise InvalidNetwork(named, "is no dense layer of floats: it is quantised", "use the model before that")
        if isinstance(part, torch.nn.modules.batchnorm._BatchNorm) and part.running_var is None:
            cause, cure = "keeps no running statistics", "use track_running_stats=True, and train it so"
            raise InvalidNetwork(f"module {name} ({type(part).__name__})", cause, cure)
    types = sorted({str(values.dtype) for values in (*net.parameters(), *_floats(net))})
    if set(types) - _TOLERANCES.keys():
        raise InvalidNetwork(item, f"has parameters of {', '.join(types)}", "use float32 or float64: net.double()")
    return types


def _floats(net: Any) -> list[Any]:
    """Tensors of weights, those that no parameter or buffer names included."""
    found = [value for part in net.modules() for value in vars(part).values() if isinstance(value, torch.Tensor)]
    return [one for one in (*net.parameters(), *net.buffers(), *found) if one.is_floating_point()]


def _device(net: Any) -> Any:
    return next((one.device for one in _floats(net)), torch.device("cpu"))


def _example(net: Any, item: str, context: int | None) -> tuple[Any, int]:
    """Rows on which a module runs without error, ``[ROWS, n_inputs]`` floats or ``[ROWS, context]`` token ids, and the
    size of the vocabulary, 0 for floats.
    """
    dice, floats = torch.Generator().manual_seed(0), _floats(net)
    embeddings = [one.weight for one in net.modules() if isinstance(one, torch.nn.Embedding)]
    dense = [one.in_features for one in net.modules() if isinstance(one, torch.nn.Linear)][:1]
    widths = {size for one in floats for size in one.shape if size <= _MOST_INPUTS}
    problem: Exception | None = None
    for n in () if embeddings else (*dense, *sorted(widths - {*dense}, reverse=True)) or (1,):
        drawn = torch.rand(ROWS, n, generator=dice, dtype=floats[0].dtype if floats else None).to(_device(net))
        try:
            only_floats(net(drawn))
        except Exception as error:  # other people's code: it takes other inputs
            problem = problem or error
        else:
            return drawn, 0

    def rows(n: int, token: int) -> Any:
        return torch.full((ROWS, n), token, device=_device(net))

    most = LIMITS["context"][1]
    for n in range(context or most + 1, 0, -1):
        try:
            output = only_floats(net(rows(n, 0)))
        except Exception as error:
            problem = problem or error
            continue
        if n > most and not context:
            cause = "is not given, and nothing in the model says how long rows are"
            raise _of_another_kind(net, item) or InvalidNetwork("data", cause, "give data=…, rows of token ids")
        n_tokens = output.shape[-1]
        for name, size in {"vocabulary": n_tokens, "context": n}.items():
            if size > LIMITS[name][1]:
                cure = "train a smaller one; docs/scope.md says why"
                raise InvalidNetwork(item, f"has a {name} of {size:,}; the most are {LIMITS[name][1]:,}", cure)
        takes = [_runs(net, rows(n, token)) for token in (n_tokens - 1, n_tokens)]
        if takes != [True, False]:
            apart = "more" if takes[0] else "fewer"
            cause = f"gives {n_tokens:,} numbers at each position and takes {apart} token ids than these"
            cure = "give a model with a logit for each token that it takes"
            if takes[0]:
                more = (one for one in range(1, LIMITS["vocabulary"][1]) if not _runs(net, rows(n, n_tokens + one)))
                cure += f": for its outputs y F.pad(y, (0, {next(more, 1)}), value=-100.0), far below the others"
            raise InvalidNetwork(item, cause, cure)
        if context and n < context:
            raise InvalidData("data[0]", f"has {context} tokens, and the model has {n} positions", "give shorter rows")
        return torch.randint(n_tokens, (ROWS, n), generator=dice).to(_device(net)), n_tokens
    for n in widths:
        if _runs(net, torch.rand(ROWS, 2, n, dtype=floats[0].dtype, device=_device(net))):
            cause = "takes several numbers at each position, as one-hot tokens are"
            cure = "let it take token ids: F.one_hot(tokens, n).float() in its forward"
            raise _of_another_kind(net, item) or InvalidNetwork(item, cause, cure)
    raise _of_another_kind(net, item) or problem or ValueError("it takes no rows")


def _of_another_kind(net: Any, item: str) -> InvalidNetwork | None:
    """Error for a module of a kind that is read from files alone; None for others."""
    recurrent = {name: part for name, part in net.named_modules() if isinstance(part, torch.nn.RNNBase)}
    for name, part in recurrent.items():
        if not isinstance(part, torch.nn.RNN):
            within, last = name or "rnn", part.hidden_size * (1 + part.bidirectional) - 1
            cure = f"give it to pluriscope.space with units of it, such as {within}[0] and {within}[{last}]"
            if not name:
                cure = f"let a module hold it as rnn, with a layer on what it gives, and {cure}"
            return InvalidNetwork(item, "has gates that no kind of network here has", cure)
    if recurrent:
        cause, kind, parts = "is recurrent", "elman", "an nn.RNN of one layer and a linear layer on its last step"
    elif any(isinstance(part, torch.nn.Conv2d) for part in net.modules()):
        cause, kind = "is convolutional", "convolutional"
        parts = "one or two convolutions and a linear layer on the mean of each channel"
    else:
        return None
    cure = f"write its numbers to a file of the format pluriscope-{kind}/1, which holds {parts}: docs/importing.md"
    return InvalidNetwork(item, f"{cause}, and live modules of that kind are not read", cure)


def _runs(net: Any, rows: Any) -> bool:
    try:
        only_floats(net(rows))
    except Exception:  # other people's code: it does not take them
        return False
    return True


def _run(net: Any, rows: Any, item: str) -> Any:
    """Outputs of a module as float64; an error if a second run gives others."""
    with evaluation(net, item):
        found, again = (only_floats(net(rows)).detach().cpu().double().numpy() for _ in range(2))
    if not np.array_equal(found, again, equal_nan=True):
        cure = "take out what it draws or counts from call to call"
        raise InvalidNetwork(item, "gives other outputs when it is run again", cure)
    return found


@contextmanager
def evaluation(net: Any, item: str) -> Iterator[list[tuple[Any, bool]]]:
    """A module in evaluation mode, without gradients, each call made as it is written; what its forward changes is put
    back: modes, numbers, other attributes and the state of random numbers.

    Gives the modes of its parts.
    """
    parts = list(net.modules())
    modes = [(part, part.training) for part in parts]
    attributes = [vars(part) for part in parts]
    lists = [held for one in attributes for held in one.values() if isinstance(held, (dict, list))]
    kept = [(held, type(held).copy(held)) for held in (*attributes, *lists)]
    plain = [one for one in tensors(attributes) if one.layout is torch.strided and not one.is_meta]
    numbers = [(one, one.detach().clone()) for one in {id(one): one for one in (*net.parameters(), *plain)}.values()]
    as_written = torch.compiler.set_stance("force_eager") if any(map(is_compiled, parts)) else nullcontext()
    try:
        with running(item), torch.no_grad(), as_written, torch.random.fork_rng(devices=[]):
            with suppress(NotImplementedError):  # of torch.export, whose modules have one mode
                net.eval()
            yield modes
    finally:
        for held, before in kept:
            held.clear()
            held.update(before) if isinstance(held, dict) else held.extend(before)
        with torch.no_grad():
            for values, before in numbers:
                if not torch.equal(values, before):
                    values.copy_(before)


def is_compiled(part: Any) -> bool:
    """Whether a module is what ``torch.compile`` makes of one."""
    return hasattr(part, "_orig_mod") or part._compiled_call_impl is not None


def _set(modes: list[tuple[Any, bool]]) -> None:
    for part, mode in modes:
        part.training = mode


def _perceptron(net: Any, graph: Graph, item: str, tolerance: float) -> ReadPerceptron:
    """The chain of dense layers and activations that a graph is."""
    nodes = graph.nodes
    unread = [node.where for node in nodes if node.kind in ("unknown", "norm", "product") or "conv" in node.name]
    if unread:
        raise Unread(f"{'; '.join(dict.fromkeys(unread))}: only {_PARTS} are read")
    parts, at = list[tuple[int, int]](), graph.output
    while at:
        sources = graph.sources(at)
        if len(sources) != 1:
            what = "takes up what several layers give" if sources else "does not depend on the inputs"
            raise Unread(f"{nodes[at].where} {what}")
        parts.insert(0, (sources[0], at))
        at = nodes[sources[0]].entry if sources[0] else 0
    steps, calls = list[Step](), [part_call(graph, 0, "inputs", 0)]
    choice = None
    for start, end in parts:
        unit = nodes[start]
        try:
            if start:
                label_as_entry(graph, start)
            if unit.kind == "activation":
                steps.append(Activated(unit.about))
                calls.append(part_call(graph, start, "values", sum(isinstance(one, Dense) for one in steps)))
            if unit.kind == "softmax":
                ways = graph.code(start).movedim(unit.about[1], -1)
                if bool((ways != ways[..., :1]).any()):
                    raise Mixed
                choice = unit.about[0]
                (matrix,), added = graph.maps([start], end)
                chosen = [
                    one for one in (0, 1) if matrix.tolist() == torch.eye(matrix.shape[1])[one : one + 1].tolist()
                ]
                if added.any() or not (chosen or torch.equal(matrix, torch.eye(matrix.shape[1], dtype=matrix.dtype))):
                    raise Unread(f"{nodes[end].where} changes what a softmax gives")
                steps.append(TwoClasses(choice, *chosen))
            else:
                _affine_steps(graph, start, end, steps, calls)
        except Mixed:
            raise Unread(f"{nodes[end].where} depends on other rows, or on which row it is") from None

    def run(rows: Rows) -> Rows:
        given = torch.tensor(rows).to(_device(net), next((one.dtype for one in _floats(net)), torch.float32))
        outputs: Rows = _run(net, given, item).reshape(len(rows), -1)
        if choice is None:
            return outputs
        second = outputs[:, 1:] if outputs.shape[1] == 2 else outputs
        return np.exp(second) if choice == "LogSoftmax" else second

    original = Original(run, tolerance, cure="give a module of dense layers and activations alone")
    return ReadPerceptron(replace(file_of_steps(steps, item), original=original), tuple(calls))


def _affine_steps(graph: Graph, start: int, end: int, steps: list[Step], calls: list[PartCall]) -> None:
    """Add what a stretch of affine calls computes: a dense layer for each of its matrices."""
    chain = [end]
    while chain[0] != start and len(graph.nodes[chain[0]].takes) == 1:
        chain.insert(0, graph.nodes[chain[0]].takes[0])
    before, found = start, 0
    for one in chain[1:] if chain[0] == start else [end]:
        if not isinstance(graph.nodes[one].value, torch.Tensor):
            continue
        (matrix,), added = graph.maps([before], one)
        weight, bias = matrix.numpy(), added[0].numpy()
        dense = chain[0] != start or weighs(graph.nodes[one])
        if not dense and weight.shape[0] == weight.shape[1] and not (weight - np.diag(np.diag(weight))).any():
            if bias.any() or (np.diag(weight) != 1).any():
                steps.append(Affine(np.diag(weight), bias))
        elif not dense and one == end and steps and isinstance(last := steps[-1], Dense):
            constant = bias if last.bias is None else weight @ last.bias + bias
            steps[-1] = Dense(weight @ last.weight, constant)
        elif dense or one == end:
            steps.append(Dense(weight, bias))
            found += 1
        else:
            continue  # the next matrix takes it up
        before = one
    layer = sum(isinstance(one, Dense) for one in steps)
    if layer:
        calls.append(part_call(graph, end, "sums", layer))
