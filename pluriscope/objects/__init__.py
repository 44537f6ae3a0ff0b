"""Parts that results of the library share: counts, lists, drawings, comparison."""
