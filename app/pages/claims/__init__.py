"""Claims: circuits that others found, located among all valid ones; the address holds what is claimed."""
