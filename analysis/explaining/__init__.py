"""The way of explaining each kind of network from end to end: from a file and rules to a result file.

Each module has the same functions, for :attr:`~pluriscope.analysis.subjects.subject.SubjectKind.explaining`:
``questions``, ``explain``, ``search``, ``possible``, ``plan``, ``doubt``, ``first_words``, ``missing``, ``planted``,
``read_circuits``, ``circuits``, ``criteria`` and ``population``.
"""
