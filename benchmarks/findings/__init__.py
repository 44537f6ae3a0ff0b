"""docs/findings.md: its tables, made from the result files of studies."""
