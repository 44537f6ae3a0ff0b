"""`pluriscope serve`, `work` and `check`: the dashboard, its background processes, and how the installation is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pluriscope.app.cli.reading import read_settings
from pluriscope.app.cli.terminal import DONE, TROUBLE, Shown, remark

if TYPE_CHECKING:
    from pluriscope.app.settings import Settings

MAX_CONNECTIONS: Final = 1_000

# less than what systemd, Docker and ./run wait before they kill; readers of streams connect again
FAREWELL_SECONDS: Final = 8


def serve(
    *,
    host: str | None = None,
    port: int | None = None,
    no_bundled: bool = False,
    root_path: str | None = None,
    proxy: str | None = None,
    read_only: bool = False,
) -> int:
    """Serve the dashboard.

    Example: PLURISCOPE_DATA=data pluriscope serve --port 8080

    Analyses run elsewhere: start pluriscope work beside it, once or on several machines.

    Args:
        host: Address to listen on. Default: 127.0.0.1.
        port: Port to listen on. Default: 8000.
        no_bundled: Do not add the bundled networks and studies.
        root_path: Path under which a proxy serves this, e.g. /pluriscope.
        proxy: Address of the proxy in front, e.g. 127.0.0.1: what it says of visitors is believed.
        read_only: Refuse every change.
    """
    settings = read_settings(host=host, port=port, prefix=root_path, trusted_proxies=proxy, read_only=read_only or None)
    import uvicorn

    from pluriscope.app.access.neighbours import Neighbours
    from pluriscope.app.check import disagreeing
    from pluriscope.app.gate import MAX_HEADER_BYTES
    from pluriscope.app.logs import configure
    from pluriscope.app.main import create_app, settle

    configure()
    _prepare_store(settings, bundled=not no_bundled)
    try:
        app = create_app(settings)
        app.state.neighbours = Neighbours.here()
        settle(app)
        for _, answer, cure in disagreeing(settings):
            remark(f"{answer}: {cure}")
        uvicorn.run(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            proxy_headers=False,  # believed by pluriscope.app.main, from those proxies that the settings name
            server_header=False,
            timeout_graceful_shutdown=FAREWELL_SECONDS,
            limit_concurrency=MAX_CONNECTIONS,
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        )
    except SystemExit as ended:  # uvicorn's own code where it cannot listen is 3, which here means a limit
        return TROUBLE if ended.code else DONE
    return DONE


def _prepare_store(settings: Settings, *, bundled: bool) -> None:
    """Bring the database up to date: its schema, the bundled networks, jobs that are missing, deletions that are due.

    A database that cannot be written for lack of room or rights is served for reading.
    """
    from sqlalchemy.exc import OperationalError

    from pluriscope.analysis.plugins import brought
    from pluriscope.app.db.engine import open_store
    from pluriscope.app.db.trouble import diagnosis, is_lasting
    from pluriscope.app.jobs.deletion import purge_deleted
    from pluriscope.app.jobs.queue import cancel_unknown
    from pluriscope.app.jobs.seeding import add_bundled_models, add_bundled_networks
    from pluriscope.app.jobs.stages import enqueue_missing

    store = open_store(settings)
    try:
        store.migrate()
        if bundled and not settings.read_only:
            with store.write() as session:
                added = add_bundled_networks(session) + add_bundled_models(session)
            if added:
                remark(f"added {added} bundled networks and models")
            for remark_of_seed in filter(None, (one.seed(settings) for one in brought("collections").values())):
                remark(remark_of_seed)
        if not settings.read_only:
            with store.write() as session:
                cancel_unknown(session)  # of kinds that this version no longer has
                enqueue_missing(session)
            purged = purge_deleted(store, settings.undo_days)
            if purged:
                remark(f"deleted {purged} networks for good whose time for undoing was over")
    except OperationalError as error:
        if not is_lasting(error):
            raise
        remark(f"reading only, for now: {diagnosis(error)}")
    finally:
        store.close()


def work(*, workers: int | None = None, until_idle: bool = False) -> int:
    """Run background work: analyses and training.

    Example: pluriscope work --workers 4

    A worker that is killed costs no job: another begins its job again when the lease runs out.

    Args:
        workers: Jobs at the same time, each in a process of its own.
        until_idle: End when no job is left.
    """
    from pluriscope.app.jobs.worker import run_workers
    from pluriscope.app.logs import configure

    settings = read_settings(workers=workers)
    configure()
    run_workers(settings, slots=workers, until_idle=until_idle)
    return DONE


def check() -> Shown:
    """Look at store, settings and disk, and say what to do; nothing is changed.

    Example: pluriscope check --json

    Exit codes: 0 healthy, 1 a problem was found.
    """
    from pluriscope.analysis import ENGINE_VERSION
    from pluriscope.app.check import examine

    findings = list(examine(os.environ))
    levels = {finding.level for finding in findings}
    lines = []
    for finding in findings:
        lines.append(f"{finding.level:<8} {finding.check:<20} {finding.found}")
        if finding.cure:
            lines.append(f"{'':<29} → {finding.cure}")
    lines.append("NOT healthy" if "problem" in levels else "healthy")
    answer = [finding.model_dump() for finding in findings]
    record = {"version": ENGINE_VERSION, "healthy": "problem" not in levels, "findings": answer}
    return Shown(record, lines, TROUBLE if "problem" in levels else DONE)
