"""A transformer in a graph of calls: attention, MLP blocks and LayerNorms between stretches that are affine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import sqrt
from typing import Any, Final

import torch

from pluriscope.analysis.subjects.transformer.model import FORMAT
from pluriscope.live.calls import Part, PartCall
from pluriscope.live.graph import (
    MASKED,
    ROWS,
    Graph,
    Mixed,
    Node,
    Unlabelled,
    carried,
    close,
    label_as_entry,
    part_call,
)

_POSITION: Final = "depends on the position in another way than by what is added to embeddings (rotary positions do)"
_REFUSED: Final = {"rms": "is an RMSNorm, which does not centre", "unknown": "is no part that a transformer here has"}


class Unread(Exception):
    """Error: a model has parts that no network here has; each part and what it does."""


class _Refused(Exception):
    """A node, and what it does that is not supported."""


@dataclass(frozen=True)
class _Heads:
    """The heads of one softmax.

    Args:
        reads: the nodes that hold queries, keys and values.
        mixed: the product that weighs values.
        query: ``[heads, n, d_head]`` from what the node of queries holds to the query of each head.
        at: ``[heads, d_head]`` the components of keys and values that each has.
        output: ``[heads, d_head, n]`` where in what is mixed each value goes.
    """

    reads: tuple[int, int, int]
    mixed: int
    query: Any
    at: tuple[Any, Any]
    output: Any


@dataclass(frozen=True)
class _Block:
    """A block that reads the residual stream: heads, or an MLP block with this activation."""

    stream: int
    heads: tuple[_Heads, ...] = ()
    activation: int = -1

    @property
    def adds(self) -> set[int]:
        """Nodes from which the block's addition to the stream is computed."""
        return {one.mixed for one in self.heads} if self.heads else {self.activation}


class _Problems:
    """Unsupported parts of a model, collected so that one error names all of them."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self._found = graph, dict[str, None]()

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Collect a refusal within the block."""
        try:
            yield
        except Unlabelled:
            pass  # depends on what is noted already
        except _Refused as problem:
            index, cause = problem.args
            self._found[f"{self.graph.nodes[index].where} {cause}"] = None

    def settle(self) -> None:
        """Raise Unread if any part was refused: later steps need all earlier ones."""
        if self._found:
            raise Unread("; ".join(self._found))


def read_parts(graph: Graph) -> tuple[dict[str, Any], tuple[PartCall, ...]]:
    """The document of a model file, without name, tokens and tasks, and the calls that compute its parts.

    Raises:
        Unread: everything that is not supported.
    """
    problems = _Problems(graph)
    heads, activations = _nonlinear_parts(graph, problems)
    problems.settle()
    if not heads:
        raise Unread("nothing in it attends: it is no transformer")
    # the residual stream is every node from which the last norm's input, or the output, is an affine map
    final = _norm_of(graph, graph.output)
    end = _end_of_stream(graph, graph.nodes[final].entry if final >= 0 else graph.output)
    blocks = _blocks_of(graph, graph.affine_before(end), heads, activations, problems)
    problems.settle()
    reads = _reads_of(graph, blocks, end, problems)
    problems.settle()
    # a model file has layers of attention, each followed by an MLP block or none
    attends = [bool(block.heads) for block in blocks]
    if attends not in ([True] * sum(attends), [True, False] * sum(attends)):
        words = ", ".join("attention" if kind else "MLP" for kind in attends)
        raise Unread(f"its blocks are {words}: every layer needs attention, and all or none an MLP block behind it")
    # and one epsilon for all its norms
    norms = {_norm_of(graph, one) for one in reads}
    if len(epsilons := {graph.nodes[one].about[0] if one >= 0 else None for one in norms}) > 1:
        raise Unread(f"some parts read the stream through a LayerNorm and some not, or by other epsilons ({epsilons})")
    read = list[tuple[dict[str, Any], tuple[PartCall, ...]]]()
    with problems.noted():
        read.append(_document(graph, blocks, _Block(end), reads, epsilons.pop()))
    problems.settle()
    return read[0]


