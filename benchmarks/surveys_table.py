"""``python -m benchmarks.surveys_table``: docs/surveys.md, what four documents name and where it is here.

    python -m benchmarks.surveys_table                               write the page
    python -m benchmarks.surveys_table --answers [--data FOLDER]     hold it against what the pages answer

With ``--answers`` a server and its worker start on a store of the bundled networks. What a row names is asked for by
the buttons that its page offers, until each page has its answer or the minutes are over. Answers stay in the folder, so
a run that was interrupted goes on. Progress is on stderr; on stdout stands a line for each row, and the exit status is
1 if one has no answer. Most rows are answered in some minutes; parity-3-elman and the lenses that learn take longest.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, select

from benchmarks.parity import ROOT
from pluriscope.analysis.plugins import brought
from pluriscope.app.db.job_tables import JobLogRow, JobRow
from pluriscope.app.jobs.queue import ANSWERED_PRIORITY
from pluriscope.app.jobs.seeding import add_bundled_models, add_bundled_networks
from pluriscope.app.jobs.worker import run_workers
from pluriscope.app.settings import Settings
from tests.clients import served
from tests.crawling import Page

PAGE: Final = ROOT / "docs" / "surveys.md"
FILE: Final = ROOT / "tests" / "golden" / "surveys.csv"
STATES: Final = ("whole", "half", "refused")
DOCUMENTS: Final = (
    "The paper’s abstract",
    "The post on Alice and Bob",
    "The survey of mechanistic interpretability",
    "The article on its methods and uses",
)
"""What the numbers in the file's column ``document`` stand for."""
_HEAD: Final = """# What the documents name

Pluriscope was made from four documents. Each thing that they name has a row: the word by which the search finds it \
with where the first hit leads if that is not the page, the page, what it answers once that is computed, with … for \
each number, the command, and the tests. *Whole* is what is there with a test, *half* what lacks something, *refused* \
what [stays out](scope.md#what-stays-out). Made by `python -m benchmarks.surveys_table`."""
_PRESSED: Final = ("Analyse", "Ask", "Compute", "Compute now", "Add lenses that learn", "Compare", "Try again")
"""What is on the buttons by which pages offer what is missing."""
_NUMBER: Final = r"[\d.,]*\d(?:e[-−]?\d+|[⁰-⁹²³¹]+|%)?"
_WAITS: Final = re.compile(
    r"not (yet )?(computed|asked|analysed|known)|nobody asked|no worker|waiting for|still computing|under ?way"
    r"|being (counted|searched)|is analysed first|takes long|(about|some) [\d–]+ (seconds|minutes)",
    re.IGNORECASE,
)
"""What stands where an answer is not there yet."""
_UNSEEN: Final = re.compile(r"<(script|style|form|svg)\b.*?</\1>", re.DOTALL)
_BREAKS: Final = re.compile(r"</?(?:p|div|li|ul|tr|h\d|figure|figcaption|section|dl|dd|table|details|summary)\b[^>]*>")


@lru_cache(maxsize=1)
def rows() -> Sequence[Mapping[str, str]]:
    """What is named, in the order of the documents."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file, delimiter="|"))


def surveys_page() -> str:
    """The document."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    counts = Counter(row["state"] for row in rows())
    yield _HEAD
    yield f"\n{len(rows())} rows: {', '.join(f'{counts[state]} {state}' for state in STATES)}."
    for number, title in enumerate(DOCUMENTS):
        yield f"\n## {title}\n"
        yield "| | Named | Search | Page | Answer | Command | Test | State |"
        yield "|--:|---|---|---|---|---|---|---|"
        for row in rows():
            if row["document"] == str(number):
                yield _line(row)


def _line(row: Mapping[str, str]) -> str:
    search = f"{row['word']} → `{row['found']}`" if row["found"] else row["word"]
    state = f"{row['state']}: {row['note']}" if row["note"] else row["state"]
    command, test = (f"`{row[name]}`" if row[name] else "" for name in ("command", "test"))
    page, answer = f"`{row['page']}`", row["answer"].replace("#", "…")
    return f"| {row['n']} | {row['named']} | {search} | {page} | {answer} | {command} | {test} | {state} |"


# ---------------------------------------------------------------- answers


