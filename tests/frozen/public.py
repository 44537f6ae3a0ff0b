"""What other people's scripts and links rely on, as values that can be written down and compared with later ones.

The written ones lie beside this file and are made by ``python -m tests.frozen``. A later tree must give at least
what they hold: fields, addresses and options may be added, and none may be lost or changed. The rules are those
of :func:`losses` for documents and of :func:`schema_losses` for the description of the HTTP interface, which compares
structures and not the names of classes, so that a class may be renamed.
"""

from __future__ import annotations

import gzip
import hashlib
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click
import typer.main
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

import pluriscope
from analysis.criteria.registry import CRITERIA
from analysis.pipeline import analyse_output
from analysis.protocol import COMPLETE, PAPER
from analysis.question import ask
from analysis.result_file import result_json
from app.cli.commands import app as command_line
from app.main import ROUTERS
from tests.checkout import ROOT
from tests.factories import XOR_SLUG
from tests.golden_files import golden_data, golden_network

FOLDER: Final = Path(__file__).parent
NETWORK: Final = f"/networks/{XOR_SLUG}"
CIRCUIT: Final = f"{NETWORK}/circuits/081ff"
ALGORITHM: Final = f"{NETWORK}/algorithms/a2e8546f11f80df4"
PAIR: Final = f"network={XOR_SLUG}&e=i-2b0cf.0&e=i-2b0cf.1"
TWINS: Final = (
    "/gallery",
    NETWORK,
    f"{NETWORK}/circuits?sort=margin&order=desc&limit=20",
    CIRCUIT,
    f"{CIRCUIT}/interpretations?classes=observed",
    f"{CIRCUIT}/interpretations/0",
    f"{CIRCUIT}/verify",
    f"{NETWORK}/algorithms",
    ALGORITHM,
    f"{NETWORK}/explanations?limit=20",
    f"{NETWORK}/explanations?kind=alignment&standing=any&sort=iia&order=desc",
    f"{NETWORK}/funnel",
    f"{NETWORK}/sandbox?e=i-081ff.0&now=01_1.0s10_2.0.1z",
    f"{NETWORK}/verdicts?e=c-081ff",
    f"/compare?{PAIR}",
    "/glossary",
    "/studies",
    "/jobs",
)
"""Twins whose values are written down; the shapes of all of them are in the description of the interface."""
TABLES: Final = (
    f"{NETWORK}/circuits.csv",
    f"{CIRCUIT}/interpretations.csv",
    f"{NETWORK}/algorithms.csv",
    f"{ALGORITHM}/alignments.csv",
    f"{NETWORK}/figures.csv",
    f"{NETWORK}/funnel.csv",
    f"/compare.csv?{PAIR}",
    f"/compare/agreement.csv?{PAIR}",
    f"/api/v1{NETWORK}/explanations.csv",
    "/networks.csv",
)
PASSING: Final = frozenset(
    {"seconds", "engine", "engine_version", "current_engine", "version", "analysed_at", "created_at"}
)
"""Keys whose values belong to one run or one version."""
SLOW_TO_ANALYSE: Final = frozenset({"majority_3-3", "xor_4", "xor_4-4"})
"""Golden networks whose result files are frozen under ``paper`` alone."""


def read(name: str) -> Any:
    """A frozen value; ``name`` without its ending."""
    return json.loads(gzip.decompress((FOLDER / f"{name}.json.gz").read_bytes()))


def write(name: str, value: Any) -> None:
    """Freeze a value. The same value always gives the same bytes."""
    text = json.dumps(value, indent=0, sort_keys=True, ensure_ascii=False)
    (FOLDER / f"{name}.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def addresses() -> list[str]:
    """Every route as method and path, without the names of its parameters: they are no part of an address."""
    routes = (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute))
    return sorted({f"{method} {re.sub('{[^}]*}', '{}', route.path)}" for route in routes for method in route.methods})


def committed_description() -> dict[str, Any]:
    """The OpenAPI document in ``docs``; another test holds it against the one that is served."""
    return json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))


def description(document: Any) -> Any:
    """An OpenAPI document without its words: they may be rewritten."""
    if isinstance(document, Mapping):
        words = {"title", "description", "summary", "example", "examples"}
        return {
            # a field may be called like that too; then it has a schema
            key: description(value)
            for key, value in document.items()
            if key not in words or isinstance(value, Mapping)
        }
    return [description(item) for item in document] if isinstance(document, list) else document


