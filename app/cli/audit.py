"""`pluriscope audit`: what discovery methods answer about a network or model, located among all valid circuits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.cli.reading import ModelAsked, read_questions, read_settings, refuse_options
from app.cli.terminal import Refusal, Shown, check_writable, progress_bar, read_bytes, written

if TYPE_CHECKING:
    from analysis.discovery.claims import Claim, Subject
    from analysis.discovery.location import ValidCircuits
    from analysis.discovery.method import Method
    from analysis.method_settings import Settings
    from analysis.network_files.planted_record import PlantedRecord
    from analysis.work import Work


@dataclass(frozen=True)
class _Asked:
    """What an audit is of, read before anything is searched.

    Args:
        search: for the valid circuits.
        methods: that are asked.
        claims: of others.
        missing: sentences about what stopped at a limit.
        planted: what was planted in the network, if anything was.
    """

    search: Callable[[Work], ValidCircuits]
    methods: Sequence[tuple[Method, Settings]]
    claims: Sequence[Claim]
    missing: Callable[[Any], Sequence[str]]
    planted: PlantedRecord | None = None


def audit(
    file: str,
    *,
    output: str = "",
    methods: Sequence[str] = (),
    claims: str = "",
    protocol: str = "complete",
    output_index: int = 0,
    data: str = "",
    quiet: bool = False,
    json: bool = False,
) -> Shown:
    """Say of each method's circuit whether it is valid, and where it stands among all valid circuits.

    Example: pluriscope audit xor.json --methods acdc --methods "eap(threshold=.9)" --output audit.json

    Exit codes: 0 done, 2 bad input, 3 stopped at a limit (the audit says what is missing).

    Args:
        file: Network or model file, or - for standard input.
        methods: Method, as key or key(name=value,name=value); may be repeated; default for one of each with default
            settings. Without it and without --claims: default.
        claims: Circuits that you found: claim or graph file.
    """
    from analysis.discovery.audit import audit as run_audit
    from analysis.discovery.audit import audit_json
    from analysis.models.registry import kind_of_file
    from analysis.network_files.files import MAX_NETWORK_BYTES
    from analysis.work import Work
    from app.limits import in_memory, limits_of

    if not (output or json):
        raise Refusal("nowhere to write. Give --output FILE, or --json.")
    check_writable(output, file, data or file)
    content = read_bytes(file, "network file", MAX_NETWORK_BYTES)
    kind = kind_of_file(content)
    if kind is not None:
        refuse_options(kind, {"--data": data}, [output_index])
        asked = _of_model(ModelAsked.read(content, protocol), methods, claims)
    else:
        asked = _of_network(content, protocol, methods, claims, data, output_index)
    seconds: dict[str, float] = {}
    with progress_bar(quiet) as report:
        work = Work(report, clock=time.perf_counter, limits=in_memory(limits_of(read_settings())))
        begun = time.perf_counter()
        landscape = asked.search(work)
        seconds["circuits"] = time.perf_counter() - begun
        begun = time.perf_counter()
        found = run_audit(landscape, asked.methods, asked.claims, work)
        seconds["methods"] = time.perf_counter() - begun
    return written(output, audit_json(landscape, found, seconds, asked.missing(landscape), asked.planted))


def _of_network(
    content: bytes, protocol: str, methods: Sequence[str], claims: str, data: str, output_index: int
) -> _Asked:
    from analysis.discovery.audit import what_is_missing
    from analysis.discovery.claims import subject_of
    from analysis.discovery.location import Landscape
    from analysis.discovery.registry import METHODS
    from analysis.pipeline import search_for_circuits

    asked = read_methods(methods, METHODS, default=not claims)
    file, (question,) = read_questions(content, protocol, data, [output_index])
    return _Asked(
        lambda work: Landscape(question, search_for_circuits(question, work), work),
        asked,
        _read_claims(claims, subject_of(question)),
        what_is_missing,
        file.planted,
    )


def _of_model(asked: ModelAsked, methods: Sequence[str], claims: str) -> _Asked:
    from analysis.discovery.claims import subject_of_model
    from analysis.discovery.model_location import ModelLandscape
    from analysis.discovery.registry import MODEL_METHODS

    return _Asked(
        lambda work: ModelLandscape(asked.kind, asked.model, asked.rules, asked.search(work), work=work),
        read_methods(methods, MODEL_METHODS, default=not claims),
        _read_claims(claims, subject_of_model(asked.model, asked.space)),
        lambda landscape: asked.missing(landscape.found),
    )


def _read_claims(path: str, subject: Subject) -> Sequence[Claim]:
    from analysis.discovery.claims import MAX_CLAIM_BYTES
    from analysis.discovery.sent_claims import read_sent

    if not path:
        return ()
    return read_sent(read_bytes(path, "claim file", MAX_CLAIM_BYTES + 1), subject).claims


def read_methods(texts: Sequence[str], known: Sequence[Method], *, default: bool) -> list[tuple[Method, Settings]]:
    """The methods asked for, in order.

    Args:
        texts: as given; "default" stands for one of each.
        known: those that may be asked.
        default: whether nothing given stands for that too.

    Raises:
        InvalidMethod: an unknown one, or a setting that is not allowed.
    """
    from analysis.discovery.registry import default_methods, read_called

    found: list[tuple[Method, Settings]] = []
    by_key = {method.key: method for method in known}
    for text in texts or (["default"] if default else []):
        found += default_methods(known) if text == "default" else [read_called(text, by_key)]
    return found
