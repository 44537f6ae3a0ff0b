"""`pluriscope import` and `export`: between files and the dashboard's database."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from app.cli.reading import intake_at, read_protocol, read_settings, show_first, whole_content
from app.cli.signature import Within, with_fields_of
from app.cli.terminal import STANDARD, Refusal, Shown, check_writable, progress_bar, read_bytes, remark, written

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.db.engine import Store
    from app.db.tables import NetworkRow
    from app.offline.copy import Wish


@contextmanager
def opened_store() -> Iterator[Store]:
    """The store of the settings, brought to the current schema.

    Raises:
        Refusal: settings out of range.
        StoreUnavailable: the database cannot be opened.
    """
    from app.db.engine import open_store
    from app.db.upgrade import upgrade

    settings = read_settings()
    store = open_store(settings)
    try:
        upgrade(store, settings.data, remark)
        yield store
    finally:
        store.close()


@contextmanager
def store_in(**settings: Any) -> Iterator[Store]:
    """A store of the command's own in a passing folder.

    Args:
        settings: in place of those of the environment.
    """
    from app.db.engine import open_store

    with tempfile.TemporaryDirectory(prefix="pluriscope-") as place:
        store = open_store(read_settings(data=Path(place), database_url="", **settings))
        try:
            store.migrate()
            yield store
        finally:
            store.close()


@with_fields_of("analysis.network_files.intake:Declaration")
def import_(
    files: Sequence[str], *, protocol: Sequence[str] = (), data: str = "", no_analysis: bool = False, **declared: Any
) -> Shown:
    """Store networks in the dashboard's database and queue their analyses; all of them, or none if one is refused.

    A transformer is stored as its model file says, and its circuits are searched.

    Example: pluriscope import networks/*.json --protocol complete --protocol paper
    Example: pluriscope import net.safetensors --task name --tasks XOR

    Prints the address of each network. PLURISCOPE_DATA names the data folder.

    Args:
        files: Network files (JSON), safetensors, ONNX; or - for standard input.
        protocol: Analyse under this protocol; may be repeated. Default: complete.
        data: Data file to analyse on; default: clean inputs.
        no_analysis: Only store the networks.
    """
    from analysis.errors import AnalysisError
    from analysis.network_files.files import MAX_NETWORK_BYTES
    from analysis.network_files.intake import Declaration
    from analysis.subjects.registry import MAX_SUBJECT_BYTES
    from app.db.reads.networks import known_as
    from app.jobs.queue import enqueue_analyses
    from app.routes.bring_in import store_intake, store_subject
    from pluriscope.address import Addresses

    protocols = [] if no_analysis else [read_protocol(one) for one in protocol or ["complete"]]
    declaration = Declaration(**declared)
    intakes, models = [], []
    for path in files:
        raw = read_bytes(path, "network file", max(MAX_NETWORK_BYTES, MAX_SUBJECT_BYTES))
        if whole := whole_content(raw[: MAX_SUBJECT_BYTES + 1], declaration, data):
            models.append(whole)
            continue
        try:
            intake = intake_at(path, raw[: MAX_NETWORK_BYTES + 1], declaration, data)
            intakes.append((intake.file(), intake))
        except AnalysisError as error:
            raise Refusal(f"{path}: {error}") from None
    if models and (protocol or no_analysis or declaration.task != "file"):
        raise Refusal("import: a transformer is imported without options of networks. Give it by itself.")
    items = []
    with opened_store() as store, store.write() as session:
        for file, intake in intakes:
            show_first(intake)
            row = store_intake(session, intake)
            others = known_as(session, row, file.name)
            if others:
                remark(f"{file.name}: these weights already exist as {', '.join(others)}; saved under this name, too")
            enqueue_analyses(session, row, protocols, data=None if intake.data.is_clean else intake.data)
            items.append({"name": file.name, "digest": row.digest, "url": Addresses().network(row.slug)})
        for raw in models:
            row, _, _ = store_subject(session, raw)
            items.append({"name": row.name, "digest": row.digest, "url": Addresses().network(row.slug)})
    return Shown({"items": items}, [str(item["url"]) for item in items])


def export(
    network: str = "",
    *,
    output: str = "",
    result: bool = False,
    protocol: Sequence[str] = (),
    data: str = "",
    no_masks: bool = False,
    static: str = "",
    network_: Sequence[str] = (),
    limit: Annotated[int, Within(1, 100_000)] = 250,
    study: Sequence[str] = (),
    base_url: str = "",
    quiet: bool = False,
    json: bool = False,
) -> Shown:
    """Write a stored network as a network file, what was found about it as a result file, or both as pages to read.

    Example: pluriscope export xor-pretrained --result --protocol paper --output result.json
    Example: pluriscope export --static supplement --network xor-pretrained

    Args:
        network: Slug or digest of a stored network.
        output: File to write, or - for standard output, the default; with --static: an output.
        result: Write the result file instead of the network.
        protocol: Protocol of the result; several with --static. Default: complete.
        data: Digest of the result's data record.
        no_masks: Leave the lists of circuits out.
        static: Write pages to this folder, to be read without a server.
        network_: With --static: a network; may be repeated.
        limit: With --static: most explanations of each kind.
        study: With --static: a study; may be repeated.
        base_url: With --static: live site that links out of the copy lead to.
        quiet: With --static: no progress.
    """
    if static:
        if result or data or no_masks:
            raise Refusal(
                "--static: goes without --result, --data and --no-masks. A copy holds the result files anyway."
            )
        from app.offline.copy import Wish

        wish = Wish(
            networks=(*filter(None, [network]), *network_),
            protocols=tuple(dict.fromkeys(protocol or ["complete"])),
            output=_index(output),
            limit=limit,
            studies=tuple(dict.fromkeys(study)),
        )
        return _export_pages(wish, Path(static), _checked(base_url), quiet=quiet)
    if not network or network_ or study or base_url:
        raise Refusal("export: needs a network, or --static. Name one, or give --static DIR with --network.")
    if len(protocol) > 1:
        raise Refusal("--protocol: a result file has one. Repeat the option with --static only.")
    from app.db.codecs import document_of
    from app.db.reads.analyses import find_network

    check_writable(output)
    with opened_store() as store, store.read() as session:
        row = find_network(session, network)
        if result:
            document = _result(session, row, (*protocol, "complete")[0], data, masks=not no_masks)
        else:
            document = document_of(row)
    return Shown(written(output or ("" if json else STANDARD), document).record)


def _result(session: Session, row: NetworkRow, protocol: str, data: str, *, masks: bool) -> dict[str, Any]:
    """The result file of the outputs analysed so far.

    Raises:
        Refusal: nothing has been analysed under that protocol and data record.
    """
    from app.db.reads.analyses import find_analysis
    from app.db.reads.results import stored_result
    from pluriscope.naming import Scope

    scopes = (Scope(output, protocol, data) for output in range(row.n_outputs))
    found = [analysis for scope in scopes if (analysis := find_analysis(session, row, scope)) is not None]
    if not found:
        which = f"network {row.slug!r} has no result under protocol {protocol!r}"
        raise Refusal(f"{which}{f' and data {data!r}' if data else ''}. Let pluriscope work analyse it first.")
    return stored_result(session, row, found, masks=masks)


def _export_pages(wish: Wish, folder: Path, base_url: str, *, quiet: bool) -> Shown:
    """Write the offline copy.

    Raises:
        Refusal: nothing is named or stored of what is wanted, or the folder or disk is in the way.
    """
    from app.offline.copy import write_copy

    if not wish.networks and not wish.studies:
        raise Refusal("--static: names no network. Add --network SLUG, once for each, or --study SLUG.")
    started = time.monotonic()
    gc.freeze()  # what was loaded stays
    with progress_bar(quiet) as report:
        files, n_bytes = write_copy(read_settings(), wish, folder, base_url=base_url, report=report)
    front = str(folder / "index.html")
    if not quiet:
        remark(f"{files:,} files, {n_bytes / 1e6:,.1f} MB in {time.monotonic() - started:.0f} s: {front}")
    return Shown({"files": files, "bytes": n_bytes, "front": front})


def _index(output: str) -> int | None:
    if output in ("", STANDARD):
        return None
    if not (output.isascii() and output.isdigit() and len(output) < 4):
        raise Refusal(f"output {output!r}: is no index. With --static, --output is the number of an output, from 0.")
    return int(output)


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if base_url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise Refusal(
            f"--base-url {base_url[:200]!r}: is no address of a site. Write one such as https://host/pluriscope."
        )
    return base_url