def commands() -> dict[str, list[str]]:
    """Every command of the command line with its arguments and options."""

    def visit(name: str, command: click.Command) -> Iterator[tuple[str, list[str]]]:
        named = (option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts))
        yield name, sorted(named)
        for below, other in getattr(command, "commands", {}).items():
            yield from visit(f"{name} {below}", other)

    return dict(visit("pluriscope", typer.main.get_command(command_line)))


def library() -> dict[str, list[str]]:
    """Every class that the library gives out with its members, and every function, each with its parameters."""
    homes = {getattr(pluriscope, name).__module__ for name in pluriscope.__all__ if name != "__version__"}
    modules = [import_module(home) for home in sorted(homes) if home.startswith("pluriscope.")]
    found: dict[str, list[str]] = {}
    for value in (value for module in modules for value in vars(module).values()):
        name, home = getattr(value, "__name__", "_"), str(getattr(value, "__module__", ""))
        if not home.startswith("pluriscope.") or name.startswith("_"):
            continue
        if inspect.isclass(value):
            own = {
                member for kind in value.__mro__ if kind.__module__.startswith("pluriscope.") for member in vars(kind)
            }
            fields = getattr(value, "__dataclass_fields__", {})
            members = sorted(member for member in {*own, *fields} if not member.startswith("_"))
            found[name] = [_with_parameters(member, getattr(value, member, None)) for member in members]
        elif name in pluriscope.__all__:
            found[name] = [_with_parameters(name, value)]
    return dict(sorted(found.items()))


def _with_parameters(name: str, value: Any) -> str:
    """A name, with the names of its parameters if it is called."""
    return f"{name}({', '.join(inspect.signature(value).parameters)})" if callable(value) else name


def criteria() -> list[str]:
    """The kinds of explanations and the keys of all criteria that they are asked."""
    return sorted(f"{kind} {criterion.key}" for criterion in CRITERIA for kind in criterion.judges)


def result_digests(name: str) -> dict[str, str]:
    """SHA-256 of a golden network's result files, by protocol, without what differs from run to run."""
    file, data = golden_network(name), golden_data(name)
    digests = {}
    for protocol in (PAPER,) if name in SLOW_TO_ANALYSE or not data.is_clean else (PAPER, COMPLETE):
        analyses = [
            analyse_output(ask(file.network, output=k, task=task, protocol=protocol, data=data))
            for k, task in enumerate(file.tasks)
        ]
        document = {key: value for key, value in result_json(analyses).items() if key not in PASSING}
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        digests[protocol.name] = hashlib.sha256(text.encode()).hexdigest()
    return digests


def twins(client: TestClient) -> dict[str, Any]:
    """The bodies of :data:`TWINS` over the store that holds the analysed network :data:`XOR_SLUG`."""
    return {path: client.get(f"/api/v1{path}").raise_for_status().json() for path in TWINS}


def tables(client: TestClient) -> dict[str, str]:
    """The lines of :data:`TABLES`, without the comments above them, which name versions and times."""
    texts = {path: client.get(path).raise_for_status().text for path in TABLES}
    return {path: "".join(row for row in text.splitlines(True) if row[:1] != "#") for path, text in texts.items()}


def losses(before: Any, after: Any, place: str = "") -> Iterator[str]:
    """What ``before`` holds and ``after`` does not, one line each.

    Objects may gain keys. Lists keep their length. Numbers, flags and texts without a space (ids, addresses, keys)
    stay; a text with a space is prose and may be reworded. Keys of :data:`PASSING` are not compared.
    """
    if isinstance(before, Mapping):
        if not isinstance(after, Mapping):
            yield f"{place}: was an object"
            return
        for key, value in before.items():
            if key in PASSING:
                continue
            if key not in after:
                yield f"{place}.{key}: gone"
            else:
                yield from losses(value, after[key], f"{place}.{key}")
    elif isinstance(before, list):
        if not isinstance(after, list) or len(after) != len(before):
            yield f"{place}: was a list of {len(before)}"
            return
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from losses(old, new, f"{place}[{index}]")
    elif isinstance(before, str) and " " in before:
        if not isinstance(after, str):
            yield f"{place}: was a text"
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield f"{place}: {before!r} became {after!r}"


