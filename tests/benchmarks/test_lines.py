from benchmarks.lines import sums


def test_comments_and_docstrings_are_lines_and_no_code():
    text = '"""What it is."""\n\nimport io  # why\n\n\ndef f():\n    """Two\n    lines."""\n    return """a\nb"""\n'
    found = sums([("analysis/a.py", text), ("tests/b.py", "x = 1\n"), ("run.py", "y = 2\n")])
    assert found == {"house": 10, "code of the house": 4, "tests": 1}
