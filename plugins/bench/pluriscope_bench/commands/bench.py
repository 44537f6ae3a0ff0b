"""`pluriscope bench`: methods of circuit discovery scored against every valid circuit of the networks of a suite."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from itertools import islice
from json import dumps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pluriscope.app.cli.signature import Within
from pluriscope.app.cli.terminal import (
    DONE,
    STANDARD,
    Refusal,
    Shown,
    check_writable,
    progress_bar,
    read_bytes,
    remark,
    write_bytes,
)

if TYPE_CHECKING:
    from pluriscope_bench.answers import Answers
    from pluriscope_bench.suite_files import Suite

DIFFERS: Final = 1
_SHOWN: Final = 20
"""Differences that are printed one by one."""


def bench(
    methods: Sequence[str] = (),
    *,
    suite: str = "small",
    json: str = "",
    csv: str = "",
    page: str = "",
    latex: str = "",
    figure: str = "",
    conditions: Literal["primary", "all"] = "primary",
    workers: Annotated[int | None, Within(1, 1_000)] = None,
    seconds: Annotated[float, Within(0.1, 86_400)] = 60.0,
    memory: Annotated[int, Within(64, 1_000_000)] = 2_048,
    verify: str = "",
    quiet: bool = False,
) -> Shown:
    """Score methods of circuit discovery by their regret against every valid circuit of many networks.

    Example: pluriscope bench mymethod.py --json result.json --page result.html

    Without a method ours are run; with some, ours stand beside them as the suite has them. A method is a program: it is
    run here, in a process of its own.

    Exit codes: 0 done, 1 what is verified differs, 2 bad input.

    Args:
        methods: Python file with score(network, ablation, ask), or answers in a file (JSON or Parquet).
        suite: small, or the folder of a suite.
        json: Result file to write, or - for standard output.
        csv: File for a row of each method, network and condition, or -.
        page: HTML file to write, which needs no server.
        latex: File for the tables as LaTeX with booktabs, or -.
        figure: PDF or SVG to write: the regret of each method with its interval.
        conditions: primary, under which methods are ranked; all, it and those that differ in one factor, where known.
        workers: Processes. Default: one for each core.
        seconds: Time that a method may take for a network.
        memory: Megabytes that its process may take.
        verify: Result file whose methods are run again; what differs is said.
    """
    from pluriscope.analysis.errors import needing
    from pluriscope.processes.memory import bytes_for_each
    from pluriscope_bench.methods import Limits
    from pluriscope_bench.printed import figure as drawing
    from pluriscope_bench.printed import latex as tables
    from pluriscope_bench.result import rows_csv
    from pluriscope_bench.run import benched
    from pluriscope_bench.suite_files import read_suite
    from pluriscope_studies.jobs.run import local_workers

    outputs = [one for one in (json, csv, page, latex, figure) if one]
    for one in outputs:
        check_writable(one, *filter(None, (*methods, verify)))
    if len(set(outputs)) < len(outputs):
        raise Refusal(f"outputs {', '.join(outputs)}: are not all different. Give each a path of its own.")
    if verify and (methods or set(outputs) - {json}):
        raise Refusal("--verify: runs the methods of a result file. Leave methods and files but --json out.")
    if figure and (ending := Path(figure).suffix) not in (".pdf", ".svg"):
        raise Refusal(f"--figure {figure!r}: is no name of a PDF or SVG. Let it end in .pdf or .svg.")
    if figure and ending == ".pdf":  # before hours of computing
        with needing("typst", "a drawing as PDF", "pluriscope[pdf]"):
            import_module("typst")
    about, n = read_suite(suite), workers or os.cpu_count() or 1
    limits, stored = Limits(seconds, memory << 20, n), dict[str, Any]()
    with TemporaryDirectory() as folder, progress_bar(quiet) as report, local_workers(n, bytes_for_each(n)) as pool:
        # a result file is run again under its own conditions and limits, whatever the options
        if verify:
            stored, given = _stored(verify, about, Path(folder))
            conditions, limits = stored["conditions"], Limits(stored["limits"]["seconds"], stored["limits"]["bytes"], n)
        else:
            given = [_given(name, about) for name in methods]
        found = benched(about, given, conditions=conditions, limits=limits, executor=pool.executor, report=report)
    shown = _verified(stored, found) if verify else Shown(found, [*_lines(found, about)])
    for name, parts in ((json, _json), (csv, rows_csv), (page, _page), (latex, tables)):
        if name and (name, parts) != (STANDARD, _json):  # which is written to standard output for every command
            write_bytes(name, (part.encode() for part in parts(shown.record)))
    if figure:
        write_bytes(figure, [drawing(shown.record, ending)])
    if STANDARD in (csv, page, latex):
        return Shown(found)
    return replace(shown, lines=[*shown.lines, *(f"written: {one}" for one in outputs)])


def _json(document: Mapping[str, Any]) -> Iterator[str]:
    yield dumps(document, ensure_ascii=False, allow_nan=False) + "\n"


def _given(name: str, suite: Suite) -> Path | Answers:
    """A method of the command line: a Python file, or answers in a file."""
    from pluriscope_bench.answers import MOST_BYTES, read_answers

    raw = read_bytes(name, "method", MOST_BYTES, "Python file, or of answers in JSON or Parquet")
    return Path(name) if name.endswith(".py") else read_answers(raw, name, suite.digest, suite.by_name)


def _stored(name: str, suite: Suite, folder: Path) -> tuple[dict[str, Any], list[Path | Answers]]:
    """A result about this suite, and its methods as they were given; programs are put into a folder."""
    from pluriscope_bench.answers import read_answers
    from pluriscope_bench.result import MOST_BYTES, read_result

    stored = read_result(read_bytes(name, "result", MOST_BYTES), name, suite.digest)
    given: list[Path | Answers] = []
    for number, source in enumerate(one["source"] for one in stored["methods"] if one["source"]):
        if source["form"] == "answers":
            given.append(read_answers(source["text"].encode(), name, suite.digest, suite.by_name))
            continue
        place = folder / str(number) / f"{Path(source['file']).stem}.py"
        place.parent.mkdir()
        place.write_bytes(source["text"].encode())
        given.append(place)
        remark(f"running {place.name} of the result file, SHA-256 {source['sha256'][:12]}")
    return stored, given


def _verified(stored: Mapping[str, Any], found: Mapping[str, Any]) -> Shown:
    """Report the values in which another run differs."""
    from pluriscope_bench.result import differences

    differs = differences(stored, found)
    for place, (one, other) in islice(differs.items(), _SHOWN):
        remark(f"  {', '.join(filter(None, place))}: stored {one}, now {other}")
    if len(differs) > _SHOWN:
        remark(f"  and {len(differs) - _SHOWN:,} more")
    verdict = f"differs: {len(differs):,} values" if differs else "equal: every value"
    about = f"of {len(stored['methods'])} methods and {len(stored['rows']):,} rows (engine {found['engine']})"
    columns = ("method", "network", "condition", "column", "stored", "found")
    listed = [dict(zip(columns, (*place, *pair), strict=True)) for place, pair in differs.items()]
    record = {"verdict": verdict.partition(":")[0], "stored": stored["digest"], "found": found["digest"]}
    return Shown(record | {"differences": listed}, [f"{verdict} {about}"], DIFFERS if differs else DONE)


def _page(document: Mapping[str, Any]) -> Iterator[str]:
    """The table as one file that opens without a server, with the networks on which given methods are worst."""
    from markupsafe import Markup

    from pluriscope.app.as_file import alone
    from pluriscope.page_kit.blocks import Block, Section, Table
    from pluriscope.page_kit.templating import EVERY_PART, environment
    from pluriscope_bench.pages.methods import bench_blocks, file_page

    methods = [one | {"name": f"{one['name']} (given)"} if one["source"] else one for one in document["methods"]]
    blocks: list[Block] = [*bench_blocks(file_page({**document, "methods": methods}))]
    main = [row for row in document["rows"] if row["condition"] == document["condition"]]
    for name in (one["name"] for one in document["methods"] if one["source"]):
        rows = sorted((row for row in main if row["method"] == name), key=lambda row: -(row["regret"] or 0.0))
        columns = ("network", "outcome", "regret", "answer", "message")
        worst = Table.plain([one.capitalize() for one in columns], [[row[one] for one in columns] for row in rows[:10]])
        blocks += [Section(f"Where {name} is worst"), worst]
    body = Markup('<div class="wrap">{}</div>').format(Markup("\n").join(one.html(part=EVERY_PART) for one in blocks))
    title = f"Discovery methods on {document['suite_name']}"
    yield alone(environment("").get_template("bare.html").render(title=title, theme="", body=body), "/", "")


def _lines(document: Mapping[str, Any], suite: Suite) -> Iterator[str]:
    """The tables, then what is to be known of them."""
    from pluriscope_bench.printed import aligned, arms_table, methods_table
    from pluriscope_bench.result import differences

    yield from aligned(methods_table(document))
    if len((by_arm := arms_table(document))[0]) > 3:  # else it would be the same again
        yield from ("", *aligned(by_arm))
    yield from _causes(document)
    about = f"{suite.manifest['half']} ({document['suite'][:12]})"
    if suite.published:
        yield "With a package in brackets: published programs, as they answered; they are not run here"
    yield f"Lower is better; under {document['condition']}, suite {about}, engine {document['engine']}"
    if not any(one["source"] for one in document["methods"]):
        keys, foreign = {row["condition"] for row in document["rows"]}, {one["name"] for one in suite.published}
        found = [row for row in document["rows"] if row["method"] not in foreign]
        stored = {"methods": (), "rows": [row for row in suite.answers if row["condition"] in keys]}
        apart = differences(stored, {"methods": (), "rows": found})
        # a suite keeps the lists of the primary condition alone, which a distance to valid circuits needs
        n = sum((place[-1], new) != ("hamming", None) for place, (_, new) in apart.items())
        yield f"Ours were run anew, and {f'differ from the suite in {n:,} values' if n else 'equal what the suite has'}"


def _causes(document: Mapping[str, Any]) -> Iterator[str]:
    """List why given methods did not answer: for each outcome how often, and the cause on the first network."""
    for name in (one["name"] for one in document["methods"] if one["source"]):
        rows = [row for row in document["rows"] if (row["method"], row["condition"]) == (name, document["condition"])]
        for outcome, n in Counter(row["outcome"] for row in rows if row["message"]).most_common():
            first = next(row for row in rows if row["outcome"] == outcome)
            yield f"* {name}: {outcome} on {n} of {len(rows)} networks. On {first['network']}: {first['message']}"
