"""The paper is made of the tables: it compiles, its numbers are cells of them, and its sources are there."""

import json
import re

import pytest
import typst

from benchmarks import paper
from pluriscope_studies.pages.findings import record

TEXT = paper.SOURCE.read_text()
TYPED = {"95%", "99%"}
"""Numbers of definitions, which are in no table: of intervals, and of valid transformers."""


def prose():
    """The text and its captions, without code, mathematics, sources and places."""
    text = TEXT.partition("*Abstract.*")[2]
    captions = re.findall(r"caption: \[(.*?)\]", text)
    while call := re.search(r"#[a-z-]+\(", text):
        depth, end = 1, call.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        text = text[: call.start()] + text[end:]
    return re.sub(r"\$[^$]*\$|`[^`]*`|@[\w-]+|<[\w-]+>", "", " ".join([text, *captions]))


@pytest.fixture(scope="module")
def pages():
    found = {"data": json.dumps(paper.contents())}
    return typst.query(str(paper.SOURCE), "<pages>", field="value", one=True, sys_inputs=found)


@pytest.mark.slow
def test_it_compiles_within_six_pages(pages):
    assert paper.compiled().startswith(b"%PDF")
    assert int(pages) <= 6


def test_no_number_is_typed_that_a_table_has():
    found = prose()
    assert "Limitations" in found, "the text is left"
    assert "width: 7" not in found, "and no code"
    assert set(re.findall(r"[\d.,]*\d%?", found)) == TYPED


@pytest.mark.slow
@pytest.mark.parametrize(
    ("written", "instead", "words"),
    [
        ('"Deletion while valid"', '"Deletion"', "bench has no one cell , Deletion: regret"),
        ('"median share in all")', '"median share")', "planted-backbone has no one cell .*: median share"),
        ("@conmy2023", "@nobody2023", "nobody2023"),
        ('drawn("bench"', 'drawn("benches"', "benches"),
    ],
)
def test_what_is_in_no_table_and_no_source_fails(tmp_path, written, instead, words):
    assert written in TEXT
    (tmp_path / "refs.bib").write_text(paper.SOURCE.with_name("refs.bib").read_text())
    (tmp_path / "paper.typ").write_text(TEXT.replace(written, instead))
    with pytest.raises(typst.TypstError, match=words):
        paper.compiled(tmp_path / "paper.typ")


def test_every_source_is_used_and_tables_are_those_of_the_documents():
    keys = re.findall(r"@\w+\{(\w+),", paper.SOURCE.with_name("refs.bib").read_text())
    assert {*keys} == {*re.findall(r"@([a-z]+\d{4})", TEXT)}
    assert len({*keys}) == len(keys)
    tables = paper.contents()["tables"]
    for one in record()["findings"]:
        if "chapter" in one:
            assert tables[one["key"]][0] == [one["chapter"]["head"], *one["chapter"]["rows"]]
    for one in record()["chapters"]:
        for row in (row for lines in tables[one["key"]] for row in lines):
            assert f"| {' | '.join(row)} |".replace("|  |", "| |") in one["text"].replace("|  |", "| |")
