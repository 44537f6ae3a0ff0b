"""Questions that a file leaves open about its network, asked with what fits already chosen.

A ``state_dict`` has neither activations nor what the output is. Every admissible combination is run on the truth
table's inputs; the order of layers is never chosen by what comes of it, nor is a name of several meanings. One *fits*
if it answers the declared tasks, or, where none are declared, if each output is within a quarter of 0 or 1 on every
row, and not the same on all. Of those that fit the one is chosen whose answers are most alike in size: training ends
where all rows are about as far as they should be, and another activation spoils that. Of 1,225 networks trained for it,
the chosen one computed the task of 1,172 and had the right activation in 776; where one usual activation alone fitted
(229 networks), it was the right one.

    draft = read_any(raw, declared=declaration)  # draft.questions has a FileQuestion for each field left open
    intake = take_in(draft, declaration)         # as chosen where the declaration says nothing

``intake.file()`` refuses while several answers fit: who confirms what was chosen declares it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import AnalysisError, InvalidNetwork
from pluriscope.analysis.network_files.declaration import LEFT_OPEN, Declaration, FileQuestion
from pluriscope.analysis.network_files.declared_tasks import tasks_of_text
from pluriscope.analysis.network_files.files import DECLARED, NETWORK_FORMAT, NetworkFile, network_from, task_json
from pluriscope.analysis.network_files.formats.activation_names import meanings
from pluriscope.analysis.network_files.formats.format import WeightsFound
from pluriscope.analysis.network_files.layers import Order, Orders, orders_of
from pluriscope.analysis.network_files.original import Rows
from pluriscope.analysis.network_files.parts import asked_for
from pluriscope.analysis.questions.input_encoding import parse_encoding
from pluriscope.analysis.questions.tasks import MAX_INPUTS, input_table, too_many_classes
from pluriscope.analysis.subjects.perceptron.activations import DEFAULT_NEGATIVE_SLOPE, FAMILIES, SIGMOID, activation_of
from pluriscope.analysis.subjects.perceptron.mlp import MAX_ACTIVATION, activation_bound, forward
from pluriscope.analysis.subjects.perceptron.network import Network

USUAL: Final = ("relu", "tanh", "sigmoid", "leaky_relu", "gelu", "silu", "elu")
"""Activations of hidden layers that are tried before all others."""
NEAR: Final = 0.25
"""How far outputs may be from 0 and 1."""
_SIGNS: Final = "-1, 1"
_MOST_TRIED: Final = 20_000
"""Weights of a network that is tried, far more than one that can be analysed has."""


@dataclass(frozen=True)
class _Output:
    """The activation behind the last layer, and how its outputs decide."""

    activation: str
    is_: str


@dataclass(frozen=True)
class _Named:
    """A name that a file has for an activation, and the several or no activations that it may stand for."""

    text: str
    meant: tuple[str, ...]

    @property
    def why(self) -> str:
        """What is open about it, in a sentence."""
        several = (
            f"means {' or '.join(self.meant)}, by the library that wrote it" if self.meant else "is not understood"
        )
        return f"The file says {self.text[:60]!r}, which {several}."


@dataclass(frozen=True)
class _Way:
    """A combination of answers, run."""

    order: Order
    activation: str
    output: _Output
    encoding: str
    fits: bool
    decides: bool
    decided: bool
    uneven: float
    off: float = 1.0


def draft_of(found: WeightsFound, declared: Declaration) -> NetworkFile:
    """The network of a file of tensors, with what is declared and what fits; and questions on what is not declared.

    Raises:
        InvalidNetwork: no network of dense layers, or something is declared that the file says otherwise.
    """
    orders, by_file = orders_of(found, declared.layers, declared.part), dict(found.entries)
    named = dict[str, _Named]()
    for key in ("activation", "output_activation"):
        if key in by_file:
            meant = meanings(by_file[key], found.library)
            if len(meant) == 1:
                by_file[key] = meant[0]
            else:
                named[key] = _Named(str(by_file.pop(key)), meant)
    if len(orders.found[0].layers) == 1:
        by_file.setdefault("activation", "linear")  # one layer has no hidden activation
    if by_file.get("output_activation") == "softmax" and len(orders.found[0].weights[-1]) > 1:
        orders = replace(orders, found=tuple(_without_softmax(one, found.item) for one in orders.found))
        by_file["output_activation"] = "sigmoid"
    known = _known_entries(by_file, declared)
    slopes = dict.fromkeys(one for text in ("leaky_relu", "LeakyReLU") for one in meanings(text, found.library))
    tried = _Trying(orders, known, by_file, declared, named, [_slope_of(one) for one in slopes])
    way = tried.best
    document: dict[str, Any] = {
        **{key: value for key, value in found.entries.items() if key not in named},
        "format": NETWORK_FORMAT,
        "activation": way.activation,
        "output_activation": way.output.activation,
        "weights": [weight.tolist() for weight in way.order.weights],
        "biases": [bias.tolist() for bias in way.order.biases],
    }
    document |= {key: known[key] for key in ("negative_slope",) if key in known}
    draft = network_from(document, optional=DECLARED, item=found.item, remarks=(*found.remarks, *orders.remarks))
    networks = [asked_for(orders.networks)] if orders.networks else []
    return replace(draft, layers=way.order.layers, questions=(*networks, *tried.questions()))


def _slope_of(text: str) -> float:
    return activation_of(text).parameters["negative_slope"]


def _without_softmax(order: Order, item: str) -> Order:
    """An order that ends with the difference of the two logits before a softmax.

    Raises:
        InvalidNetwork: there are not two.
    """
    n = len(order.weights[-1])
    if n != 2:
        raise too_many_classes(n, item)
    weight, bias = np.diff(order.weights[-1], axis=0), np.diff(order.biases[-1])
    return replace(order, weights=(*order.weights[:-1], weight), biases=(*order.biases[:-1], bias))


def with_questions(file: NetworkFile, declared: Declaration) -> NetworkFile:
    """A network whose file says all of it but what its outputs are, and how inputs are encoded; with these questions.

    Raises:
        InvalidNetwork: something is declared that the file says otherwise.
    """
    network = file.network
    words = {"activation": network.activation, "output_activation": network.output_activation}
    by_file: dict[str, Any] = words | {"negative_slope": network.negative_slope, "tasks": [*map(task_json, file.tasks)]}
    known = _known_entries(by_file, declared)
    if network.output_activation != "linear" or file.tasks or network.n_inputs > MAX_INPUTS:
        return file
    order = Order(file.layers, network.weights, network.biases)
    tried = _Trying(Orders((order,), more=False, remarks=()), known, by_file, declared)
    return replace(file, questions=tuple(tried.questions()))


def _known_entries(by_file: Mapping[str, Any], declared: Declaration) -> dict[str, Any]:
    """Join what file and declaration have of activations.

    Raises:
        InvalidNetwork: they differ, or an activation is declared that is none.
    """
    keys = ("activation", "output_activation", "negative_slope")
    known = {key: by_file[key] for key in keys if by_file.get(key) is not None}
    for key in keys:
        given: Any = getattr(declared, key)
        if not given:
            continue
        given = _slope(given) if key == "negative_slope" else activation_of(given).text
        if key in known and known[key] != given:
            cause = f"is given as {given}, and the file says {str(known[key])[:60]}"
            raise InvalidNetwork(LEFT_OPEN[key], cause, f"leave {key} out, or correct the file")
        known[key] = given
    return known


def _slope(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidNetwork(f"negative slope {text[:20]!r}", "is no number", "give one such as 0.01") from None


class _Trying:
    """Every admissible combination, run on the inputs of the truth table."""

    def __init__(
        self,
        orders: Orders,
        known: Mapping[str, Any],
        by_file: Mapping[str, Any],
        declared: Declaration,
        named: Mapping[str, _Named] = MappingProxyType({}),
        slopes: Sequence[float] = (DEFAULT_NEGATIVE_SLOPE,),
    ) -> None:
        self.known, self.orders, self.by_file, self.declared = known, orders, by_file, declared
        self.named, self.slopes = named, slopes
        others = tuple(name for name in FAMILIES if name not in USUAL)
        usual = (*USUAL, *others)
        self.activations = (known["activation"],) if "activation" in known else self._meant("activation") or usual
        self.ways = list(self._ways(declared.encoding))
        if not declared.encoding and not any(way.fits for way in self.ways):
            self.ways += (way for way in self._ways(_SIGNS) if way.fits)
        fitting = [way for way in self.ways if way.fits] or self._decided()
        self.fitting = [way for way in fitting if way.activation in (*USUAL, *self.activations[:1])] or fitting
        clear = self.fitting or [way for way in self.ways if way.decides and not way.encoding]
        # where nothing fits, evenness says nothing: what is nearest to 0 and 1 is read as it is
        even = any(way.fits for way in clear)
        self.best = min(clear or self.ways, key=lambda way: way.uneven if even else way.off)

    def _meant(self, key: str) -> tuple[str, ...]:
        """The activations that the file's name for one may stand for; none where it has none."""
        return self.named[key].meant if key in self.named else ()

    def _decided(self) -> list[_Way]:
        """Choose the ways that decide, of a network whose activations are known and which fits in no way, as it did not
        learn.
        """
        if "activation" not in self.known:
            return []
        decided = [way for way in self.ways if way.decided and way.encoding == self.declared.encoding]
        values = [way for way in decided if way.output.is_ == "value"]
        return values if values and "output_activation" in self.known else decided

    def _ways(self, encoding: str) -> Iterator[_Way]:
        order = self.orders.found[0]
        rows = _rows(encoding, order.weights[0].shape[1])
        if sum(weight.size for weight in order.weights) > _MOST_TRIED:
            rows = None
        for activation in self.activations:
            slope = self.known.get("negative_slope")
            network = Network.from_arrays(
                order.weights, order.biases, activation=activation, output_activation="linear", negative_slope=slope
            )
            bounded = rows is not None and activation_bound(network, float(np.abs(rows).max())) <= MAX_ACTIVATION
            sums = forward(network, rows) if rows is not None and bounded else None
            complement = sums is not None and sums.shape[1] == 2 and bool(((sums > 0).sum(axis=1) == 1).all())
            last = self._meant("output_activation")
            for output in _outputs(self.known, self.declared, network.n_outputs, last, complement=complement):
                yield self._way(order, activation, output, encoding, sums)

    def _way(self, order: Order, activation: str, output: _Output, encoding: str, sums: Rows | None) -> _Way:
        if sums is None or (output.is_ == "classes" and sums.shape[1] != 2):
            return _Way(order, activation, output, encoding, fits=False, decides=False, decided=False, uneven=1.0)
        sums = np.diff(sums) if output.is_ == "classes" else sums
        sign, sigmoid = output.is_ == "sign", output.is_ in ("logit", "classes") or output.activation == "sigmoid"
        known = SIGMOID if sigmoid else activation_of(output.activation, self.known.get("negative_slope"))
        values = (known.value(sums) + 1) / 2 if sign else known.value(sums)
        ones = values > 0.5
        off = np.abs(values - ones)
        size = np.abs(sums)
        uneven = 1 - size.min() / size.max() if sigmoid and size.max() else min(1.0, 2 * float(off.max()))
        varied = bool((ones.any(axis=0) & ~ones.all(axis=0)).all())
        wanted = self._wanted(order.weights[0].shape[1], sums.shape[1])
        decided = bool((off < 0.5).all())
        decides = varied and decided
        fits = decides and bool((off <= NEAR).all())
        if wanted is not None:
            fits = decides = decided and wanted.shape == ones.shape and bool((ones == wanted).all())
        if sign:  # a logit decides there, too
            fits = decides = decided = fits and bool((off <= NEAR / 2).all())
        return _Way(order, activation, output, encoding, fits, decides, decided, float(uneven), float(off.max()))

    def _wanted(self, n_inputs: int, n_outputs: int) -> NDArray[np.bool_] | None:
        """Return the decisions that outputs should make ``[rows, n_outputs]``; None where nobody declares them."""
        tables: list[Any] = []
        try:
            if self.declared.tasks.strip() and self.declared.task != "decisions":
                reply = tasks_of_text(self.declared.task, self.declared.tasks, n_inputs, n_outputs)
                tables = [task.truth_table for task in reply]
            elif isinstance(of_file := self.by_file.get("tasks"), list) and of_file:
                tables = [one["truth_table"] for one in of_file]
            wanted = np.array(tables, dtype=np.int8).T
        except (AnalysisError, ValueError, TypeError, KeyError):
            return None  # it is said where tasks are read
        return wanted > 0 if wanted.shape == (1 << n_inputs, n_outputs) else None

    def questions(self) -> Iterator[FileQuestion]:
        """Yield the questions that neither file nor declaration answers."""
        best, declared = self.best, self.declared
        if len(self.orders.found) > 1 and not declared.layers:
            orders = tuple(order.text for order in self.orders.found)
            many = f"more than {len(orders)}" if self.orders.more else str(len(orders))
            why = f"{many} orders fit the shapes of its layers, and nothing in the file says which is meant."
            yield FileQuestion("layers", orders, orders[0], why[0].upper() + why[1:], orders)
        if "activation" not in self.known:
            yield self._question("activation", self.activations, lambda way: way.activation)
        slopes = activation_of(best.activation).parameters.get("negative_slope")
        if slopes is not None and "negative_slope" not in self.known and "activation" not in self.by_file:
            usual = (*(f"{slope:g}" for slope in self.slopes),)
            why = f"{' or '.join(usual)} is what {'its library' if len(usual) == 1 else 'libraries'} take where nothing"
            yield FileQuestion("negative_slope", usual, usual[0], f"{why} else is said.", usual)
        if "output_activation" not in self.known and best.output.is_ in ("value", "sign"):
            yield self._question(
                "output_activation",
                (*dict.fromkeys(("sigmoid", "linear", *FAMILIES)),),
                lambda way: way.output.activation,
            )
        linear = best.output.activation == "linear"
        if (linear or best.output.is_ == "sign") and not declared.output_is and not self.by_file.get("tasks"):
            behind_linear = ["logit", *["classes"] * (best.order.weights[-1].shape[0] == 2)] * linear
            yield self._question("output_is", ["value", "sign", *behind_linear], lambda way: way.output.is_)
        if best.encoding != declared.encoding:
            why = "With inputs of 0 and 1 nothing fits, with -1 and 1 it does."
            yield FileQuestion("encoding", (_SIGNS, "0, 1"), _SIGNS, why, (_SIGNS,))

    def _question(self, field: str, choices: Sequence[str], of: Callable[[_Way], str]) -> FileQuestion:
        """A question with what fits of the choices."""
        chosen = of(self.best)
        if named := self.named.get(field):
            ordered = dict.fromkeys((*named.meant, *(() if named.meant else (chosen, *choices))))
            return FileQuestion(field, (*ordered,), chosen, named.why, (*ordered,))
        fitting = tuple(one for one in choices if any(of(way) == one for way in self.fitting))
        others = [one for one in fitting if one != chosen]
        goal = "the tasks" if self._goal else "a clear answer that is not always the same"
        if not fitting:
            why = f"None gives {goal} on every row; {chosen} comes nearest."
        elif not others and not any(way.fits for way in self.fitting):
            why = f"No answer gives {goal} on every row; with {chosen} every output is near 0 or 1."
        elif not others:
            why = f"Only {chosen} gives {goal} on every row."
            why = why if field != "activation" else f"Of {len(USUAL)} usual ones o{why[1:]}"
        else:
            also = f"{', '.join(others)} give{'s' * (len(others) == 1)} {goal}, too"
            why = f"With {chosen} all rows are answered most evenly; {also}."
        if field == "activation" and "gelu" in fitting:
            why += " The gelu of JAX and tinygrad is called gelu_new here."
        ordered = dict.fromkeys((chosen, *fitting, *choices))
        return FileQuestion(field, (*ordered,), chosen, why, fitting)

    @property
    def _goal(self) -> bool:
        weights = self.best.order.weights
        n_outputs = 1 if self.best.output.is_ == "classes" else len(weights[-1])
        return self._wanted(weights[0].shape[1], n_outputs) is not None


