"""Clusters: which addresses are taken, and what is said of one that cannot be used."""

import gc
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, nullcontext

import pytest
import yaml

from plugins.studies.tests import dask_processes
from plugins.studies.tests.dask_processes import OTHER_VERSION, WITHOUT_PLURISCOPE
from plugins.studies.tests.study_factories import design, settings
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.app.check import examine
from pluriscope.app.cli.reading import read_settings
from pluriscope.app.cli.terminal import Refusal
from pluriscope.tables.parquet import ParquetTable
from pluriscope_studies import cluster
from pluriscope_studies.cluster import QUIET, ClusterUnusable, checked_address, cluster_workers
from pluriscope_studies.settings import ClusterSettings
from tests.checkout import ROOT

SELF_HOSTING = (ROOT / "docs/self-hosting.md").read_text()


@pytest.mark.parametrize(
    "address",
    ["tcp://127.0.0.1:8786", "tcp://localhost:1", "tcp://[::1]:8786", "tls://scheduler.example:8786", "slurm"],
)
def test_addresses_that_are_taken(address):
    if "::1" in address:
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("no IPv6 here")
    assert checked_address(address) == address


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "is no address of a scheduler"),
        ("http://127.0.0.1:8786", "give tls://HOST:PORT"),
        ("tcp://127.0.0.1", "is no address of a scheduler"),
        ("tcp://127.0.0.1:99999", "is no address of a scheduler"),
        ("tcp://[::1:8786", "is no address of a scheduler"),
        ("SLURM", "is no address of a scheduler"),
        (
            "tcp://192.0.2.7:8786",
            "asks for no password. Start the cluster with certificates and give tls://192.0.2.7:8786",
        ),
        ("tcp://no-such-host.invalid:8786", "leads beyond this machine without encryption"),
    ],
)
def test_addresses_that_are_refused(address, words):
    with pytest.raises(ClusterUnusable) as refusal:
        checked_address(address)
    assert words.lower() in str(refusal.value).lower()


def test_a_network_that_is_trusted_needs_no_encryption():
    assert checked_address("tcp://192.0.2.7:8786", insecure=True) == "tcp://192.0.2.7:8786"


@pytest.fixture
def patience(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "WAIT_SECONDS", 0.5)


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.slow  # loads dask
@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("tcp://127.0.0.1:{port}", "cannot be reached (Timed out"),
        ("tls://127.0.0.1:{port}", "certificates are named by dask's own settings"),
        ("slurm", "would speak with its workers without encryption"),
    ],
)
def test_nobody_there(patience, port, address, words):
    begun = time.monotonic()
    with pytest.raises(ClusterUnusable) as refusal, cluster_workers(address.format(port=port)):
        pass
    assert words in str(refusal.value)
    assert time.monotonic() - begun < 10


@pytest.mark.slow  # loads dask
def test_a_client_that_was_not_let_in_is_gone_before_another_one_starts(patience, port, monkeypatch):
    import distributed

    kept, real = list[int](), distributed.Client

    def client(*_, **__):
        kept.append(sum(type(one) is real for one in gc.get_objects()))
        raise OSError

    gc.disable()
    try:
        for _ in range(2):
            with pytest.raises(ClusterUnusable), cluster_workers(f"tcp://127.0.0.1:{port}"):
                pass
            monkeypatch.setattr(distributed, "Client", client)
    finally:
        gc.enable()
    assert kept == [0]


@pytest.mark.slow  # starts a scheduler and workers
@pytest.mark.parametrize(
    ("there", "worker", "words"),
    [
        ("", None, "has had no worker for 0.5 s"),
        (OTHER_VERSION, None, f"the scheduler has Pluriscope 9.9, this machine has {ENGINE_VERSION}"),
        (WITHOUT_PLURISCOPE, None, "the scheduler does not have Pluriscope"),
        ("", OTHER_VERSION, f"has Pluriscope 9.9, this machine has {ENGINE_VERSION}"),
        ("", WITHOUT_PLURISCOPE, "does not have Pluriscope"),
        ("", "import dask; dask.__version__ = '2020.1'", "has dask 2020.1, this machine has 20"),
    ],
    ids=["nobody", "other scheduler", "no package", "other worker", "no package there", "other dask"],
)
def test_clusters_of_other_programs(monkeypatch, tmp_path, there, worker, words):
    pytest.importorskip("distributed")
    with dask_processes.scheduler(tmp_path, first=there) as (address, _), ExitStack() as stack:
        if worker is None:
            monkeypatch.setattr(cluster, "WAIT_SECONDS", 0.5)
        else:
            stack.enter_context(dask_processes.worker(address, tmp_path, "--no-nanny", first=worker))
        with pytest.raises(ClusterUnusable) as refusal, cluster_workers(address):
            pass
    assert words in str(refusal.value)


@pytest.mark.slow  # starts a scheduler and a worker
def test_a_worker_is_started_as_is_said(monkeypatch, tmp_path):
    pytest.importorskip("distributed")
    with dask_processes.scheduler(tmp_path) as (address, _):
        with monkeypatch.context() as patch:
            patch.setattr(cluster, "WAIT_SECONDS", 0.5)
            with pytest.raises(ClusterUnusable) as refusal, cluster_workers(address):
                pass
        options = re.search(r"dask worker ADDRESS ([^.]+)", str(refusal.value))[1].split()
        monkeypatch.setattr(cluster, "WAIT_SECONDS", 60)
        with dask_processes.worker(address, tmp_path, *options), cluster_workers(address) as workers:
            assert workers.executor.submit(int, "7").result() == 7