def _nonlinear_parts(graph: Graph, problems: _Problems) -> tuple[list[_Heads], list[int]]:
    """Heads of every attention, and the nodes of activations; numbers of all nonlinear nodes get their positions."""
    heads, activations = list[_Heads](), list[int]()
    of_attention = {node.index for node in graph.nodes if node.kind == "softmax" for node in _products(graph, node)}
    for node in graph.nodes:  # in the order of calls, as each needs the positions of the numbers before it
        with problems.noted():
            if node.kind == "embedding":
                _label_embedding(graph, node)
            elif node.kind == "softmax":
                heads.append(_attention(graph, node))
            elif node.kind in ("activation", "norm"):
                activations += [node.index] if node.kind == "activation" else []
                _labelled(graph, node)
            elif node.kind == "product" and node.index not in of_attention:
                # a product of unknown values is refused where these are
                if not any(graph.nodes[one].kind == "unknown" for side in node.takes for one in graph.sources(side)):
                    raise _Refused(node.index, "multiplies two values that depend on the tokens, as gated MLPs do")
            elif node.kind in _REFUSED:
                raise _Refused(node.index, _REFUSED[node.kind])
            elif node.kind == "affine" and len(node.takes) > 1 and len(sources := graph.sources(node.index)) > 1:
                # a sum with a norm in it: the stream itself is normalised
                kinds = {one: graph.nodes[one].kind for one in sources}
                for norm in (one for one in sources if kinds[one] == "norm" and "inside" not in kinds.values()):
                    with problems.noted():
                        raise _Refused(norm, "normalises the stream itself (post-norm), not only what a block reads")
    return heads, activations


def _blocks_of(
    graph: Graph, stream: set[int], heads: Sequence[_Heads], activations: Sequence[int], problems: _Problems
) -> list[_Block]:
    """Blocks in the order in which they read the stream, attention before an MLP at the same node."""
    found: dict[int, list[_Heads]] = {}
    for one in heads:
        with problems.noted():
            # queries, keys and values may be read from copies of one node, as after a reshape
            at = {_read_at(graph, index, stream) for index in one.reads}
            if not all(_is_copy(graph, min(at), one) for one in at - {min(at)}):
                cause = "takes queries, keys and values from different places, as cross-attention does"
                raise _Refused(one.mixed, cause)
            found.setdefault(min(at), []).append(one)
    blocks = [_Block(at, heads=tuple(parts)) for at, parts in found.items()]
    for index in activations:
        with problems.noted():
            blocks.append(_Block(_read_at(graph, graph.nodes[index].entry, stream), activation=index))
    return sorted(blocks, key=lambda block: (block.stream, not block.heads))


def _reads_of(graph: Graph, blocks: Sequence[_Block], end: int, problems: _Problems) -> dict[int, tuple[Any, Any]]:
    """Weight and bias by which each part, and the output, reads the stream, by the node that it reads with."""
    known, reads = {node.index for node in graph.nodes if node.kind == "embedding"}, dict[int, tuple[Any, Any]]()
    for block in (*blocks, _Block(end)):
        last = graph.output if block.adds == {-1} else graph.nodes[block.activation].entry
        for wanted in [one for part in block.heads for one in part.reads] or [last]:
            with problems.noted():
                reads[wanted] = _read_by(graph, block.stream, wanted)
        with problems.noted():
            # the stream that a block reads is the sum of the embedding and of all blocks before it
            if set(graph.sources(block.stream)) != known:
                cause = "reads the stream without what an earlier block adds to it, as parallel blocks do"
                raise _Refused(min(block.adds) if block.adds != {-1} else graph.output, cause)
        known |= block.adds
    return reads


def _products(graph: Graph, softmax: Node) -> Iterator[Node]:
    """Products before a softmax, which are attention scores if there are any, and the products that use its result."""
    todo = graph.sources(softmax.entry)
    while todo:
        yield (node := graph.nodes[todo.pop()])
        todo += graph.sources(node.entry) if node.kind == "activation" else ()
    for node in graph.nodes[softmax.index :]:
        if node.kind == "product" and any(graph.sources(one) == [softmax.index] for one in node.takes):
            yield node


def _labelled(graph: Graph, node: Node) -> None:
    try:
        label_as_entry(graph, node.index)
    except Unlabelled:
        raise
    except Mixed:
        raise _Refused(node.index, f"{_POSITION}, or on several positions") from None


