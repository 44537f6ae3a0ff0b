"""The answer key: methods on a suite of networks, one method, two of them, one network, and rows as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.app.computing import room
from pluriscope.app.error_answers import api_errors
from pluriscope.app.rendering import base_url, show
from pluriscope.app.routes.depends import Links, ListOptions, options_of
from pluriscope.app.routes.faces import Faces, both
from pluriscope.app.routes.streaming import CSV_RESPONSE, table_file
from pluriscope.page_kit.blocks import Block, Table
from pluriscope.tables.table import Column, parameters
from pluriscope_bench.pages.methods import (
    COLUMNS,
    ROWS,
    BenchRecord,
    MethodRecord,
    bench_blocks,
    find_bench,
    find_method,
    method_blocks,
    rows_table,
)
from pluriscope_bench.pages.network import SuiteNetworkRecord, find_network, network_blocks
from pluriscope_bench.pages.pairs import PairRecord, find_pair, pair_blocks
from pluriscope_bench.pages.results import results_of

router = APIRouter()


_OWN: Final[list[dict[str, Any]]] = [
    {"name": name, "in": "query", "description": words, "schema": {"type": "string"}}
    for name, words in (
        ("suite", "Name of a suite of networks; empty: the bundled one."),
        ("condition", "What makes a circuit valid, such as zero-threshold-strict, under which methods are ranked."),
    )
]
_OF_LIST: Final = [*_OWN, *parameters(COLUMNS)]
_OF_ROWS: Final = [*_OWN, *parameters(ROWS)]


def _faces(blocks: Callable[[str], Iterator[Block]], record: Callable[[], Any]) -> Faces:
    """A page, whose blocks are given scheme and host before every path, and its record."""
    return Faces(lambda request: show(request, blocks(base_url(request)), room="Findings"), record)


@both(router, "/bench", "bench", "Discovery methods against the answer key", BenchRecord, options=_OF_LIST)
def bench(links: Links, options: ListOptions) -> Faces:
    """List each method with every score, its mean over arms and its interval, under one condition; best first."""
    page = find_bench(links, options)
    return _faces(partial(bench_blocks, page), page.record)


@router.get(
    "/bench.csv",
    tags=["bench"],
    summary="Its methods as a file",
    response_class=Response,
    responses={**api_errors(400, 404), **CSV_RESPONSE},
    openapi_extra={"parameters": _OF_LIST},
)
def methods_file(request: Request, links: Links) -> Response:
    """The whole list, with intervals."""
    with room("this table"):
        page = find_bench(links, options_of(request))
        return _file(request, "methods", page.table, COLUMNS)


@router.get(
    "/bench/rows.csv",
    tags=["bench"],
    summary="Its rows as a file",
    response_class=Response,
    responses={**api_errors(400, 404), **CSV_RESPONSE},
    openapi_extra={"parameters": _OF_ROWS},
)
def rows_file(request: Request, links: Links) -> Response:
    """A row for each method and network under one condition."""
    with room("this table"):
        return _file(request, "rows", rows_table(*results_of(links, options_of(request))), ROWS)


def _file(request: Request, name: str, table: Table, columns: tuple[Column, ...]) -> Response:
    about = f"Pluriscope {ENGINE_VERSION}: answer key, {request.url.path}?{request.url.query}"
    meanings = (f"{column.name}: {column.meaning}" for column in columns)
    made = (about, *meanings), replace(table, query=replace(table.query, start=0))
    return table_file(request, name, lambda _: made)


@both(router, "/bench/networks/{name}", "bench", "One network of a suite", SuiteNetworkRecord, options=_OWN)
def network(links: Links, name: str, options: ListOptions) -> Faces:
    """Show what is known of its valid circuits under each condition, and every method's answer under one."""
    page = find_network(links, name, options)
    return _faces(partial(network_blocks, page), lambda: page.record)


@both(router, "/bench/{method}", "bench", "One method", MethodRecord, options=_OF_ROWS)
def method(links: Links, method: str, options: ListOptions) -> Faces:
    """Its scores, what became of it, and a row for each network, the largest regret first."""
    page = find_method(links, method, options)
    return _faces(partial(method_blocks, page), page.record)


@both(router, "/bench/{method}/against/{other}", "bench", "Two methods", PairRecord, options=_OWN)
def pair(links: Links, method: str, other: str, options: ListOptions) -> Faces:
    """The paired difference of their regret with its interval, and both on each network."""
    results, found = find_pair(links, method, other, options)
    return _faces(partial(pair_blocks, results, found), lambda: found)
