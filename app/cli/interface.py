"""`pluriscope interface`: the HTTP interface as documents, compared with the committed ones by the tests."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.cli.terminal import DONE, check_writable, write_text

if TYPE_CHECKING:
    from fastapi import FastAPI
    from fastapi.dependencies.models import Dependant
    from fastapi.routing import APIRoute

EVERYWHERE: Final = ("theme", "tour", "output", "protocol", "data")
"""Options that most pages have, told once."""


def interface(
    output: Annotated[str, typer.Option("--output", "-o", help="File for the OpenAPI description, or -.")] = "-",
    addresses: Annotated[str, typer.Option(help="File for the list of addresses and options, in Markdown.")] = "",
) -> int:
    """Write the OpenAPI description and the list of all addresses with their options.

    Example: [bold]pluriscope interface --output docs/openapi.json --addresses docs/addresses.md[/bold]
    """
    for target in filter(None, (output, addresses)):
        check_writable(target)
    app = application()
    write_text(output, openapi_document(app))
    if addresses:
        write_text(addresses, addresses_document(app))
    return DONE


def application() -> FastAPI:
    """The application with default settings; nothing is opened or served."""
    from pathlib import Path

    from app.main import create_app
    from app.settings import Settings

    with TemporaryDirectory() as nowhere:
        return create_app(Settings(data=Path(nowhere)))


def openapi_document(app: FastAPI) -> str:
    """The OpenAPI description as it is committed: keys in order, one to a line."""
    return json.dumps(app.openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def addresses_document(app: FastAPI) -> str:
    """Every address with its methods, its words and its options, in Markdown."""
    return "\n".join(_document(app)) + "\n"


def _document(app: FastAPI) -> Iterator[str]:
    described: Mapping[str, Any] = app.openapi()["paths"]
    pages = _pages()
    shown = {route.path for route in _undescribed() if "GET" in (route.methods or ())}
    yield "# Addresses"
    yield ""
    yield (
        "Made from the routes by `pluriscope interface --output docs/openapi.json --addresses docs/addresses.md`; do "
        "not edit. The shapes of all answers: [openapi.json](openapi.json). What scripts may rely on, in words: "
        "[machine interface](machine-interface.md)."
    )
    yield ""
    yield "Options that most pages have, and their twins:"
    yield ""
    common: dict[str, str] = {}
    for operation in (operation for methods in described.values() for operation in methods.values()):
        for parameter in operation.get("parameters", []):
            if parameter["name"] in EVERYWHERE and parameter["in"] == "query":
                common.setdefault(parameter["name"], _option(parameter))
    yield from (common[name] for name in EVERYWHERE if name in common)
    by_tag: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = defaultdict(list)
    for path, methods in described.items():
        for method, operation in methods.items():
            by_tag[operation["tags"][0]].append((path, method, operation))
    for tag, operations in by_tag.items():
        yield ""
        yield f"## {tag[:1].upper()}{tag[1:]}"
        for path, method, operation in operations:
            yield ""
            yield f"### `{method.upper()} {path}`"
            yield ""
            page = path.removeprefix("/api/v1") or "/"
            page = "/" if page == "/gallery" else page
            twin = f" Twin of the page `{page}`." if method == "get" and page != path and page in shown else ""
            yield " ".join(operation["description"].split()) + twin
            own = [p for p in operation.get("parameters", []) if p["in"] == "query" and p["name"] not in EVERYWHERE]
            told = {parameter["name"] for parameter in operation.get("parameters", [])}
            more = [(k, v) for k, v in pages.get(page, {}).items() if k not in told] if twin else []
            if own or more:
                yield ""
            yield from (_option(parameter) for parameter in own)
            yield from (f"- `{name}` (page only): {words}" for name, words in more)
    yield ""
    yield "## Pages, pictures and forms without a description of their own"
    yield ""
    twins = {path.removeprefix("/api/v1") for path in described} | {"/"}
    for path, options in sorted(pages.items()):
        if path not in twins:
            yield f"- `{path}`" + (f": {', '.join(f'`{name}`' for name in options)}" if options else "")


def _option(parameter: Mapping[str, Any]) -> str:
    schema = parameter["schema"]
    default = schema.get("default")
    shown = f", by default `{json.dumps(default, ensure_ascii=False)}`" if default not in (None, "", []) else ""
    return f"- `{parameter['name']}` ({_values(schema)}{shown}): {parameter.get('description', '')}"


def _values(schema: Mapping[str, Any]) -> str:
    """What an option may be, in words."""
    if "anyOf" in schema:
        return " or ".join(_values(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        most = f", at most {schema['maxItems']}" if "maxItems" in schema else ""
        return f"{_values(schema.get('items', {}))}, repeatable{most}"
    bounds = [
        f"{word} {schema[key]}"
        for key, word in (("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "to"))
        if key in schema
    ]
    if "maxLength" in schema:
        bounds.append(f"at most {schema['maxLength']} characters")
    return " ".join([{"string": "text"}.get(schema.get("type", ""), schema.get("type", "any")), *bounds])


def _pages() -> dict[str, dict[str, str]]:
    """Addresses that the OpenAPI description leaves out, with their options and what these mean."""
    found: dict[str, dict[str, str]] = {}
    for route in _undescribed():
        found.setdefault(route.path, {}).update(_options(route.dependant))
    return found


def _undescribed() -> Iterator[APIRoute]:
    """Pages, pictures and forms."""
    from fastapi.routing import APIRoute

    from app.main import ROUTERS

    for route in (route for router in ROUTERS for route in router.routes):
        if isinstance(route, APIRoute) and not route.include_in_schema:
            yield route


def _options(dependant: Dependant) -> dict[str, str]:
    from pydantic import BaseModel

    found: dict[str, str] = {}
    for field in dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields = kind.model_fields.items()
            found |= {info.alias or name: info.description or "" for name, info in fields if name not in EVERYWHERE}
        elif field.alias not in EVERYWHERE:
            found[field.alias] = field.field_info.description or ""
    for below in dependant.dependencies:
        found |= _options(below)
    return found
