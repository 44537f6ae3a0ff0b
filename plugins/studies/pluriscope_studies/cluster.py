"""Workers of a dask cluster, by its scheduler's address or of a SLURM queue; dask is loaded when there is one to reach.

Whoever reaches a scheduler's port can run programs as its user: so an address without encryption is only taken on this
machine, or where somebody says that the network between is safe.
"""

from __future__ import annotations

import gc
import logging
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.processes.executor import Away

SLURM: Final = "slurm"
WAIT_SECONDS: Final = 10.0  # for a scheduler's answer, and for its first worker
_COUNT_SECONDS: Final = 5.0  # for how long the number of workers is believed
QUIET: Final = {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False", "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s"}
"""Settings for programs of dask, which else take 2.4% of a core each to look at what they themselves do."""
_FORMS: Final = "tls://HOST:PORT, tcp://HOST:PORT or slurm"


class ClusterUnusable(Away):
    """A cluster cannot be reached, has nobody who works, or is of another version."""


class ClusterLost(Away):
    """A cluster that was at work does not answer any more."""


@dataclass(frozen=True)
class Workers:
    """Workers that compute chunks.

    Args:
        executor: takes functions of modules and values that pickle.
        count: how many it computes at a time now.
    """

    executor: Executor
    count: Callable[[], int]


def checked_address(address: str, insecure: bool = False) -> str:
    """The address of a cluster as it was given.

    Args:
        insecure: whether a network without encryption is trusted.

    Raises:
        ClusterUnusable: it is none, or leads beyond this machine without encryption.
    """
    item = f"cluster {address!r}"
    if address == SLURM:
        return address
    try:
        parts = urlsplit(address)
        port, host = parts.port, parts.hostname
    except ValueError:
        port = host = None
    if not (host and port) or parts.scheme not in ("tcp", "tls") or address != f"{parts.scheme}://{parts.netloc}":
        raise ClusterUnusable(item, "is no address of a scheduler", f"give {_FORMS}")
    if parts.scheme == "tcp" and not insecure and not _is_here(host):
        cause = "leads beyond this machine without encryption, and its port asks for no password"
        raise ClusterUnusable(
            item, cause, f"start the cluster with certificates and give tls://{parts.netloc}, or {_TRUST}"
        )
    return address


_TRUST: Final = "say that the network is safe: --insecure, of a server PLURISCOPE_CLUSTER_INSECURE=true"


def _is_here(host: str) -> bool:
    """Whether all addresses of a host are of this machine: only those can be bound to."""
    try:
        found = {(family, where[0]) for family, _, _, _, where in socket.getaddrinfo(host, None)}
        for family, where in found:
            with socket.socket(family, socket.SOCK_DGRAM) as one:
                one.bind((where, 0))
    except OSError:
        return False
    return True


@contextmanager
def cluster_workers(address: str, *, insecure: bool = False, n: int = 1) -> Iterator[Workers]:
    """The workers of a cluster, until the block is left.

    Args:
        address: of a scheduler, which is left running, or "slurm" for one that is started here, for this block.
        insecure: whether a network without encryption is trusted.
        n: jobs that are asked of SLURM.

    Raises:
        ClusterUnusable: it cannot be reached, or is of another version.
    """
    item = f"cluster {checked_address(address, insecure)!r}"
    try:
        from distributed import Client
    except ImportError:
        cure = "install it: pip install 'pluriscope-studies[cluster]'"
        raise ClusterUnusable(item, "needs dask, which is not installed", cure) from None
    for name in ("distributed", "distributed.client"):  # whose levels are set when it is loaded
        logging.getLogger(name).setLevel(logging.CRITICAL)  # the errors here say what matters
    with _scheduler(address, item, insecure, n) as scheduler:
        gc.collect()  # a client that was not let in is closed now: amid the start of another, both would wait for ever
        try:
            client = Client(scheduler, timeout=WAIT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TypeError) as problem:
            cause, cure = f"cannot be reached ({_line(problem)})", "start its scheduler, or correct the address"
            if address.startswith("tls:"):
                cure += "; certificates are named by dask's own settings, distributed.comm.tls"
            raise ClusterUnusable(item, cause, cure) from None
        try:
            if address != SLURM:  # its jobs wait in a queue, and start the Python that runs here
                _check(client, item)
            yield Workers(client.get_executor(pure=False), _count_of(client, item))
        finally:
            with suppress(Exception):  # a scheduler that is gone hears nothing
                client.close(timeout=1)


@contextmanager
def _scheduler(address: str, item: str, insecure: bool, n: int) -> Iterator[Any]:
    """Connect to a scheduler: an address, or a cluster of SLURM's with as many jobs as asked for."""
    if address != SLURM:
        yield address
        return
    from distributed import Security

    security = Security()  # as dask's settings say
    if not security.tls_ca_file:
        security = None
    if not (insecure or security):
        cure = f"name certificates in dask's settings, distributed.comm.tls, or {_TRUST}"
        raise ClusterUnusable(item, "would speak with its workers without encryption", cure)
    try:
        import dask
        from dask_jobqueue import SLURMCluster

        first = dask.config.get("jobqueue.slurm.job-script-prologue", ())
        cluster = SLURMCluster(
            protocol="tls://" if security else "tcp://",
            security=security,
            scheduler_options={"dashboard_address": "127.0.0.1:0"},  # which asks for no password either
            job_script_prologue=[*first, *(f"export {name}={value}" for name, value in QUIET.items())],
        )
        cluster.scale(jobs=n)
    except Exception as problem:
        cure = "describe its jobs in dask's settings, jobqueue.slurm, on a machine that has sbatch"
        raise ClusterUnusable(item, f"cannot be started ({_line(problem)})", cure) from None
    with cluster:
        yield cluster


def about_here() -> Mapping[str, str]:
    """Versions that have to be equal wherever a study is computed; asked of a scheduler and its workers."""
    import platform

    import dask

    python = ".".join(platform.python_version_tuple()[:2])
    return {"Pluriscope": ENGINE_VERSION, "dask": dask.__version__, "Python": python}


def _check(client: Any, item: str) -> None:
    """Refuse a cluster without workers, or one whose programs are not those of this one."""
    try:
        scheduler = client.run_on_scheduler(about_here)
    except Exception as problem:
        scheduler = problem
    _compare(item, {"the scheduler": scheduler})
    try:
        client.wait_for_workers(1, timeout=WAIT_SECONDS)
    except TimeoutError:
        cure = "start some, such as: dask worker ADDRESS --nthreads 1"
        raise ClusterUnusable(item, f"has had no worker for {WAIT_SECONDS:g} s", cure) from None
    workers = client.run(about_here, on_error="return")
    _compare(item, {f"worker {name}": one for name, one in workers.items()})


def _compare(item: str, there: Mapping[str, Mapping[str, str] | Exception]) -> None:
    here = about_here()
    for name, one in there.items():
        cure = f"install pluriscope-studies[cluster] {ENGINE_VERSION} there, as it is here, and start it again"
        if isinstance(one, Exception):
            raise ClusterUnusable(item, f"{name} does not have Pluriscope ({_line(one)})", cure)
        for program, version in here.items():
            if one[program] != version:
                raise ClusterUnusable(item, f"{name} has {program} {one[program]}, this machine has {version}", cure)


def _count_of(client: Any, item: str) -> Callable[[], int]:
    """Make the function that counts how many chunks a cluster computes at a time: the threads of its workers."""
    known, at = 0, float("-inf")

    def count() -> int:
        nonlocal known, at
        if time.monotonic() - at > _COUNT_SECONDS:
            try:
                known, at = sum(client.nthreads().values()), time.monotonic()
            except Exception:
                raise lost(item) from None
        return known

    return count


def lost(item: str = "the cluster") -> ClusterLost:
    """The error of a run whose cluster has gone away."""
    cure = "start its scheduler again, then give the same command; a server goes on by itself"
    return ClusterLost(item, "does not answer any more", cure)


def _line(problem: BaseException) -> str:
    return " ".join(str(problem).split())[:200] or type(problem).__name__
