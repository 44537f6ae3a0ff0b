"""Results of an analysis, and the file that holds them."""
