"""Pages of the answer key: methods, one method, two of them, one network."""
