"""`pluriscope audit`: what discovery methods answer about a network, and where that stands among all valid circuits."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.analyse import given_protocol, read_protocol
from app.cli.configuration import read_settings
from app.cli.terminal import DONE, STOPPED, Refusal, check_writable, read_bytes, remark, write_text

if TYPE_CHECKING:
    from analysis.discovery.method import Method
    from analysis.lenses.lens import Lens
    from analysis.method_settings import Settings


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
    from analysis.data import MAX_DATA_BYTES, clean_data, parse_data_file
    from analysis.discovery.audit import audit as run_audit
    from analysis.discovery.audit import audit_json, what_is_missing
    from analysis.discovery.claims import MAX_CLAIM_BYTES
    from analysis.discovery.location import Landscape
    from analysis.discovery.sent_claims import Declared, read_sent
    from analysis.models.registry import kind_of_file
    from analysis.network_files.files import MAX_NETWORK_BYTES, parse_network_file
    from analysis.pipeline import refuse, search_for_circuits
    from analysis.preflight import preflight
    from analysis.question import Question
    from analysis.work import Work
    from app.cli.analyse_model import refuse_options
    from app.cli.audit_model import audit_model_file
    from app.cli.chain_bar import ChainBar
    from app.limits import limits_of

    check_writable(output, file, data or file)
    content = read_bytes(file, "network file", MAX_NETWORK_BYTES)
    work = Work(clock=time.perf_counter, limits=limits_of(read_settings()))
    kind = kind_of_file(content)
    if kind is not None:
        refuse_options(kind, {"--data": data, "--claims": claims}, [output_index])
        return audit_model_file(content, given_protocol(protocol), methods or [], output, work, quiet=quiet)
    rules, asked = read_protocol(protocol), read_methods(methods or [], default=not claims)
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
    sent = read_bytes(claims, "claim file", MAX_CLAIM_BYTES + 1) if claims else b""
    told = read_sent(sent, question, Declared()).claims if claims else ()
    seconds: dict[str, float] = {}
    with ChainBar(("circuits", "methods"), {}, quiet).shown() as bar:
        own = replace(work, report=bar.report(""))
        begun = time.perf_counter()
        landscape = Landscape(question, search_for_circuits(question, own), own)
        seconds["circuits"] = time.perf_counter() - begun
        begun = time.perf_counter()
        found = run_audit(landscape, asked, told, own)
        seconds["methods"] = time.perf_counter() - begun
    missing = what_is_missing(landscape)
    document = audit_json(landscape, found, seconds, missing, network_file.planted)
    write_text(output, json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")
    for sentence in missing:
        remark(f"stopped at a limit: {sentence}")
    return STOPPED if missing else DONE


def read_methods(texts: list[str], *, default: bool) -> list[tuple[Method | Lens, Settings]]:
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
    found: list[tuple[Method | Lens, Settings]] = []
    for text in texts:
        found += default_methods() if text == "default" else [read_method(text)]
    return found
