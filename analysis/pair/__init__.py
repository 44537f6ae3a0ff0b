"""Two interpretations of one network that pass the same tests, and each of which is right where the other is wrong."""
