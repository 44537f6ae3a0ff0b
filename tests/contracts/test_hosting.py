"""The compose files and the image fit the program: references, variables, who runs it and what may be written."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml

from pluriscope.analysis.plugins import brought
from pluriscope.app.settings import Settings
from tests.checkout import ROOT
from tests.of_plugins import whole

FILES = ("compose.yaml", "compose.postgresql.yaml")


def read(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / name).read_text())


def laid_over(base: dict[str, Any], upper: dict[str, Any]) -> dict[str, Any]:
    """Lay one file over another as compose does, for what these files have: mappings merge, the rest is replaced."""
    merged = dict(base)
    for key, value in upper.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = laid_over(merged[key], value) if both else value
    return merged


@pytest.fixture(params=[FILES[:1], FILES], ids=["sqlite", "postgresql"])
def compose(request) -> dict[str, Any]:
    files = [read(name) for name in request.param]
    return files[0] if len(files) == 1 else laid_over(*files)


def test_what_services_refer_to_is_there(compose):
    for name, service in compose["services"].items():
        for other in service.get("depends_on", {}):
            assert other in compose["services"], name
            if service["depends_on"][other]["condition"] == "service_healthy":
                assert not compose["services"][other].get("healthcheck", {}).get("disable"), name
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in compose["volumes"], name


@whole
def test_every_setting_reaches_the_program_as_it_is_set(compose):
    every = (Settings, *brought("settings").values())
    known = {f"PLURISCOPE_{name.upper()}" for one in every for name in one.model_fields}
    of_the_image = {*re.findall(r"PLURISCOPE_\w+(?==)", (ROOT / "Dockerfile").read_text())}
    assert known == {*re.findall(r"^\| `(PLURISCOPE_\w+)`", (ROOT / "docs/self-hosting.md").read_text(), re.MULTILINE)}
    for name in ("web", "worker"):
        given = compose["services"][name]["environment"]
        assert given.keys() | of_the_image == known, name
        # without a value it is what it is where compose is called, and not set where it is not
        fixed = {variable: value for variable, value in given.items() if value is not None}
        assert fixed.keys() == ({"PLURISCOPE_DATABASE_URL"} if "database" in compose["services"] else set()), name


def test_our_services_can_write_nothing_but_their_volume(compose):
    for name, service in compose["services"].items():
        if name != "database":
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name
            assert service["tmpfs"] == ["/tmp"], name  # noqa: S108
            assert "no-new-privileges:true" in service["security_opt"], name


def test_only_the_web_server_has_a_port_and_only_on_this_machine(compose):
    ports = {name: service["ports"] for name, service in compose["services"].items() if service.get("ports")}
    assert list(ports) == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in ports["web"])


def test_a_cluster_is_started_when_asked_for_and_reached_by_workers_alone(compose):
    networks = {name: set(service.get("networks", ["default"])) for name, service in compose["services"].items()}
    asked_for = {name for name, service in compose["services"].items() if service.get("profiles")}
    assert asked_for == {"scheduler", "computer"}
    assert {name for name, of in networks.items() if "cluster" in of} == asked_for | {"worker"}
    assert compose["networks"]["cluster"]["internal"] is True
    for name in asked_for:
        program, role, *_ = compose["services"][name]["entrypoint"]
        assert (program, role) == ("dask", {"scheduler": "scheduler", "computer": "worker"}[name])


def test_the_password_of_the_database_must_be_chosen():
    text = (ROOT / FILES[1]).read_text()
    used = re.findall(r"\$\{POSTGRES_PASSWORD(.*?)\}", text)
    assert used
    assert all(rest.startswith(":?") for rest in used)


def test_the_image_runs_as_a_numbered_user_with_the_extras_it_needs():
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", text, re.MULTILINE)
    projects = [
        tomllib.loads(path.read_text())["project"] for path in (ROOT / "pyproject.toml", *ROOT.glob("plugins/*/*.toml"))
    ]
    extras = {name for project in projects for name in project.get("optional-dependencies", ())}
    named = re.search(r"for e in \((.*?)\)", text)
    assert named is not None
    assert set(re.findall(r"'(\w+)'", named[1])) == {"onnx", "parquet", "pdf", "postgresql", "cluster"} <= extras


@pytest.mark.parametrize("name", ["pluriscope", "pluriscope-work"])
def test_the_units_of_systemd_start_commands_of_ours_and_leave_what_they_need(name):
    lines = (ROOT / f"deploy/{name}.service").read_text().splitlines()
    unit = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    assert unit["ExecStart"].rpartition("/")[2] in ("pluriscope serve", "pluriscope work")
    assert unit["ProtectSystem"] == "strict"
    assert unit["StateDirectory"] == "pluriscope"  # the one place that can be written
    assert "AF_NETLINK" in unit["RestrictAddressFamilies"].split()  # pluriscope.app.access.neighbours
