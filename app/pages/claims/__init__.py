"""Claims: circuits that others found, located among all valid ones; asked about by an address, or kept at one."""
