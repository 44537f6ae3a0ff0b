"""Lists: what is filtered, sorted, counted, read on from a cursor and taken away as CSV, declared by each list."""
