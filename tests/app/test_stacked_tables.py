"""Cells of stacked tables say their column's label, so that a row can be read as a card."""

import re

from app.rendering import environment
from app.stacked_tables import with_labels

HEAD = '<thead><tr><th scope="col"><span class="vh">Compare</span></th><th scope="col">Name</th>'
TABLE = (
    f'<p>before</p><table class="dense stack">{HEAD}'
    '<th class="num"><a href="?sort=size&amp;order=asc">Edges <span aria-hidden="true">↑</span></a></th>'
    "<th>Margin &amp; more</th></tr></thead><tbody>"
    '<tr><td><input type="checkbox"></td><th scope="row">c·1f9</th><td class="num">7</td>'
    "<td><b>a long story, told in a cell</b></td></tr>"
    '<tr><td colspan="2">both</td><td class="num">—</td>'
    '<td><table class="stack"><thead><tr><th>Inner</th></tr></thead><tbody><tr><td>x</td></tr></tbody></table></td>'
    "</tr></tbody></table><p>after</p>"
)


def test_cells_have_the_words_of_their_columns_head() -> None:
    told = with_labels(TABLE)
    assert re.findall(r'<(\w+)[^>]*?( data-short)? data-l="([^"]*)"', told) == [
        ("td", " data-short", "Edges"),
        ("td", "", "Margin &amp; more"),
        ("td", " data-short", "Margin &amp; more"),  # the table within is short, and is left as it is
    ]
    assert '<th scope="row">c·1f9</th>' in told
    assert '<td colspan="2">both</td><td class="num" data-void>—</td>' in told
    assert "<tr><td>x</td></tr>" in told


def test_nothing_but_attributes_is_added() -> None:
    assert re.sub(r' data-(?:l="[^"]*"|short|void)', "", with_labels(TABLE)) == TABLE
    plain = TABLE.replace("stack", "matrix")
    assert with_labels(plain) == plain


def test_a_head_of_two_rows_or_of_joined_cells_gives_no_labels() -> None:
    for head in ("<tr><th>A</th></tr><tr><th>B</th></tr>", '<tr><th colspan="2">A</th></tr>'):
        table = f'<table class="stack"><thead>{head}</thead><tbody><tr><td>1</td></tr></tbody></table>'
        assert with_labels(table) == table


def test_tables_of_four_columns_are_stacked_by_themselves() -> None:
    def classes(number: int, css: str) -> str:
        template = environment().from_string(
            "{% call ui.table([{'label': 'x'}] * number, css=css) %}<tr></tr>{% endcall %}"
        )
        return re.findall(r"<table[^>]*>", template.render(number=number, css=css))[0]

    assert classes(3, "") == "<table>"
    assert classes(3, "dense stack") == '<table class="dense stack">'
    assert classes(4, "") == '<table class="stack">'
    assert classes(4, "dense stack") == '<table class="dense stack">'