def _rows(encoding: str, n_inputs: int) -> Rows | None:
    if n_inputs > MAX_INPUTS:
        return None
    try:
        return parse_encoding(encoding, n_inputs).data_record().clean_rows
    except AnalysisError:
        return input_table(n_inputs)  # what is wrong with it is said where it is declared


def _outputs(
    known: Mapping[str, Any], declared: Declaration, n_outputs: int, meant: Sequence[str], *, complement: bool
) -> Iterator[_Output]:
    """Yield the activations that may be behind the last layer, with what its outputs then are.

    Args:
        meant: by the file's name for it; none where it has none.
        complement: whether of two outputs one is above 0 on every row, so that they are two classes.
    """
    activations = [known["output_activation"]] if "output_activation" in known else [*meant] or ["sigmoid", "linear"]
    if declared.output_is in ("logit", "classes"):
        yield _Output(known.get("output_activation", "linear"), declared.output_is)
        return
    if declared.output_is in ("", "sign"):
        yield from (_Output(one, "sign") for one in ("linear", "tanh") if one in activations)
        if declared.output_is:
            return
    for activation in activations:
        if activation != "linear" or len(activations) > 1 or declared.output_is == "value":
            if not (complement and activation == "sigmoid" and len(activations) > 1):
                yield _Output(activation, "value")
        else:
            yield _Output("linear", "value")
            if not complement:
                yield _Output("linear", "logit")
        if activation == "linear" and n_outputs == 2 and declared.output_is != "value":
            yield _Output("linear", "classes")
