"""The application: the store, background work, pages and the command line around the engine."""
