"""Work of a computation beside its question: progress, limits, deadlines."""
