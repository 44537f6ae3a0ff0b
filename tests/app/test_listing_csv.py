"""Tables as they are sent."""

from app.listing.csv import FIRST_ROWS, ROWS_AT_ONCE, csv_lines
from app.listing.page import MOST_ON_A_PAGE, every_page
from app.pages.gallery import GalleryOptions


def test_the_first_rows_are_sent_before_the_others_are_made():
    made = []

    def rows():
        for number in range(2 * ROWS_AT_ONCE + 1):
            made.append(number)
            yield (number,)

    parts = csv_lines(("numbers",), ("n",), rows())
    first = next(parts)
    assert len(made) == FIRST_ROWS
    assert "".join([first, *parts]).splitlines() == ["# numbers", "n", *map(str, made)]
    assert len(made) == 2 * ROWS_AT_ONCE + 1


def test_the_first_page_of_a_table_has_no_more_than_its_first_rows():
    class Page:
        def __init__(self, options):
            self.asked = options.after, options.limit
            self.next = {"": "a", "a": "b"}.get(options.after)

    asked = [page.asked for page in every_page(Page, GalleryOptions(after="x", limit=7))]
    assert asked == [("", FIRST_ROWS), ("a", MOST_ON_A_PAGE), ("b", MOST_ON_A_PAGE)]
