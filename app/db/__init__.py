"""The store: tables, migrations, saving and reading, for SQLite and PostgreSQL."""
