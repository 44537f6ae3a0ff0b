"""`pluriscope import` and `export`: between files and the dashboard's database."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pluriscope.app.cli.reading import intake_at, network_bytes, read_protocol, read_settings, show_first, whole_content
from pluriscope.app.cli.signature import with_fields_of
from pluriscope.app.cli.terminal import Refusal, Shown, remark

if TYPE_CHECKING:
    from pluriscope.app.db.engine import Store


@contextmanager
def opened_store() -> Iterator[Store]:
    """The store of the settings, brought to the current schema.

    Raises:
        Refusal: settings out of range.
        StoreUnavailable: the database cannot be opened.
    """
    from pluriscope.app.db.engine import open_store

    settings = read_settings()
    store = open_store(settings)
    try:
        store.migrate()
        yield store
    finally:
        store.close()


@contextmanager
def store_in(**settings: Any) -> Iterator[Store]:
    """A store of the command's own in a passing folder.

    Args:
        settings: in place of those of the environment.
    """
    from pluriscope.app.db.engine import open_store

    with tempfile.TemporaryDirectory(prefix="pluriscope-") as place:
        store = open_store(read_settings(data=Path(place), database_url="", **settings))
        try:
            store.migrate()
            yield store
        finally:
            store.close()


@with_fields_of("pluriscope.analysis.network_files.intake:Declaration")
def import_(
    files: Sequence[str], *, protocol: Sequence[str] = (), data: str = "", no_analysis: bool = False, **declared: Any
) -> Shown:
    """Store networks in the dashboard's database and queue their analyses; all of them, or none if one is refused.

    A network of another kind than perceptrons is stored as its file says, and its circuits are searched or drawn.

    Example: pluriscope import networks/*.json --protocol complete --protocol paper
    Example: pluriscope import net.safetensors --task name --tasks XOR

    Prints the address of each network. PLURISCOPE_DATA names the data folder.

    Args:
        files: Network files (JSON), safetensors, ONNX; or - for standard input.
        protocol: Analyse under this protocol; may be repeated. Default: complete.
        data: Data file to analyse on; default: clean inputs.
        no_analysis: Only store the networks.
    """
    from pluriscope.addresses.address import Addresses
    from pluriscope.analysis.errors import AnalysisError
    from pluriscope.analysis.network_files.declaration import Declaration
    from pluriscope.analysis.network_files.files import MAX_NETWORK_BYTES
    from pluriscope.analysis.subjects.registry import MAX_SUBJECT_BYTES
    from pluriscope.app.db.reads.networks import known_as
    from pluriscope.app.db.remote import remote_kind_of_file
    from pluriscope.app.jobs.queue import enqueue_analyses
    from pluriscope.app.routes.bring_in import read_whole, store_intake, store_whole

    protocols = [] if no_analysis else [read_protocol(one) for one in protocol or ["complete"]]
    declaration = Declaration(**declared)
    intakes, models = [], []
    for path in files:
        raw = network_bytes(path, MAX_SUBJECT_BYTES)
        whole = raw if remote_kind_of_file(raw) else whole_content(raw[: MAX_SUBJECT_BYTES + 1], declaration, data)
        if whole:
            models.append(read_whole(whole))
            continue
        try:
            intake = intake_at(path, raw[: MAX_NETWORK_BYTES + 1], declaration, data)
            intakes.append((intake.file(), intake))
        except AnalysisError as error:
            raise Refusal(f"{path}: {error}") from None
    if models and (protocol or no_analysis or declaration.task != "file"):
        raise Refusal(
            "import: a network of another kind is imported without options of perceptrons. Give it by itself."
        )
    items = []
    with opened_store() as store, store.write() as session:
        for file, intake in intakes:
            show_first(intake)
            row = store_intake(session, intake)
            others = known_as(session, row, file.name)
            if others:
                remark(f"{file.name}: these weights already exist as {', '.join(others)}; saved under this name, too")
            data_of = None if intake.data.is_clean else intake.data
            enqueue_analyses(session, row, protocols, data=data_of, requested=True)
            items.append({"name": file.name, "digest": row.digest, "url": Addresses().network(row.slug)})
        for fresh, rules in models:
            row, _, _ = store_whole(session, fresh, rules)
            items.append({"name": row.name, "digest": row.digest, "url": Addresses().network(row.slug)})
    return Shown({"items": items}, [str(item["url"]) for item in items])