def schema_losses(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """What a script that was written for the OpenAPI description ``before`` could miss in ``after``, one line each.

    Every operation, option and status stays; no option becomes required; an answer keeps each field with its types and
    goes on requiring those that it required; a request accepts all that it accepted.
    """
    comparison = _Schemas(before, after)
    for path, methods in before["paths"].items():
        for method, operation in methods.items():
            place = f"{method.upper()} {path}"
            now = after["paths"].get(path, {}).get(method)
            if now is None:
                yield f"{place}: gone"
                continue
            yield from comparison.operation(place, operation, now)


class _Schemas:
    """Two descriptions, walked side by side; references are followed, and each pair of schemas is compared once."""

    def __init__(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        self._documents = before, after
        self._seen: set[tuple[str, str, bool]] = set()

    def operation(self, place: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
        options = {(p["in"], p["name"]): p for p in after.get("parameters", [])}
        known = {(p["in"], p["name"]) for p in before.get("parameters", [])}
        for key in known - options.keys():
            yield f"{place}: option {key[1]} is gone"
        for key, option in options.items():
            if key not in known and option.get("required"):
                yield f"{place}: option {key[1]} is required now"
        for media, content in before.get("requestBody", {}).get("content", {}).items():
            now = after.get("requestBody", {}).get("content", {}).get(media)
            if now is None:
                yield f"{place}: {media} is not accepted any more"
            else:
                yield from self.schema(f"{place} body", content.get("schema", {}), now.get("schema", {}), sent=True)
        for status, answer in before["responses"].items():
            now = after["responses"].get(status)
            if now is None:
                yield f"{place}: status {status} is gone"
                continue
            for media, content in answer.get("content", {}).items():
                if media not in now.get("content", {}):
                    yield f"{place}: {status} is not {media} any more"
                    continue
                schemas = content.get("schema", {}), now["content"][media].get("schema", {})
                yield from self.schema(f"{place} {status}", *schemas, sent=False)

    def schema(self, place: str, before: Any, after: Any, *, sent: bool) -> Iterator[str]:
        pair = (before.get("$ref", ""), after.get("$ref", ""), sent) if isinstance(before, Mapping) else None
        if pair and pair[0] and pair[1]:
            if pair in self._seen:
                return
            self._seen.add(pair)
        before, after = self._resolved(0, before), self._resolved(1, after)
        choices = before.get("anyOf") or before.get("oneOf") or [before]
        others = after.get("anyOf") or after.get("oneOf") or [after]
        if len(choices) > 1 or len(others) > 1:
            for index, choice in enumerate(choices):
                tried = [list(self._within().schema(place, choice, other, sent=sent)) for other in others]
                if all(tried):
                    yield f"{place}: alternative {index} is gone ({min(tried, key=len)[0]})"
            return
        if before.get("type") != after.get("type"):
            yield f"{place}: {before.get('type')} became {after.get('type')}"
            return
        if set(before.get("enum", ())) - set(after.get("enum", before.get("enum", ()))):
            yield f"{place}: lost values of its list"
        if "const" in before and before["const"] != after.get("const", before["const"]):
            yield f"{place}: {before['const']!r} became {after.get('const')!r}"
        mine, now = before.get("properties", {}), after.get("properties", {})
        for name, schema in mine.items():
            if name not in now:
                yield f"{place}.{name}: gone"
            else:
                yield from self.schema(f"{place}.{name}", schema, now[name], sent=sent)
        required, still = set(before.get("required", ())), set(after.get("required", ()))
        for name in sorted((still - required) if sent else (required & mine.keys()) - still):
            yield f"{place}.{name}: {'required now' if sent else 'not always there any more'}"
        for key in ("items", "additionalProperties"):
            if isinstance(before.get(key), Mapping):
                yield from self.schema(f"{place}[]", before[key], after.get(key) or {}, sent=sent)

    def _within(self) -> _Schemas:
        """A comparison that goes on from here and may fail without being this one's failure."""
        inner = _Schemas(*self._documents)
        inner._seen = set(self._seen)
        return inner

    def _resolved(self, which: int, schema: Any) -> Any:
        while "$ref" in schema:
            schema = self._documents[which]["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema
