from benchmarks.lines import rooms, sums


def test_comments_and_docstrings_are_no_code():
    text = '"""What it is."""\n\nimport io  # why\n\n\ndef f():\n    """Two\n    lines."""\n    return """a\nb"""\n'
    found = sums(
        [
            ("analysis/a.py", text),
            ("app/b.py", "z = 3\n"),
            ("plugins/odd/pluriscope_odd/c.py", "z = 3\n"),
            ("plugins/odd/tests/d.py", "x = 1\n"),
            ("tests/b.py", "x = 1\n"),
            ("run.py", "y = 2\n"),
        ]
    )
    assert found == {"core": 5, "plugin odd": 1, "core and plugins": 6, "tests": 2}


def test_a_room_is_a_folder_and_modules_beside_it_are_the_packages_own():
    files = [("analysis/a.py", "x = 1\n"), ("analysis/b/c.py", "x = 1\n\ny = 2\n"), ("analysis/b/d/e.py", "z = 3\n")]
    assert rooms([*files, ("tests/b/c.py", "x = 1\n")]) == (
        {"analysis": 1, "analysis/b": 2},
        {"analysis": 1, "analysis/b": 3},
    )
