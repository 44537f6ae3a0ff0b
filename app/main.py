"""The web application: the only place where its parts are put together."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from fastapi import FastAPI
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import configure_mappers
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from pluriscope.addresses.address import API_V2, Addresses, below_api
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.plugins import brought, entries, failures, plugins
from pluriscope.app import error_answers
from pluriscope.app.computing import Bounded
from pluriscope.app.db.engine import Store, open_store
from pluriscope.app.db.plugin_tables import PluginRow, absent_plugins, keep_plugins
from pluriscope.app.errors import NotFound
from pluriscope.app.gate import Gate
from pluriscope.app.jobs.definitions import kinds_by_plugin
from pluriscope.app.middleware import BodyLimit, Envelope, Turns
from pluriscope.app.rendering import compile_templates
from pluriscope.app.routes import (
    analyses,
    bring_in,
    compare,
    explanations,
    exports,
    health,
    jobs,
    login,
    networks,
    own,
    pictures,
    play,
    reading,
    story,
)
from pluriscope.app.settings import Settings
from pluriscope.processes.garbage import collect_garbage_seldom, give_back_now_and_then
from pluriscope.resources import SITE, STATIC, folders

ROUTERS = (
    bring_in.router,  # /networks/new before the name of a network
    exports.router,  # before analyses and explanations, which any name would be one of
    networks.router,
    story.router,
    explanations.router,
    own.router,  # before analyses, one of which it was
    analyses.router,
    compare.router,
    play.router,
    pictures.router,
    jobs.router,
    reading.router,
    login.router,
    health.router,
)


NO_TEXT: Final = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/octet-stream", "application/pdf", "font/*")
"""What is sent as it is; everything else is text, which compression makes several times smaller."""


class VersionedStatic(StaticFiles):
    """Static files: kept for a year where the address carries a version, checked again each time otherwise.

    Their tags are weak, since one tag stands for a file compressed and as it is.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        versioned = b"v=" in scope.get("query_string", b"")
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
        if "etag" in response.headers:  # as all have but a way to a folder
            response.headers["etag"] = f"W/{response.headers['etag']}"
        response.headers["vary"] = "Accept-Encoding"
        return response


class Documents(VersionedStatic):
    """The site of the documents."""

    async def check_config(self) -> None:
        if not SITE.is_dir():
            cure = "build it with ./run docs, or read the files in the folder docs"
            raise NotFound("the site of the documents", "is not built here", cure)


_described: Final[dict[str, Any]] = {}
"""The OpenAPI document, kept once it was requested: those of all applications of a process are equal."""


def interface_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, without the answer that FastAPI assumes for refused input: ours are documented as sent.

    Every operation may answer with an error that no route declares, such as 429 or 503; their body is described once.
    """
    if not _described:
        document = FastAPI.openapi(app)
        for methods in document["paths"].values():
            for operation in methods.values():
                answer = operation["responses"].get("422", {})
                if "HTTPValidationError" in str(answer.get("content")):
                    del operation["responses"]["422"]
                operation["responses"].setdefault("default", {"$ref": "#/components/responses/Error"})
        for name in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(name, None)
        body = {"schema": {"$ref": "#/components/schemas/ErrorBody"}}
        document["components"]["responses"] = {
            "Error": {"description": "Refused, or something failed.", "content": {"application/json": body}}
        }
        _described.update(document)
    return _described


def settle(app: FastAPI) -> None:
    """Prepare an application for its first visitor: do what would else be done while that one waits.

    Templates are compiled and tables are joined to classes. Modules, routes and schemas live as long as the process:
    looking through them for garbage every few dozen requests would take each time longer than a page, so they are taken
    out of its sight. What a page makes is nearly all gone with it, without garbage collection, which therefore looks
    less often: a page of 200 lines used to be interrupted dozens of times.
    """
    compile_templates(app.state.addresses.prefix)
    configure_mappers()
    gc.freeze()
    collect_garbage_seldom()


def _plugins_met(store: Store, settings: Settings) -> list[PluginRow]:
    """The plugins that are missing; what those bring that are there is kept, for when they are missing."""
    if not settings.read_only:
        paths: dict[str, set[str]] = {}
        for name, router in brought("routers").items():
            paths.setdefault(entries("routers")[name][0], set()).update(below_api(one.path) for one in router.routes)
        kinds = kinds_by_plugin()
        rows = [
            PluginRow(
                name=one.name, version=one.version, paths=sorted(paths.get(one.name, ())), kinds=kinds.get(one.name, [])
            )
            for one in plugins()
            if not one.refused
        ]
        with suppress(OperationalError), store.write() as session:  # a full disk; it is kept at the next start
            keep_plugins(session, rows, {one.plugin for one in failures()})
    with store.read() as session:
        return absent_plugins(session)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application over one set of settings; the store is opened and migrated when it starts."""
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.store = open_store(settings)
        app.state.store.migrate()
        app.state.absent = _plugins_met(app.state.store, settings)
        housekeeping = asyncio.create_task(give_back_now_and_then())
        yield
        housekeeping.cancel()
        app.state.store.close()

    app = FastAPI(
        title="Pluriscope",
        summary="Every valid explanation of one small network, side by side.",
        description=(
            "What a page says is here under the same path and options behind `/api/v2`. Integers beyond 2^53 are "
            "decimal strings. Lists are `{items, total, of, facets, next}`; `next` leads on. Errors have one shape: "
            "`ok`, `error`, `errors`, `status`, `parent`."
        ),
        version=ENGINE_VERSION,
        openapi_url=f"{API_V2}/openapi.json",
        docs_url=None,  # those pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.addresses = Addresses(settings.prefix)
    error_answers.install(app)
    # as they are, since nothing is added to them: a router that FastAPI includes has its routes made anew at the first
    # request, and looked for in two lists at every one
    app.router.routes.extend(route for router in (*ROUTERS, *brought("routers").values()) for route in router.routes)
    files = VersionedStatic(directory=STATIC)
    files.all_directories = list(folders("static"))
    app.mount("/static", files, name="static")
    app.mount("/docs", Documents(directory=SITE, html=True, check_dir=False), name="docs")
    app.openapi = lambda: interface_of(app)  # type: ignore[method-assign]  # FastAPI's own way to amend it
    app.add_middleware(Bounded)
    app.add_middleware(Turns)
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(Gate, settings=settings)
    app.add_middleware(GZipMiddleware, compresslevel=6, exclude_content_types=NO_TEXT)
    app.add_middleware(Envelope, prefix=settings.prefix)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=settings.trusted_proxies)
    return app
