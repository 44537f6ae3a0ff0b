"""The store: tables, migrations, saving and staging, for SQLite and PostgreSQL."""
