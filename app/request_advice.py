"""What a request that cannot be answered could have asked: its options, fields and methods, and the nearest page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import Request
from starlette.routing import Match

from app.addressing import API_PREFIX, Addresses

MAX_KEPT_OPTIONS: Final = 60
"""Options of a wrong address that a link to the page keeps."""


def allowed_options(request: Request) -> tuple[str, ...]:
    """Names of the query options that the route of a request accepts."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    names: list[str] = []
    for parameter in getattr(dependant, "query_params", ()):
        model = parameter.field_info.annotation
        fields = getattr(model, "model_fields", None)
        names += [parameter.alias] if fields is None else [f.alias or name for name, f in fields.items()]
    return tuple(names)


def allowed_fields(request: Request, within: Sequence[str]) -> tuple[str, ...]:
    """Fields of the body that a route accepts, or of the object inside it that the path leads to."""
    parameters: Sequence[Any] = getattr(getattr(request.scope.get("route"), "dependant", None), "body_params", ())
    model: Any = parameters[0].field_info.annotation if len(parameters) == 1 else None
    for step in within:
        inner = getattr(model, "model_fields", {}).get(step)
        model = inner.annotation if inner is not None else None
    return tuple(getattr(model, "model_fields", ()))


def allowed_methods(request: Request, path: str = "") -> tuple[str, ...]:
    """Every method of an address, which several routes may share; Starlette tells those of the first alone.

    Args:
        request: whose address is asked about.
        path: another path to ask about, with the prefix; "" for the request's own.
    """
    known = ("GET", "POST", "PUT", "PATCH", "DELETE")
    path = path or request.scope["path"]
    matches = ((method, {**request.scope, "method": method, "path": path}) for method in known)
    return tuple(
        method
        for method, scope in matches
        if any(route.matches(scope)[0] == Match.FULL for route in request.app.router.routes)
    )


def without_options(request: Request, problems: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """The page of the address without the options that are wrong; ("", "") where it cannot be opened as a page.

    A twin leads to its page, so that programs and people are told the same address.
    """
    prefix = request.app.state.settings.prefix
    page = Addresses(prefix).page_of(f"{prefix}{path_of(request)}")
    wrong = {str(problem["loc"][1]) for problem in problems if len(problem["loc"]) > 1}
    if request.method != "GET" or not wrong or "GET" not in allowed_methods(request, page):
        return "", ""
    kept = [(key, value) for key, value in request.query_params.multi_items() if key not in wrong]
    query = f"?{urlencode(kept)}" if kept and len(kept) <= MAX_KEPT_OPTIONS else ""
    label = f"this page without {', '.join(sorted(wrong))[:80]}" if query or not kept else "this page without options"
    return f"{quote(page)}{query}", label


def nearest_parent(request: Request) -> tuple[str, str]:
    """The page above the address, by its shape: a circuit's parent is the list of circuits, and so on."""
    addresses = Addresses(request.app.state.settings.prefix)
    parts = [part for part in path_of(request).removeprefix(API_PREFIX).split("/") if part]
    if len(parts) >= 2 and parts[0] == "networks":
        network, rest = parts[1], parts[2:]
        if rest[:1] == ["circuits"] and len(rest) >= 3:
            return addresses.circuit(network, rest[1]), f"circuit {rest[1]}"
        if rest[:1] == ["circuits"] and len(rest) == 2:
            return addresses.circuits(network), f"circuits of {network}"
        if rest[:1] == ["algorithms"] and len(rest) >= 3:
            return addresses.algorithm(network, rest[1]), f"algorithm {rest[1]}"
        if rest[:1] == ["algorithms"] and len(rest) == 2:
            return addresses.algorithms(network), f"algorithms of {network}"
        if rest:
            return addresses.network(network), f"network {network}"
    if len(parts) == 2 and parts[0] == "jobs":
        return addresses.jobs(), "jobs"
    return addresses.gallery(), "all networks"


def path_of(request: Request) -> str:
    """The path of a request without the prefix under which a proxy serves."""
    return str(request.scope["path"]).removeprefix(request.app.state.settings.prefix)
