"""Running a network with some values replaced: ablations and interchanges."""
