"""What a computation is given beside its question: progress, limits, deadlines."""
