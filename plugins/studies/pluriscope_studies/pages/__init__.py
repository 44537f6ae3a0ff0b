"""Studies: the list, one study, its figures, its outcomes, and the form for another."""
