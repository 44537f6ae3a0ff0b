"""Plugins: distributions that bring something to Pluriscope, found by their entry points.

A distribution is a plugin if it has an entry point in a group ``pluriscope.GROUP``. Each entry point names one thing,
or a tuple of things, that a registry takes in beside its own. An entry point is read from the metadata of what is
installed; what it names is imported when its registry is first read. What cannot be imported, or brings
a name that is taken, is left out and kept as a :class:`Failure`, so that the rest runs.

``PLURISCOPE_PLUGINS`` chooses: ``none``, or names of distributions with commas between them. Without it all are used.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Any, Final, TypeVar

from pluriscope.analysis import ENGINE_VERSION

T = TypeVar("T")
log = logging.getLogger("pluriscope.plugins")
VARIABLE: Final = "PLURISCOPE_PLUGINS"
CORE: Final = "pluriscope"
GROUPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "names": "names of the library, such as `pluriscope.bench`",
        "result": "methods of a result, such as `result.steer`",
        "commands": "commands of the terminal",
        "analyses": "analyses of a network, with a job and a page each",
        "lenses": "lenses",
        "methods": "methods of circuit discovery",
        "criteria": "criteria",
        "vocabularies": "vocabularies of algorithms",
        "funnels": "ready-made funnels",
        "graphs": "formats of graphs",
        "subjects": "kinds of network",
        "remote": "kinds of network that are elsewhere",
        "edits": "rules of editing",
        "solvers": "solvers of the formula of valid circuits, of which one is used",
        "loops": "compiled loops, loaded ahead of their first use",
        "jobs": "kinds of background work",
        "tables": "tables of the store, with migrations",
        "collections": "things that are kept in these tables, beside the networks",
        "settings": "settings",
        "routers": "addresses",
        "shared": "pages with a card, drawings and an embedding",
        "links": "where links of documents lead",
        "navigation": "links in the head or the foot of every page",
        "columns": "columns of lists of explanations",
        "overview": "parts of the overview of a network",
        "actions": "links from pages about a network",
        "blocks": "blocks at the end of pages about a network",
        "searches": "what the search finds",
        "folders": "templates, static files, documents and terms of the glossary",
    }
)
"""What a plugin can bring: groups of entry points, without ``pluriscope.`` before them, with what their entries are."""
_RECORDS: Final[Mapping[str, str]] = MappingProxyType({
    "analyses": "Analysis", "lenses": "Lens", "methods": "DiscoveryMethod", "criteria": "Criterion",
    "vocabularies": "Vocabulary", "funnels": "FunnelPreset", "graphs": "GraphFormat",
    "subjects": "SubjectKind", "remote": "RemoteKind", "edits": "Edit", "solvers": "FormulaSolver",
    "jobs": "JobDefinition", "collections": "Collection", "routers": "APIRouter", "shared": "SharedPage",
    "navigation": "NavigationLink", "columns": "ReportColumn", "overview": "Part",
})  # fmt: skip
"""The class of what these groups take, by its name, as most are not loaded to look at one record."""


@dataclass(frozen=True)
class Plugin:
    """An installed plugin.

    Args:
        name: of its distribution.
        version: of its distribution.
        summary: of its distribution, which heads its commands.
        brings: group → name → "module:attribute".
        refused: why it is not used, a clause; "" where it is.
    """

    name: str
    version: str
    summary: str
    brings: Mapping[str, Mapping[str, str]]
    refused: str = ""


@dataclass(frozen=True)
class Failure:
    """Something of a plugin that is left out, or failed.

    Args:
        plugin: name of the distribution.
        item: group and name.
        cause: a clause.
    """

    plugin: str
    item: str
    cause: str

    def __str__(self) -> str:
        return f"{self.plugin}: {self.item} {self.cause}"


_failures: Final[dict[Failure, None]] = {}


def failures() -> tuple[Failure, ...]:
    """Return what was left out until now, in the order in which it was met."""
    return tuple(_failures)


def report(plugin: str, item: str, cause: str) -> None:
    """Record that something of a plugin was left out, and log it once."""
    failure = Failure(plugin, item, cause)
    if failure not in _failures:
        _failures[failure] = None
        log.warning("left out of plugin %s", failure)


@cache
def plugins() -> tuple[Plugin, ...]:
    """Every installed plugin that ``PLURISCOPE_PLUGINS`` chooses, by name."""
    chosen = os.environ.get(VARIABLE, "").replace(",", " ").split()
    if chosen == ["none"]:
        return ()
    from importlib.metadata import distributions  # a third of the time in which a command starts

    found: dict[str, Plugin] = {}
    for one in distributions():
        name = one.name or "a plugin whose metadata have no name"
        if f"[{CORE}." not in (one.read_text("entry_points.txt") or "") or name in found:
            continue  # of a distribution that is there twice the first counts, as for imports
        brings: dict[str, dict[str, str]] = {}
        for entry in one.entry_points:
            prefix, _, group = entry.group.partition(".")
            if prefix == CORE:
                brings.setdefault(group, {})[entry.name] = entry.value
        version, summary = one.version or "", one.metadata["Summary"] or ""
        found[name] = Plugin(name, version, summary, brings, _misfit(one))
    for name in chosen:
        if name not in found:
            report(name, "the plugin", f"is named by {VARIABLE} and not installed; install it: pip install {name}")
    return tuple(plugin for name, plugin in sorted(found.items()) if not chosen or name in chosen)


def _misfit(distribution: Any) -> str:
    """Return why a distribution does not fit this version, by its own requirement; "" if it does."""
    needs = distribution.requires or ()
    if f"{CORE}=={ENGINE_VERSION}" in needs:  # as ours say: most starts do without what reads requirements
        return ""
    from packaging.requirements import InvalidRequirement, Requirement

    for text in needs:
        try:
            needed = Requirement(text)
        except InvalidRequirement:
            continue
        if needed.name.lower() == CORE and not needed.specifier.contains(ENGINE_VERSION, prereleases=True):
            return f"needs {CORE}{needed.specifier}, and this is {ENGINE_VERSION}; install versions that fit together"
    return ""


@cache
def entries(group: str) -> Mapping[str, tuple[str, str]]:
    """Return what plugins bring of a group, not loaded: name → name of the plugin, "module:attribute".

    Of two that bring the same name the first by name has it.
    """
    found: dict[str, tuple[str, str]] = {}
    for plugin in plugins():
        if plugin.refused:
            report(plugin.name, "the plugin", plugin.refused)
            continue
        for unknown in plugin.brings.keys() - GROUPS:
            report(plugin.name, f"group {CORE}.{unknown}", "is unknown to this version")
        for name, path in plugin.brings.get(group, {}).items():
            if name in found:
                report(plugin.name, f"{group} {name!r}", f"has the name of what {found[name][0]} brings")
            else:
                found[name] = plugin.name, path
    return found


def load(group: str, name: str) -> Any:
    """Load what one entry names.

    Raises:
        KeyError: no plugin brings it.
        TypeError: it is nothing that the group takes.
        Exception: whatever importing it raises; an ImportError where it would end the program.
    """
    module, _, attribute = entries(group)[name][1].partition(":")
    try:
        found = import_module(module)
    except SystemExit as end:
        raise ImportError("importing it raises SystemExit") from end
    found = getattr(found, attribute) if attribute else found
    for one in found if isinstance(found, tuple) else (found,):
        if cause := _unfit(group, one):
            raise TypeError(cause)
    return found


def _unfit(group: str, one: object) -> str:
    """Return why something is nothing that a group takes; "" if it is."""
    known = {each.__name__ for each in (one if isinstance(one, type) else type(one)).__mro__}
    wanted, fits = _RECORDS.get(group, "function or class"), callable(one)
    if group in _RECORDS:
        fits = not isinstance(one, type) and wanted in known
    elif group in ("tables", "folders"):
        wanted, fits = "module", isinstance(one, ModuleType)
    elif group == "settings":
        wanted, fits = "class of settings", isinstance(one, type) and "BaseSettings" in known
    return "" if fits else f"it has {type(one).__name__} where a {wanted} is taken"


@cache
def brought(group: str) -> Mapping[str, Any]:
    """Load what plugins bring of a group, by the names of the entries; entries that cannot be loaded are left out."""
    found = {}
    for name, (plugin, path) in entries(group).items():
        try:
            found[name] = load(group, name)
        except Exception as error:  # whatever is wrong with a plugin must not end the program
            report(plugin, f"{group} {name!r}", f"cannot be loaded from {path} ({type(error).__name__}: {error})")
    return found


def guarded(group: str, record: object, ask: Callable[[], T], without: Callable[[Failure], T]) -> T:
    """Ask something of what a registry holds; where that is a plugin's and raises, log it and go on without.

    Args:
        group: of the registry.
        record: that is asked.
        ask: asks it.
        without: what stands in place of its answer.
    """
    try:
        return ask()
    except Exception as error:  # whatever is wrong with a plugin must not end what asks it
        name = _entry_of(group, record)
        if not name:
            raise
        plugin = entries(group)[name][0]
        failure = Failure(plugin, f"{group} {name!r}", f"ended with {type(error).__name__}; the log has all of it")
        log.exception("plugin %s", failure)
        return without(failure)


def _entry_of(group: str, record: object) -> str:
    """The name of the entry that brings a record; "" for one of the core."""

    def key(one: object) -> object:
        return getattr(one, "key", one)  # a registry may have changed other parts of a record

    for name, value in brought(group).items():
        if key(record) in map(key, value if isinstance(value, tuple) else (value,)):
            return name
    return ""


def joined(group: str, own: Iterable[T], of: Callable[[T], Hashable]) -> tuple[T, ...]:
    """The records of a registry: its own ones, then those that plugins bring.

    Args:
        group: see :data:`GROUPS`.
        own: those of the core.
        of: what no two records may have in common.
    """
    records = {of(one): one for one in own}
    for name, value in brought(group).items():
        for one in value if isinstance(value, tuple) else (value,):
            try:
                taken = records.setdefault(of(one), one) is not one
                cause = f"has {of(one)!r}, which is there already" if taken else ""
            except (AttributeError, TypeError) as error:
                cause = f"is not one of {GROUPS[group]} ({error})"
            if cause:
                report(entries(group)[name][0], f"{group} {name!r}", cause)
    return tuple(records.values())
