"""Tables as they are sent."""

from pluriscope.tables.csv_files import FIRST_ROWS, ROWS_AT_ONCE, csv_lines


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