@pytest.mark.release  # makes keys
def test_certificates(monkeypatch, tmp_path):
    """Whoever has the cluster's certificate is let in, nobody else."""
    pytest.importorskip("distributed")
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=pluriscope -keyout {key} -out {certificate}"
    subprocess.run(made, shell=True, check=True, capture_output=True)  # noqa: S602  our own words
    names = ["CA_FILE", *(f"{who}__{what}" for who in ("SCHEDULER", "WORKER", "CLIENT") for what in ("CERT", "KEY"))]
    files = {name: str(key if name.endswith("KEY") else certificate) for name in names}
    answer = {f"DASK_DISTRIBUTED__COMM__TLS__{name}": path for name, path in files.items()}
    with (
        dask_processes.scheduler(tmp_path, scheme="tls", environment=answer) as (address, _),
        dask_processes.worker(address, tmp_path, environment=answer),
    ):
        assert used(address, {}) == "refused: certificates are named by dask's own settings"
        assert used(address.replace("tls:", "tcp:"), {}).startswith("refused: ")
        assert used(address, answer) == "7"


def used(address, environment):
    """Output of a program that uses a cluster; dask reads its settings when it is loaded."""
    program = """
import sys
from pluriscope_studies.cluster import ClusterUnusable, cluster_workers
try:
    with cluster_workers(sys.argv[1]) as workers:
        print(workers.executor.submit(int, "7").result())
except ClusterUnusable as problem:
    print("refused:", str(problem).split("; ")[-1].split(", distributed")[0])
"""
    run = subprocess.run(
        [sys.executable, "-c", program, address], env={**os.environ, **environment}, capture_output=True, text=True
    )
    return run.stdout.strip() or run.stderr


def test_programs_that_the_documents_start_have_the_settings():
    assert f"export {' '.join(f'{name}={value}' for name, value in QUIET.items())}\n" in SELF_HOSTING
    assert yaml.safe_load((ROOT / "compose.yaml").read_text())["x-cluster"]["environment"] == QUIET


@pytest.mark.release  # starts jobs
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of the cluster without settings
def test_one_command_from_a_laptop_to_slurm(monkeypatch, tmp_path):
    """The line that the document shows; its ssh, sbatch and scancel are stand-ins that run programs of this machine."""
    pytest.importorskip("dask_jobqueue")
    there, laptop, programs = tmp_path / "there", tmp_path / "laptop", tmp_path / "programs"
    for folder in (there, laptop, programs):
        folder.mkdir()
    for name, script in {
        "sbatch": f"cp $1 {tmp_path}/job-$$; setsid sh {tmp_path}/job-$$ >/dev/null 2>&1 & echo Submitted batch job $!",
        "scancel": "kill -- -$1",
        "ssh": f'shift; cd {there}; exec sh -c "$*"',
        "scp": f"exec cp -r {there}/${{2#*:}} $3",
        "pluriscope": f'exec {sys.executable} -m pluriscope.app.cli "$@"',
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", dask_processes.PATH)
    with pytest.raises(ClusterUnusable, match=r"jobqueue\.slurm"), cluster_workers("slurm", insecure=True):
        pass
    for name, value in {"CORES": "1", "MEMORY": "1GiB"}.items():
        monkeypatch.setenv(f"DASK_JOBQUEUE__SLURM__{name}", value)
    (laptop / "study.json").write_text(json.dumps(settings(seeds={"first": 0, "count": 2})))
    (line,) = re.findall("^  (ssh .*)$", SELF_HOSTING, re.MULTILINE)
    line = line.replace("slurm", "slurm --insecure").replace("50", "2")
    run = subprocess.run(["sh", "-c", line], cwd=laptop, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    known = design(seeds={"first": 0, "count": 2})
    rows = ParquetTable(sorted((laptop / "study").glob("*.parquet"))).ask("SELECT DISTINCT cell, seed FROM {rows}")
    assert len(rows) == known.n_networks
    jobs = [path.read_text() for path in tmp_path.glob("job-*")]
    assert len(jobs) == 2
    assert all(f"export {name}={value}" in job for job in jobs for name, value in QUIET.items())


@pytest.mark.parametrize(
    ("cluster", "insecure", "refused"),
    [
        ("tcp://10.0.0.1:8786", "", True),
        ("tcp://10.0.0.1:8786", "true", False),
        ("nonsense", "", True),
        ("tls://scheduler:8786", "", False),
    ],
)
def test_a_cluster_is_checked_when_settings_are_read(monkeypatch, cluster, insecure, refused):
    monkeypatch.setenv("PLURISCOPE_CLUSTER", cluster)
    monkeypatch.setenv("PLURISCOPE_CLUSTER_INSECURE", insecure or "false")
    with pytest.raises(Refusal, match="cluster") if refused else nullcontext():
        read_settings()
    assert refused or ClusterSettings().cluster == cluster


def test_a_check_says_that_nobody_answers_there(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "WAIT_SECONDS", 0.5)
    for name, value in (("CLUSTER", "tcp://127.0.0.1:9"), ("DATA", str(tmp_path))):
        monkeypatch.setenv(f"PLURISCOPE_{name}", value)
    (found,) = (one for one in examine({}) if one.check == "settings.cluster")
    assert found.level == "problem"
    assert "start its scheduler" in found.cure
    monkeypatch.setenv("PLURISCOPE_CLUSTER", "nowhere")
    (found,) = examine({})
    assert "is no address of a scheduler" in found.found
