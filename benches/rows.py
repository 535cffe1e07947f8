"""Rows written past Django, as fast as SQLite takes them."""

import sqlite3
from collections.abc import Iterable

Row = dict[str, str | int | float | None]


def insert(connection: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    """Insert rows that all name the same columns; others get what stands for nothing."""
    needed = {
        name: "" if kind.startswith(("varchar", "char", "text")) else 0
        for _, name, kind, is_needed, _, is_key in connection.execute(f"PRAGMA table_info({table})")
        if is_needed and not is_key
    }
    for row in rows:
        filled = needed | row
        places = ", ".join(f":{name}" for name in filled)
        connection.execute(f"INSERT INTO {table} ({', '.join(filled)}) VALUES ({places})", filled)
