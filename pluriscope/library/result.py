"""Results of an analysis with their network: from a run here, from a file, or from a server.

All three are one thing, a result file with its network (``pluriscope-result/1``), and everything that a :class:`Result`
has is read from these two or computed from the weights. So it does not matter where it came from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, Final

from markupsafe import Markup
from pydantic import Field

from pluriscope.analysis.errors import InvalidData, InvalidNetwork, InvalidProtocol, InvalidTask, MissingLibrary
from pluriscope.analysis.explaining.placing import add_to, check
from pluriscope.analysis.network_files.declaration import OutputIs
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.network_files.result_file import MAX_RESULT_BYTES, RESULT_FORMAT, self_contained
from pluriscope.analysis.plugins import entries
from pluriscope.analysis.plugins import load as load_plugin
from pluriscope.analysis.questions.data import DataRecord, clean_data, parse_data_file
from pluriscope.analysis.questions.protocol import (
    MAX_PROTOCOL_BYTES,
    Protocol,
    named_protocol,
    parse_protocol_file,
    protocol_from_mapping,
)
from pluriscope.analysis.running.limits import DEFAULT_LIMITS, DEFAULT_SECONDS, MOST_STORED
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from pluriscope.analysis.subjects.registry import kind_of
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.arguments import LATER, FilePath, checked, file_path
from pluriscope.figures.numbers import Bound
from pluriscope.figures.svg.layout import shape_text
from pluriscope.library import asking, audits
from pluriscope.library.algorithms import Algorithm, Algorithms, Placements, SiteAlgorithm
from pluriscope.library.circuits import Circuit, Circuits, Interpretations, MaskLike
from pluriscope.library.models import (
    EncodingLike,
    GivenNetwork,
    LayersLike,
    Model,
    questions_of,
    read_bytes,
    read_model,
    whole_subject,
    write_json,
)
from pluriscope.library.task_values import TaskLike
from pluriscope.objects import comparison, graphs
from pluriscope.objects.counts import Count, counted
from pluriscope.objects.explanations import Explanation
from pluriscope.objects.findings import Findings, Site
from pluriscope.objects.lists import Listing
from pluriscope.objects.live_view import live_view, show_live
from pluriscope.objects.progress import Reader, Seconds, working
from pluriscope.objects.showing import Drawing, beside, heading, link, table
from pluriscope.objects.verdict import Verdict, verdict_of
from pluriscope.views.networks import draw_network

_DRAWING: Final = 420
_THUMB: Final = 170
ProtocolLike = Annotated[str | Path | Mapping[str, Any] | Protocol, LATER]
_ITEM: Final = "result file"
_WRITE_ANEW: Final = "write it anew with pluriscope.explain(…).save(path), or with pluriscope analyse"


@checked
def explain(
    model: Model,
    task: TaskLike = None,
    *,
    protocol: ProtocolLike = "complete",
    output: int = 0,
    name: str = "",
    encoding: EncodingLike = "",
    data: Any = None,
    activation: str = "",
    output_activation: str = "",
    negative_slope: float | None = None,
    output_is: OutputIs = "",
    part: str = "",
    layers: LayersLike = "",
    algorithms: Sequence[str] = (),
    max_listed: Annotated[int, Field(ge=1, le=MOST_STORED)] = MOST_STORED,
    seconds: Seconds = DEFAULT_SECONDS,
    report: Reader = None,
) -> Result:
    """Find every explanation of one output of a network, in this process; of a transformer every circuit.

    Args:
        model: any ``torch.nn.Module``, a model of TransformerLens or nnsight, a fitted scikit-learn ``MLPClassifier``,
            the path of a file (a ``state_dict`` of PyTorch, safetensors, Keras, ONNX, a network file and others), or
            what a network file holds. The file of a transformer says all: of the options below it takes its rules, a
            name, and "decisions" as its task.
        task: what its outputs should compute: a name ("XOR"), a truth table ("0110"), a formula ("A and not B"), labels
            0 and 1, or a function of the inputs; several for several outputs; if None what the file says, else what the
            network answers. Of a live transformer an answer for each row, token ids or texts, or a function from a row
            of token ids to its answer.
        protocol: the rules: "complete", "paper", settings as a dict, or the path of a protocol file; of a transformer
            values of its settings, such as "heads-mean".
        output: which of the network's outputs, from 0.
        name: what to call the network.
        encoding: the numbers that stand for 0 and 1 on the inputs, e.g. (-1, 1) or "-1, 1".
        data: a data file's path or content, for rows other than every Boolean input once. Of a live transformer rows of
            token ids ``[rows, positions]``, 0 to one less than its vocabulary, or texts where it has a tokenizer; every
            row that there is if None, where these are at most 4,096.
        activation: of hidden layers, as network files write it ("tanh", "elu(alpha=0.5)"), where a file does not say
            it. What is left out is taken where one answer alone fits, which a warning says, and refused elsewhere.
        output_activation: the same of the last layer; "linear" for none.
        negative_slope: of "leaky_relu", where a file does not say it.
        output_is: "value" near 0 or 1; "logit", which decides at 0, as after ``BCEWithLogitsLoss``; "sign", near -1 or
            1, which does so, too; or "classes", two logits of which the larger decides. Of live models
            a value if nothing is said, and of one output on rows of numbers what alone fits them.
        part: of a file with several networks the beginning of the names of one, such as "actor".
        layers: names of the layers of a file of tensors in order, a list or with commas between, where it does not
            have it.
        algorithms: texts of algorithms with finite variables that are placed instead of those of vocabularies, such as
            "x1 = (a + b) % 3; y = (x1 + c) % 3"; of perceptrons beside the candidates.
        max_listed: where more circuits are valid, they are counted, and the smallest and some drawn are listed.
        seconds: after so many the result is what was found by then, and :meth:`Result.continued` goes on; None for no
            end.
        report: called with what is known and how long the rest takes, in words, at most once a second: ``print``. A
            notebook shows it by itself; there an interrupt ends the search, and the result is what was found by then.

    Raises:
        AnalysisError: the model, task, protocol or data cannot be read or analysed: which, why, and what to do.
    """
    if hasattr(type(model), "__pluriscope_explain__"):  # a plugin's, which has its rules and rows within
        found: Result = model.__pluriscope_explain__(seconds=seconds, report=report)
        return found
    declared: dict[str, Any] = {
        "activation": activation,
        "output_activation": output_activation,
        "negative_slope": negative_slope,
    }
    declared |= {"encoding": encoding, "output_is": output_is, "part": part, "layers": layers}
    network = read_model(model, task, name=name, data=data, **declared)
    questions = questions_of(network, [output], read_protocol(protocol, network.kind))
    check(questions[0], algorithms)
    with working(seconds, report, replace(DEFAULT_LIMITS, max_valid=max_listed)) as work:
        document = questions[0].kind.explaining.explain(questions, work)
        if algorithms:
            add_to(document["outputs"][0], questions[0], algorithms, work)
        return Result(network.file, questions[0], document)


@checked
def load(
    path: FilePath,
    model: Model = None,
    *,
    output: int | None = None,
    activation: str = "",
    output_activation: str = "",
    negative_slope: float | None = None,
    output_is: OutputIs = "",
    part: str = "",
    layers: LayersLike = "",
) -> Result:
    """A result that was saved.

    Args:
        path: a result file, as :meth:`Result.save` or ``pluriscope analyse`` writes it.
        model: its network, where the file does not hold it: those of ``pluriscope analyse`` do not.
        output: which output of those in the file; the first if None.
        activation, output_activation, negative_slope, output_is, part, layers: of the model, as it was analysed; see
            :func:`explain`.

    Raises:
        AnalysisError: it is no result file, of another network than the model, or lacks its network.
    """
    declared: dict[str, Any] = {
        "activation": activation,
        "output_activation": output_activation,
        "negative_slope": negative_slope,
    }
    declared |= {"output_is": output_is, "part": part, "layers": layers}
    if model is not None and any(value not in ("", None) for value in declared.values()):
        model = read_model(model, **declared).file
    raw = read_bytes(Path(path), _ITEM, InvalidNetwork, MAX_RESULT_BYTES)
    try:
        document = json.loads(raw)
    except ValueError:
        raise InvalidNetwork(f"{_ITEM} {str(path)!r}", "is no JSON", _WRITE_ANEW) from None
    return read_result(document, model, output=output)


def read_result(document: Any, model: Model = None, *, output: int | None = None, site: Site | None = None) -> Result:
    """A result from a result file's content.

    Args:
        document: its JSON value.
        model: its network, if the document does not hold it.
        output: which output; the first one if None.
        site: where it is served.

    Raises:
        AnalysisError: it is no result file, of another network, or of rules that this version does not know.
    """
    if not isinstance(document, dict) or document.get("format") != RESULT_FORMAT:
        format_name = document.get("format", "no format") if isinstance(document, dict) else type(document).__name__
        raise InvalidNetwork(_ITEM, f"has {str(format_name)[:60]!r}, not the format {RESULT_FORMAT!r}", _WRITE_ANEW)
    try:
        return _read(document, model, output, site)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as problem:
        cause = f"is damaged: {type(problem).__name__} {problem}"
        raise InvalidNetwork(_ITEM, cause, _WRITE_ANEW) from None


def _read(document: Mapping[str, Any], model: Model, output: int | None, site: Site | None) -> Result:
    """A result from the content of a file of the right format, which may lack anything."""
    if model is None and "network_file" not in document:
        cause = f"names its network {document['network'][:12]}… and does not hold it"
        raise InvalidNetwork(_ITEM, cause, "give the network beside it: load(path, model)")
    content = document["network_file"] if model is None else model
    whole = whole_subject(content)
    first = document["outputs"][0]["task"]
    task, rows = (None, first) if "rows" in first else (_tasks(document), None)
    network = whole or read_model(content, task, data=rows)
    file = network.file
    digest = file.network.digest if network.kind is PERCEPTRON else file.digest
    if digest != document["network"]:
        cause = f"is about network {document['network'][:12]}…, and this one is {digest[:12]}…"
        raise InvalidNetwork(_ITEM, cause, "give the network that it was made of, with output_is and layers as then")
    found = {one["output"]: one for one in document["outputs"]}
    chosen = next(iter(found)) if output is None else output
    if chosen not in found:
        known = ", ".join(map(str, found))
        raise InvalidNetwork(f"output {chosen}", f"is not in the result file, which has {known}", "give one of these")
    if "masks" not in found[chosen]["circuits"] and found[chosen]["circuits"]["method"] != "none":
        raise InvalidNetwork(_ITEM, "lists no circuits, as with --no-masks", "write it with its masks")
    if network.data is not None:
        network = replace(network, data=_data_of(document, file))
    (question,) = questions_of(network, [chosen], document["protocol"])
    answer = {key: value for key, value in found[chosen]["task"].items() if key != "name"}
    if answer != {key: value for key, value in question.task_document.items() if key != "name"}:
        raise InvalidTask("task", "is another one than the result file was made for", "give the model with that task")
    result = Result(file, question, document, site)
    _read_through(result)
    return result


def _read_through(result: Result) -> tuple[Any, ...]:
    """Read now what is otherwise read on first use, so that a damaged file is refused at once."""
    if not result.offers("formulas"):
        return result.counts, result.search
    return result.counts, result.interpretations, result.algorithms


def _tasks(document: Mapping[str, Any]) -> Sequence[str] | None:
    """The tasks that a result was made with, one for each output; None where it has not all of them."""
    if "network_file" in document:
        return None
    outputs = document["outputs"]
    if [one["output"] for one in outputs] != list(range(len(outputs))):
        return None
    return ["".join(map(str, one["task"]["truth_table"])) for one in outputs]


def _data_of(document: Mapping[str, Any], file: NetworkFile) -> DataRecord:
    """The data record of a result."""
    network = file.network
    if document["data"]["clean"]:
        return clean_data(network.n_inputs)
    if "data_file" not in document:
        cause = "was made on rows of its own and does not hold them"
        raise InvalidData(_ITEM, cause, "analyse it anew with pluriscope.explain(model, data=…), or encoding=…")
    record = parse_data_file(json.dumps(document["data_file"]).encode(), network.n_inputs, network.n_outputs)
    if record.digest != document["data"]["digest"]:
        raise InvalidData(_ITEM, "holds other rows than it was made on", _WRITE_ANEW)
    return record


def read_protocol(protocol: ProtocolLike, kind: SubjectKind = PERCEPTRON) -> Protocol | str:
    """A protocol from its name, its settings or its file; of other kinds than perceptrons their rules as a text.

    Raises:
        InvalidProtocol: it is unknown or cannot be read.
        NotOffered: it is no text, and this kind has rules of its own.
    """
    if kind.refuses("protocols"):
        if not isinstance(protocol, str):
            kind.require("protocols", "protocol")
        return str(protocol)
    if isinstance(protocol, Protocol):
        return protocol
    if isinstance(protocol, Mapping):
        return protocol_from_mapping(protocol)
    if isinstance(protocol, str) and not Path(protocol).suffix:
        return named_protocol(protocol)
    path = file_path("protocol", protocol, '"complete", "paper", settings as a dict, or the path of a protocol file')
    return parse_protocol_file(read_bytes(path, "protocol file", InvalidProtocol, MAX_PROTOCOL_BYTES))


@checked
@dataclass(frozen=True, eq=False, repr=False)
class Result(Findings):
    """Results on one output of one network under one protocol.

    Args:
        network_file: the network with its name and tasks.
        document: the result file's content.
        site: the server that it came from; None if it was made here or read from a file.
    """

    # ------------------------------------------------------------ what was found

    @cached_property
    def circuits(self) -> Circuits:
        """The valid circuits, as far as they are listed, by mask."""
        return Circuits(self, range(len(self.masks)), self.counts.valid_circuits)

    @cached_property
    def interpretations(self) -> Interpretations:
        """Every interpretation of the listed circuits, by circuit, then index; computed when it is looked at. Of
        networks with sites those of the smallest circuits.

        Raises:
            NotOffered: networks of this kind have none.
        """
        if not self.offers("formulas"):
            self.question.kind.require("readings", "interpretations")
            report = asking.interpretations_of(self)
            self.by_variables.update(report.by_mask)
            each = tuple((mask, one.count) for mask, one in report.by_mask.items())
            bound: Bound = "exact" if report.all_there_is else "at_least"
            return Interpretations.of(self, each, Count(sum(number for _, number in each), bound))
        numbers = zip(self.found["circuits"]["masks"], self.interpretation_counts.tolist(), strict=True)
        counted = tuple((mask, number) for mask, number in numbers if number is not None)
        return Interpretations.of(self, counted, self.counts.interpretations)

    @cached_property
    def algorithms(self) -> Algorithms:
        """The algorithms that were written, then the candidates that are listed, simplest first; of networks that no
        formulas are read of they are placed when they are first looked at.

        Raises:
            NotOffered: networks of this kind have none.
        """
        formulas = asking.formulas_of(self)
        if formulas is None:
            self.question.kind.require("sites", "algorithms")
        placed = asking.placements_of(self).algorithms if formulas is None or "placements" in self.found else []
        on_sites = tuple(SiteAlgorithm(self, one) for one in placed)
        if formulas is None:
            return Algorithms.of(self, on_sites)
        listed = tuple(Algorithm(self, one) for one in formulas.algorithms)
        total = self.counts.candidate_algorithms
        return Algorithms.of(self, (*on_sites, *listed), replace(total, value=total.value + len(on_sites)))

    @cached_property
    def placements(self) -> Placements[Any]:
        """The valid placements that are kept, of all algorithms; each algorithm has those that fail, too."""
        valid = tuple(one for algorithm in self.algorithms for one in algorithm.placements if one.valid)
        formulas, total = len(self.algorithms.formulas) == len(self.algorithms), self.counts.valid_alignments
        return Placements.of(self, valid, total if formulas and self.offers("formulas") else None)

    @property
    def alignments(self) -> Placements[Any]:
        """The same as :attr:`placements`."""
        return self.placements

    def circuit(self, mask: MaskLike) -> Circuit:
        """A structurally possible circuit, valid or not.

        Args:
            mask: as lists and addresses write it; as a number; or 0 or 1 for each edge, or each node where masks name
                nodes.

        Raises:
            InvalidMask: it is no circuit of this network.
        """
        return Circuit.named(self, mask)

    # ------------------------------------------------------------ asking more

    ask, count = asking.ask, asking.count
    audit, locate = audits.audit, audits.locate
    compare = comparison.compare
    to_graph = graphs.to_graph

    if not TYPE_CHECKING:  # else every misspelt attribute would pass

        def __getattr__(self, name: str) -> Any:
            """A method that a plugin brings."""
            if hasattr(type(self), name):  # a property that failed: again, for its own error
                return object.__getattribute__(self, name)
            if name.startswith("_") or name not in entries("result"):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            return checked(load_plugin("result", name)).__get__(self)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *entries("result")})

    def continued(self, *, seconds: Seconds = DEFAULT_SECONDS, report: Reader = None) -> Result:
        """Go on with an analysis that the time ended; in the end it is what one run without an end finds.

        Args:
            seconds: as of :func:`explain`.
            report: likewise.

        Raises:
            InvalidNetwork: nothing is missing that more time would find.
        """
        outputs = [one["output"] for one in self.document["outputs"]]
        explaining = self.question.kind.explaining
        questions = questions_of(self.given, outputs, self.document["protocol"])
        with working(seconds, report) as work:
            found = explaining.explain(questions, work, earlier=self.document)
        return Result(self.network_file, self.question, found)

    @property
    def given(self) -> GivenNetwork:
        """The network and its rows."""
        return GivenNetwork(kind_of(self.network_file), self.network_file, self._data)

    @property
    def _data(self) -> DataRecord | None:
        """The rows, where the kind has such beside its networks."""
        return self.question.record if self.offers("own-rows") else None

    # ------------------------------------------------------------ keeping and showing

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the network has one explanation, in one sentence."""
        return verdict_of(self.question, self.found)

    @cached_property
    def not_learned(self) -> str:
        """Sentence on the rows on which the network is wrong, and what it computes instead; "" where it learned its
        task.
        """
        return str(self.question.kind.explaining.first_words(self.question))

    @property
    def _first(self) -> list[str]:
        """Sentences to show before everything else."""
        return [*filter(None, [self.not_learned, self.not_searched]), *self.network_file.remarks]

    def save(self, path: FilePath) -> Path:
        """Write a result file with the network in it, which :func:`load` reads by itself."""
        return write_json(path, self_contained(self.document, self.given.kind, self.network_file, self._data))

    def save_tables(self, folder: FilePath, *, interpretations: Annotated[int, Field(ge=0)] = 10_000) -> Path:
        """Write the listed explanations as Parquet with a data card: circuits, interpretations, algorithms, placements.

        Args:
            folder: new or empty; pandas, polars, DuckDB and ``datasets.load_dataset`` read what is in it.
            interpretations: at most so many, by circuit, then index.

        Raises:
            AnalysisError: something is there already, or it cannot be written.
            MissingLibrary: duckdb is not installed.
        """
        from pluriscope.library.result_tables import save_tables  # which loads duckdb

        counts = self.counts
        lists: dict[str, tuple[Listing[Any], Count]] = {"circuits": (self.circuits, counts.valid_circuits)}
        if self.offers("formulas"):
            lists["interpretations"] = self.interpretations[:interpretations], counts.interpretations
            formulas = Algorithms.of(self, self.algorithms.formulas)
            valid = tuple(one for algorithm in formulas for one in algorithm.placements if one.valid)
            lists["algorithms"] = formulas, counts.candidate_algorithms
            lists["placements"] = Placements.of(self, valid), counts.valid_alignments
        save_tables(self, lists, Path(folder))
        return Path(folder)

    def draw(self) -> Drawing:
        """Draw the network."""
        return Drawing(draw_network(self.question, title=self.name))

    def view(self, *explanations: Explanation) -> Any:
        """The live view in a notebook: the overview, or a comparison of two to six explanations.

        Raises:
            MissingLibrary: anywidget is not installed.
        """
        compare = self.addresses.compare(self.network_key, [one.ref for one in explanations], self.scope)
        return live_view(self, compare if explanations else self.address)

    def _ipython_display_(self) -> None:
        show_live(self)

    def _display_(self) -> Any:  # marimo's
        try:
            return self.view()
        except MissingLibrary:
            return SimpleNamespace(_repr_html_=self._repr_html_)

    def __html__(self) -> str:
        return Markup(self._repr_html_())  # noqa: S704  # every part of it is escaped

    def _repr_html_(self) -> str:
        task = self.question.task_document["name"] or "unnamed"
        about = f"{self._shape} · output {self.output}: {task} · protocol {self.protocol.name}"
        few = (*self.circuits.smallest[:1], *(self.alignments[:1] if self.offers("formulas") else ()))
        examples = beside(Markup("<div>{}<br>{}</div>").format(one.title, one.thumb().image(_THUMB)) for one in few)
        stops = Markup("").join(Markup("<p>Stopped at a limit: {}.</p>").format(words) for words in self.missing)
        first = Markup().join(Markup("<p>{}</p>").format(one) for one in (self.verdict, *self._first))
        shown = first + beside([self.draw().image(_DRAWING), table(self.counts.rows())])
        return str(heading(link(self.address, self.name), after=about) + shown + examples + stops)

    @property
    def _shape(self) -> str:
        subject = self.question.subject
        return shape_text(subject.sizes) if self.offers("neurons") else self.question.kind.noun

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Result):
            return NotImplemented
        return self.identity == other.identity and self.found == other.found

    def __hash__(self) -> int:
        return hash(self.identity)

    def __repr__(self) -> str:
        counts = self.counts
        found = counted(counts.valid_circuits, "valid circuits")
        if self.offers("formulas"):
            found += f", {counts.interpretations} interpretations, {counts.valid_alignments} valid placements"
        elif "placements" in self.found:
            found += f", {counted(counts.valid_alignments, 'valid placements')}"
            found += f" of {counts.aligned_algorithms} of {counts.candidate_algorithms} algorithms"
        first = "".join(f"{one}\n" for one in (self.verdict, *self._first))
        return f"{first}<Result: {self.name}, output {self.output}, {self.protocol.name}: {found}>"