def answer_in(html: str, words: str, anchor: str = "") -> str:
    """Find the sentence or line of a page that answers.

    Args:
        html: the page.
        words: what it says, with ``#`` for a number.
        anchor: id of the part in which it must stand, up to the next heading like the one there; "" for all that the
            page says, forms apart.

    Returns:
        The paragraph or line with it; "" where there is none, or where it says that something is not computed or waited
        for, or how long it will take.
    """
    part = html[html.find("<main") : html.find("</main>")]
    if anchor:
        there = re.search(rf'<(?:h(\d))?[^<>]* id="{anchor}"[^<>]*>(?:<h(\d))?', part)
        part = re.split(rf"<h[1-{there[1] or there[2] or 6}]\b", part[there.end() :])[0] if there else ""
    pattern = re.compile(_NUMBER.join(map(re.escape, words.split("#"))))
    lines = (unescape(re.sub(r"<[^>]*>", " ", one)) for one in _BREAKS.split(_UNSEEN.sub("", part)))
    said = (" ".join(line.split()) for line in lines)
    return next((line for line in said if pattern.search(line) and not _WAITS.search(line)), "")


def store_bundled(client: Any) -> None:
    """Store every bundled network."""
    with client.app.state.store.write() as session:
        add_bundled_networks(session)
        add_bundled_models(session)
    brought("collections")["stories"].seed(client.app.state.settings)


def ask(client: Any, page: str, html: str, asked: set[str]) -> None:
    """Press what a page offers to compute what is missing on it; of a lens what the page of all lenses offers, too.

    Args:
        client: of a server on this machine.
        page: address.
        html: the page.
        asked: what was pressed before, which is added to.
    """
    above = re.match(r"(/networks/[^/]+/analyses/lenses)/", page)
    htmls = [html, *(client.get(one, follow_redirects=True).text for one in (above.groups() if above else ()))]
    for button in (one for html in htmls for one in Page(f"{client.base_url}{page}", html).buttons):
        if button.method == "post" and button.words in _PRESSED and repr(button) not in asked:
            asked.add(repr(button))
            button.press(client, {})


def answers(client: Any, wanted: Sequence[Mapping[str, str]], asked: set[str]) -> dict[str, str]:
    """Answers of the pages of rows as far as they are there, by their numbers; what is missing is asked for.

    Args:
        client: as for :func:`ask`.
        wanted: rows.
        asked: as for :func:`ask`.
    """
    pages, found = dict[str, str](), dict[str, str]()
    for row in wanted:
        page, _, anchor = row["page"].partition("#")
        if page not in pages:
            pages[page] = client.get(page, follow_redirects=True).text
        found[row["n"]] = answer_in(pages[page], row["answer"], anchor)
        if not found[row["n"]]:
            ask(client, page, pages[page], asked)
    return found


def drop_others(client: Any) -> None:
    """Take back jobs that come of themselves, when networks are stored and after other jobs, for no row."""
    with client.app.state.store.write() as session:
        gone = select(JobRow.id).where(JobRow.state == "queued", JobRow.priority > ANSWERED_PRIORITY)
        session.execute(delete(JobLogRow).where(JobLogRow.job_id.in_(gone)))
        session.execute(delete(JobRow).where(JobRow.id.in_(gone)))


def hold(data: Path, minutes: float) -> dict[str, str]:
    """Compute what all rows name in a data folder, and ask for each answer until it is there or the time is over."""
    stop, asked, until = threading.Event(), set[str](), time.monotonic() + 60 * minutes
    data.mkdir(parents=True, exist_ok=True)
    with served(data, local=True) as client:
        store_bundled(client)
        drop_others(client)
        work = threading.Thread(target=run_workers, args=(Settings(data=data),), kwargs={"slots": 1, "stop": stop})
        work.start()
        try:
            wanted, found = [row for row in rows() if row["answer"]], dict[str, str]()
            while wanted and time.monotonic() < until:
                found |= answers(client, wanted, asked)
                wanted = [row for row in wanted if not found[row["n"]]]
                missing = ", ".join(row["n"] for row in wanted) or "none"
                print(f"{len(found) - len(wanted)} of {len(found)} answered, missing: {missing}", file=sys.stderr)
                drop_others(client)
                time.sleep(20.0 if wanted else 0.0)  # seconds for the worker, of which pages take a part
            return found
        finally:
            stop.set()
            work.join()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or ask for all answers; 1 if one is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--answers", action="store_true", help="compute what rows name, and ask their pages")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "pluriscope-surveys")
    parser.add_argument("--minutes", type=float, default=180.0, help="after which it ends without the rest")
    given = parser.parse_args(arguments)
    if not given.answers:
        PAGE.write_text(surveys_page(), encoding="utf-8")
        return 0
    found = hold(given.data, given.minutes)
    for row in rows():
        if row["answer"]:
            print(f"{row['n']} {row['named']}: {found[row['n']] or 'NO ANSWER on ' + row['page']}")
    return int(not all(found.values()))


if __name__ == "__main__":
    sys.exit(main())
