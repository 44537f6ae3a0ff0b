"""`pluriscope audit`: what discovery methods answer about a network or model, located among all valid circuits."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.analyse import given_protocol, read_protocol
from app.cli.configuration import read_settings
from app.cli.terminal import DONE, STOPPED, Refusal, check_writable, read_bytes, remark, write_text

if TYPE_CHECKING:
    from analysis.discovery.claims import Claim, Subject
    from analysis.discovery.cuts import CutNetwork
    from analysis.discovery.location import ValidCircuits
    from analysis.discovery.method import Method
    from analysis.lenses.lens import Lens
    from analysis.method_settings import Settings
    from analysis.models.model import ModelKind
    from analysis.network_files.planted_record import PlantedRecord
    from analysis.work import Work


@dataclass(frozen=True)
class _Asked:
    """What an audit is of, read before anything is searched.

    Args:
        search: for the valid circuits.
        methods: that are asked, once these are known.
        claims: of others.
        missing: sentences about what stopped at a limit.
        planted: what was planted in the network, if anything was.
    """

    search: Callable[[Work], ValidCircuits[Any]]
    methods: Callable[[Any], Sequence[tuple[Any, Settings]]]
    claims: Sequence[Claim]
    missing: Callable[[Any], Sequence[str]]
    planted: PlantedRecord | None = None


def audit(
    file: Annotated[str, typer.Argument(help="Network or model file, or - for standard input.", show_default=False)],
    output: Annotated[
        str, typer.Option("--output", "-o", help="Audit file to write, or - for standard output.", show_default=False)
    ],
    methods: Annotated[
        list[str] | None,
        typer.Option(
            help="Method, as key or key(name=value,name=value); may be repeated; default for one of each with default "
            "settings. Without it and without --claims: default."
        ),
    ] = None,
    claims: Annotated[str, typer.Option(help="Circuits that you found: claim or graph file.", show_default=False)] = "",
    protocol: Annotated[
        str, typer.Option("--protocol", "-p", help="paper, complete, or a protocol file (JSON).")
    ] = "complete",
    output_index: Annotated[int, typer.Option(help="The output asked about, from 0.")] = 0,
    data: Annotated[
        str, typer.Option("--data", "-d", help="Data file (JSON); default: every Boolean input once.")
    ] = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> int:
    """Say of each method's circuit whether it is valid, and where it stands among all valid circuits.

    Methods about inputs, neurons or layers (Shapley values, probes and others) answer with scores or a table.

    Example: [bold]pluriscope audit xor.json --methods acdc --methods "eap(threshold=.9)" --output audit.json[/bold]

    Exit codes: 0 done, 2 bad input, 3 stopped at a limit (the audit says what is missing).
    """
    from analysis.discovery.audit import audit as run_audit
    from analysis.discovery.audit import audit_json
    from analysis.models.registry import kind_of_file
    from analysis.network_files.files import MAX_NETWORK_BYTES
    from analysis.work import Work
    from app.cli.analyse_model import refuse_options
    from app.cli.chain_bar import ChainBar
    from app.limits import in_memory, limits_of

    check_writable(output, file, data or file)
    content = read_bytes(file, "network file", MAX_NETWORK_BYTES)
    kind = kind_of_file(content)
    if kind is not None:
        refuse_options(kind, {"--data": data}, [output_index])
        asked = _of_model(kind, content, given_protocol(protocol), methods or [], claims)
    else:
        asked = _of_network(content, protocol, methods or [], claims, data, output_index)
    work = Work(clock=time.perf_counter, limits=in_memory(limits_of(read_settings())))
    seconds: dict[str, float] = {}
    with ChainBar(("circuits", "methods"), quiet).shown() as bar:
        own = replace(work, report=bar.report(""))
        begun = time.perf_counter()
        landscape = asked.search(own)
        seconds["circuits"] = time.perf_counter() - begun
        begun = time.perf_counter()
        found = run_audit(landscape, asked.methods(landscape), asked.claims, own)
        seconds["methods"] = time.perf_counter() - begun
    missing = asked.missing(landscape)
    document = audit_json(landscape, found, seconds, missing, asked.planted)
    write_text(output, json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")
    for sentence in missing:
        remark(f"stopped at a limit: {sentence}")
    return STOPPED if missing else DONE


def _of_network(content: bytes, protocol: str, methods: list[str], claims: str, data: str, output_index: int) -> _Asked:
    from analysis.data import MAX_DATA_BYTES, clean_data, parse_data_file
    from analysis.discovery.audit import what_is_missing
    from analysis.discovery.claims import subject_of
    from analysis.discovery.location import Landscape
    from analysis.network_files.files import parse_network_file
    from analysis.pipeline import refuse, search_for_circuits
    from analysis.preflight import preflight
    from analysis.question import Question

    rules, asked = read_protocol(protocol), read_methods(methods, default=not claims)
    network_file = parse_network_file(content)
    network = network_file.network
    record = clean_data(network.n_inputs)
    if data:
        record = parse_data_file(read_bytes(data, "data file", MAX_DATA_BYTES), network.n_inputs, network.n_outputs)
    if not 0 <= output_index < network.n_outputs:
        raise Refusal(
            f"--output-index {output_index}: the network has {network.n_outputs} outputs. Give one from 0 to "
            f"{network.n_outputs - 1}."
        )
    question = Question(network, output_index, network_file.tasks[output_index], rules, record)
    refuse(preflight(question))
    return _Asked(
        lambda work: Landscape(question, search_for_circuits(question, work), work),
        lambda _: asked,
        _read_claims(claims, subject_of(question)),
        what_is_missing,
        network_file.planted,
    )


def _of_model(
    kind: ModelKind, content: bytes, protocol: str | Mapping[str, Any], methods: list[str], claims: str
) -> _Asked:
    from analysis.discovery.claims import Subject
    from analysis.discovery.model_location import ModelLandscape
    from analysis.discovery.part_names import names_of
    from analysis.discovery.registry import MODEL_METHOD_BY_KEY, default_model_methods, read_called
    from analysis.errors import BeyondLimits
    from analysis.models.circuits import find_masks, refuse_if_too_large
    from analysis.models.protocol import model_protocol, named_model_protocol
    from analysis.models.registry import read_model
    from analysis.models.result_json import missing_of_model

    texts = methods or ([] if claims else ["default"])
    given = [text if text == "default" else read_called(text, MODEL_METHOD_BY_KEY) for text in texts]
    _, model = read_model(content)
    rules = named_model_protocol(kind, protocol) if isinstance(protocol, str) else model_protocol(kind, protocol)
    space = model.space(rules.rules)
    refusals: list[str] = []

    def search(work: Work) -> ModelLandscape:
        found = None
        try:
            refuse_if_too_large(model, space)
            threshold, limit = rules.accuracy_threshold, work.limits.most_listed(0)
            found = find_masks(model, rules.rules, work, accuracy_threshold=threshold, limit=limit)
        except BeyondLimits as error:
            refusals.append(error.cause)
        return ModelLandscape(kind, model, rules, found, work=work)

    def asked(landscape: ModelLandscape) -> list[tuple[Any, Settings]]:
        default = [*default_model_methods(landscape.cut(""))]
        return [one for text in given for one in (default if isinstance(text, str) else [text])]

    return _Asked(
        search,
        asked,
        _read_claims(claims, Subject(model.digest, 0, 1, names_of(space.graph))),
        lambda landscape: missing_of_model(space, landscape.found, "".join(refusals)),
    )


def _read_claims(path: str, subject: Subject) -> Sequence[Claim]:
    from analysis.discovery.claims import MAX_CLAIM_BYTES
    from analysis.discovery.sent_claims import read_sent

    if not path:
        return ()
    return read_sent(read_bytes(path, "claim file", MAX_CLAIM_BYTES + 1), subject).claims


def read_methods(texts: list[str], *, default: bool) -> list[tuple[Method[CutNetwork] | Lens, Settings]]:
    """The methods asked for, in order.

    Args:
        texts: as given; "default" stands for one of each.
        default: whether nothing given stands for that too.

    Raises:
        InvalidMethod: an unknown one, or a setting that is not allowed.
    """
    from analysis.discovery.registry import default_methods, read_method

    if not texts:
        return [*default_methods()] if default else []
    found: list[tuple[Method[CutNetwork] | Lens, Settings]] = []
    for text in texts:
        found += default_methods() if text == "default" else [read_method(text)]
    return found
