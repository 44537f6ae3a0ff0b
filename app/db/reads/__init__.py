"""Named queries, one file for each kind of page; none of them writes."""
