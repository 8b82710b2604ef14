"""One statement that adds a row or replaces the one of the same key, in words that SQLite and PostgreSQL both know."""


def upsert(table: str, columns: str, key: str) -> str:
    """Return the SQL for a table; `columns` and `key` are names of ours, separated by commas, in the row's order."""
    names = [name.strip() for name in columns.split(",")]
    keys = [name.strip() for name in key.split(",")]
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {table}({', '.join(names)}) VALUES({marks}) ON CONFLICT({key}) DO UPDATE SET {changed}"
