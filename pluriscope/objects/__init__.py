"""What results of the library have in common: counts, lists, drawings, comparison."""