def _label_embedding(graph: Graph, node: Node) -> None:
    """Find the row and position of each number of an embedding, by the numbers that change when the first row has other
    tokens.
    """
    plain, shape, dims = graph.codes[0], tuple(node.value.shape), node.value.ndim
    tokens = graph.nodes[0].value.clone()
    tokens[0] = (tokens[0] + 1) % graph.n_tokens
    changed = graph.again(node.index, {0: tokens}) != node.value
    for code, first in ((code, first) for code in (plain, plain.T, plain.flatten()) for first in range(dims)):
        if shape[first : first + code.ndim] == tuple(code.shape):
            whole = code.reshape(*[1] * first, *code.shape, *[1] * (dims - first - code.ndim)).expand(shape)
            if not bool((changed & (whole >= graph.n_positions)).any()):
                graph.codes[node.index] = whole.contiguous()
                return
    raise _Refused(node.index, "embeds some positions apart from the others")


def _attention(graph: Graph, softmax: Node) -> _Heads:
    """The heads of one softmax."""
    nodes, n, index = graph.nodes, graph.n_positions, softmax.index
    parts = list(_products(graph, softmax))
    if parts[0].kind == "activation":
        raise _Refused(index, f"takes {parts[0].about} of scores, as soft caps do")
    if len(parts) != 2 or any(one.kind != "product" for one in parts) or softmax.about[0] != "Softmax":
        raise _Refused(index, "is no softmax of products of queries and keys that weighs values")
    product, mixed = parts
    (weights,) = (one for one in mixed.takes if graph.sources(one) == [index])
    (value,) = (one for one in mixed.takes if one != weights)
    ones = {one: torch.ones_like(nodes[one].value) for one in (*product.takes, value)}
    shape, dim = softmax.value.shape, softmax.about[1]
    try:

        def score(one: int, given: Any) -> Any:
            return graph.computed(product, {**ones, one: given}, masked=False)

        # which factor is the query: every score in a row of the softmax has the same one
        labels = {one: carried(partial(score, one), graph.code(one)) for one in product.takes}
        along = {one: label.reshape(shape).movedim(dim, -1) for one, label in labels.items()}
        query = next((one for one, label in along.items() if bool((label == label[..., :1]).all())), -1)
        key = next((one for one in labels if one != query), -1)
        if query < 0:
            raise Mixed
        queries, keys = labels[query].flatten(), labels[key].flatten()
        # sorted by row, query and key, what is left is the head
        n_heads = len(queries) // len(set(queries.tolist())) // n
        order = torch.argsort(queries * ROWS * n + keys, stable=True).reshape(ROWS, -1, n, n_heads)
        head = torch.empty_like(queries)
        head[order] = torch.arange(n_heads).expand(order.shape)
        heads = head.reshape(shape).movedim(dim, -1)
        if bool((queries // n != keys // n).any()) or bool((heads != heads[..., :1]).any()):
            raise Mixed
        # scores of products that are all 0 leave what is added to them, the mask
        masks = graph.computed(product, {one: 0.0 * ones[one] for one in product.takes})
        scale = _scale_of_scores(graph, softmax, product.index, masks, (queries, keys))
        picked = order[:, -1, 0]  # what the last position takes of the first, for each head
        # how much each number of a query and a key counts in a score
        at = {one: graph.table(one).index for one in (query, key, value)}
        scores = _coefficients(graph, product, query, at[query][:, -1], key, at[key][:, 0], picked)
        # weights may be reshaped or permuted before they weigh values: follow each score to its weight
        positions = torch.arange(len(queries))
        came = carried(lambda given: graph.again(weights, {index: given}), positions.reshape(shape)).flatten()
        came = torch.where(came < 0, positions, came)  # what is masked once more
        if not torch.equal(came.sort().values, positions):
            raise Mixed
        went = torch.empty_like(came)
        went[came] = torch.arange(len(came))
        # what is mixed belongs to the position of its query; how much each number of a value counts in it
        label = queries[came].reshape(nodes[weights].value.shape)
        graph.codes[mixed.index] = carried(lambda given: graph.computed(mixed, {**ones, weights: given}), label)
        to = graph.table(mixed.index).index[:, -1]
        values = _coefficients(graph, mixed, value, at[value][:, 0], weights, went[picked], to)
    except Unlabelled:
        raise
    except (Mixed, RuntimeError):
        raise _Refused(index, "mixes positions in another way than attention does") from None
    # each head uses some numbers of keys and values, equally many of both
    used = [[one.any(0).nonzero().flatten() for one in parts] for parts in (scores, values.permute(2, 0, 1))]
    sizes = {len(one) for both in used for one in both}
    if len(sizes) != 1:
        raise _Refused(index, "has heads of different sizes, or values of another size than keys")
    keys_at, values_at = (torch.stack(one) for one in used)
    # a model file divides scores by the root of the size, so queries carry the rest of the scale; 1 is exact
    factor = scale * sqrt(sizes.pop())
    mix = torch.stack([one[:, its] for one, its in zip(scores, keys_at, strict=True)]) * factor
    mix = torch.where((mix - 1.0).abs() < 1e-12, torch.ones_like(mix), mix)
    output = torch.stack([values[:, its, number].T for number, its in enumerate(values_at)])
    return _Heads((query, key, value), mixed.index, mix, (keys_at, values_at), output)


def _scale_of_scores(graph: Graph, softmax: Node, product: int, masks: Any, seen_by: tuple[Any, Any]) -> float:
    """Factor of the products of queries and keys in attention scores; raises unless they are masked causally and only
    that.
    """
    flat = torch.arange(masks.numel(), dtype=torch.float64).reshape(masks.shape)
    before, after, numbered = (
        graph.again(softmax.entry, {product: masks + one}).flatten() for one in (0.0 * flat, 0.0 * flat + 1.0, flat)
    )
    slope = after - before
    seen = (before > MASKED) & torch.isfinite(before) & (slope != 0)
    queries, keys = seen_by
    if not seen.any() or not close(((numbered - before) / slope)[seen], flat.flatten()[seen]):
        raise Mixed
    if not close(slope[seen], slope[seen][:1]):
        raise _Refused(softmax.index, "scales scores in another way at each position")
    if not close(before[seen], torch.zeros(1, dtype=torch.float64)):
        raise _Refused(softmax.index, "adds to scores by position, as ALiBi and relative positions do")
    if bool((seen & (keys > queries)).any()):
        raise _Refused(softmax.index, "attends to later positions: it is not causal")
    if bool((~seen & (keys <= queries)).any()):
        raise _Refused(softmax.index, "does not attend to all earlier positions")
    return float(slope[seen][0])


def _coefficients(graph: Graph, node: Node, of: int, of_at: Any, over: int, over_at: Any, to: Any) -> Any:
    """Coefficients of a product of two nodes, ``[n_to, n_of, n_over]``: the factor of each pair of numbers in each
    result.

    Args:
        of_at, over_at, to: ``[rows, n]`` where each row has these numbers.
    """
    found = torch.zeros(to.shape[1], of_at.shape[1], over_at.shape[1], dtype=torch.float64)
    for start in range(0, over_at.shape[1], ROWS):
        number = torch.arange(start, min(start + ROWS, over_at.shape[1]))
        row = number - start
        one = torch.zeros_like(graph.nodes[over].value).flatten()
        one[over_at[row, number]] = 1.0
        with torch.enable_grad():
            variable = torch.ones_like(graph.nodes[of].value).requires_grad_()
            result = graph.computed(node, {over: one.reshape(graph.nodes[over].value.shape), of: variable}).flatten()
            for position in range(to.shape[1]):
                (slope,) = torch.autograd.grad(result[to[row, position]].sum(), variable, retain_graph=True)
                found[position, :, number] = slope.flatten()[of_at[row]].T
    return found


def _norm_of(graph: Graph, index: int) -> int:
    """The norm by which a node reads the stream, −1 for none."""
    sources = graph.sources(index)
    return sources[0] if len(sources) == 1 and graph.nodes[sources[0]].kind == "norm" else -1


def _end_of_stream(graph: Graph, wanted: int) -> int:
    """The last node on the way to one that is the stream, with the constants that are added to it."""
    trunk = graph.trunk(wanted)
    while wanted != trunk:
        with suppress(Mixed):
            (matrix,), _ = graph.maps([trunk], wanted)
            if matrix.shape[0] == matrix.shape[1] and close(matrix, torch.eye(len(matrix), dtype=matrix.dtype)):
                break
        (wanted,) = graph.nodes[wanted].takes
    return wanted


def _read_at(graph: Graph, index: int, stream: set[int]) -> int:
    """Node of the residual stream that a node reads, through an affine map or a norm."""
    norm = _norm_of(graph, index)
    at = index if norm < 0 else graph.nodes[norm].entry
    while at not in stream:
        node = graph.nodes[at]
        if node.kind != "affine" or len(node.takes) != 1:
            what = "is a norm of something else than the stream, such as queries or keys"
            other = "does not read the stream alone, or by position as with rotary embeddings"
            raise _Refused(*((norm, what) if norm >= 0 else (index, other)))
        at = node.takes[0]
    return at


def _read_by(graph: Graph, stream: int, wanted: int) -> tuple[Any, Any]:
    """``[n, d_model]`` and ``[n]`` with which a node reads the stream, scale and shift of its norm folded in."""
    norm = _norm_of(graph, wanted)
    try:
        (matrix,), bias = graph.maps([stream if norm < 0 else norm], wanted)
    except Mixed:
        raise _Refused(wanted, _POSITION) from None
    if not close(bias, bias[:1]):
        raise _Refused(wanted, _POSITION)
    if norm < 0:
        return matrix, bias[0]
    _, scale, shift = graph.nodes[norm].about
    (copies,), moved = graph.maps([stream], graph.nodes[norm].entry)  # one copy of the stream, or several
    if moved.any() or not bool(((copies == 0) | (copies == 1)).all()) or bool((copies.sum(1) != 1).any()):
        raise _Refused(norm, "is a norm of something else than the stream, such as queries or keys")
    repeated = len(copies) // len(scale)
    return (matrix * scale.repeat(repeated)) @ copies, bias[0] + matrix @ shift.repeat(repeated)


def _is_copy(graph: Graph, of: int, wanted: int) -> bool:
    """Whether a node holds the numbers of another, at all of its positions or at some."""
    try:
        (matrix,), added = graph.maps([of], wanted)
    except Mixed:
        return False
    return torch.equal(matrix, torch.eye(len(matrix), dtype=matrix.dtype)) and not bool(added.any())


def _document(
    graph: Graph, blocks: list[_Block], end: _Block, reads: dict[int, tuple[Any, Any]], epsilon: float | None
) -> tuple[dict[str, Any], tuple[PartCall, ...]]:
    """Content of a model file, and the calls that compute the model's parts."""
    maps, added = _stream_maps(graph, (*blocks, end))
    positions, start = added[0], blocks[0].stream
    embedding = _token_embedding(graph, start, positions)
    embedded = next(node.index for node in graph.nodes if node.kind == "embedding")
    calls = [part_call(graph, embedded, "token", 0), part_call(graph, start, "given", 0)]
    attention, mlps = list[dict[str, Any]](), list[dict[str, Any]]()
    for number, block in enumerate(blocks):
        # a block's own bias is the difference of the constants in the stream before and after it
        now, then, reaches = added[number], added[number + 1], maps[number + 1]
        bias = then - now[-len(then) :]
        if not close(bias, bias[:1]):
            raise _Refused(min(block.adds), _POSITION)
        if block.heads:
            layer, of_layer = _attention_layer(graph, block, reads, reaches, len(attention) + 1)
            attention.append({**layer, "output_bias": bias[0]})
            calls += of_layer
            continue
        entry = graph.nodes[block.activation].entry
        weight, bias_in = reads[entry]
        mlps.append({"in": weight.T, "in_bias": bias_in, "out": reaches[block.activation].T, "out_bias": bias[0]})
        after = graph.affine_before((*blocks, end)[number + 1].stream)
        written = max(one for one in after if graph.sources(one) == [block.activation])
        calls += [part_call(graph, entry, "hidden", len(attention))]
        own = graph.maps([block.activation], written)[1]  # its bias may be added to the stream by itself
        calls += [part_call(graph, written, "written", len(attention), shift=bias[0] - own[0])]
    unembedding, unembedding_bias = reads[graph.output]
    if graph.n_positions - 1 not in graph.table(graph.output).positions:
        raise _Refused(graph.output, "gives no logits at the last position")
    calls.append(part_call(graph, graph.output, "logits", len(attention)))
    # the file has one size of heads and one activation for all layers
    functions = {graph.nodes[block.activation].about for block in blocks if not block.heads}
    if len(functions) > 1 or len({one["query"].shape for one in attention}) > 1:
        raise Unread(f"its layers differ in their heads or activations ({', '.join(sorted(functions))})")
    heads, d_model, d_head = attention[0]["query"].shape
    document = {"format": FORMAT, "layers": len(attention), "heads": heads, "d_model": d_model, "d_head": d_head}
    document |= {"vocabulary": graph.n_tokens, "context": graph.n_positions, "token_embedding": embedding}
    document |= {"attention": attention, "position_embedding": positions if bool(positions.any()) else None}
    document |= {"unembedding": unembedding.T, "unembedding_bias": unembedding_bias}
    document |= {"mlp": mlps, "activation": functions.pop()} if mlps else {}
    document |= {} if epsilon is None else {"layer_norm_epsilon": epsilon}
    listed: dict[str, Any] = _listed(document)
    return listed, tuple(sorted(calls, key=lambda one: one.number))


def _stream_maps(graph: Graph, blocks: Sequence[_Block]) -> tuple[list[dict[int, Any]], list[Any]]:
    """Matrices by which the stream at each block is a sum of its sources, by source, and the constants added to it."""
    maps, added = list[dict[int, Any]](), list[Any]()
    for block in blocks:
        sources = graph.sources(block.stream)
        try:
            matrices, bias = graph.maps(sources, block.stream)
        except Mixed:
            raise _Refused(block.stream, "mixes rows or positions outside attention") from None
        maps.append(dict(zip(sources, matrices, strict=True)))
        added.append(bias)
    # what a block has added must stay as it is in the stream of every later one
    for earlier, later in pairwise(maps):
        for atom, matrix in earlier.items():
            if not close(later[atom], matrix):
                raise _Refused(atom, "is scaled on its way through the stream")
    return maps, added


def _token_embedding(graph: Graph, start: int, positions: Any) -> Any:
    """Embedding of each token ``[n_tokens, d_model]``: the first stream without its constants by position."""
    first, n = graph.table(start), graph.n_positions
    embedding = torch.zeros(graph.n_tokens, first.n, dtype=torch.float64)
    for begin in range(0, graph.n_tokens, ROWS * n):  # as many tokens at a time as a run has positions
        tokens = (torch.arange(ROWS * n).reshape(ROWS, n) + begin) % graph.n_tokens
        embedding[tokens] = graph.again(start, {0: tokens}).flatten()[first.index] - positions
    # the model's own run must be their sum: an embedding that depends on tokens and positions together is not
    values = graph.nodes[start].value.flatten()[first.index]
    if not close(values, embedding[graph.nodes[0].value] + positions):
        raise _Refused(start, _POSITION)
    return embedding


def _attention_layer(
    graph: Graph, block: _Block, reads: Mapping[int, tuple[Any, Any]], reaches: Mapping[int, Any], number: int
) -> tuple[dict[str, Any], list[PartCall]]:
    """Weights and biases of a layer's heads, stacked, but for the output's bias; and the calls that compute them.

    Args:
        reads: weight and bias by which each node reads the stream.
        reaches: matrix by which each source reaches the stream behind the block.
        number: of the layer, from 1.
    """
    layer: dict[str, list[Any]] = {}
    calls, before = list[PartCall](), 0
    for one in block.heads:
        which, before = range(before, before + len(one.query)), before + len(one.query)
        query, key, value = one.reads
        weight, of_query = reads[query]
        layer.setdefault("query", []).append(weight.T @ one.query)
        layer.setdefault("query_bias", []).append(of_query @ one.query)
        parts: tuple[tuple[Part, int, Any], ...] = (("key", key, one.at[0]), ("value", value, one.at[1]))
        for name, node, at in parts:
            weight, bias_of = reads[node]
            layer.setdefault(name, []).append(weight[at].transpose(1, 2))
            layer.setdefault(f"{name}_bias", []).append(bias_of[at])
            calls.append(part_call(graph, node, name, number, at, heads=which))
        layer.setdefault("output", []).append(one.output @ reaches[one.mixed].T)
        # the module's query is the file's but for a factor, which hooks have to know
        factor, from_query = one.query.abs().max(1)
        scale = float(factor.flatten()[0])
        calls.append(part_call(graph, query, "query", number, from_query, scale, heads=which))
        calls.append(part_call(graph, one.mixed, "attended", number, one.output.argmax(2), heads=which))
    if len({one.shape[2] for one in layer["query"]}) > 1:
        raise Unread(f"heads of layer {number} have different sizes")
    return {name: torch.cat(one) for name, one in layer.items()}, calls


def _listed(value: Any) -> Any:
    """Lists for tensors, and no biases that are 0."""
    if isinstance(value, torch.Tensor):
        return (value + 0.0).tolist()
    if isinstance(value, dict):
        return {key: _listed(one) for key, one in value.items() if not key.endswith("bias") or bool(one.any())}
    return [_listed(one) for one in value] if isinstance(value, list) else value
