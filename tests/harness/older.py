# SPDX-License-Identifier: Apache-2.0
"""The ledger as a mica before schema version 2 wrote it."""
import contextlib
import re
import sqlite3

from . import parts


def older(path, made):
    """Puts the same records into the schema of version 1."""
    text = (parts.TOP / "tests/data/ledger-1.sql").read_text()
    tables = re.findall(r"CREATE (?:TABLE|INDEX).*?;$", text, re.S | re.M)
    with contextlib.closing(sqlite3.connect(made, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        for table in tables:
            db.execute(table)
        db.execute("ATTACH ? AS new", (str(path),))
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            columns = ", ".join(row[1] for row in db.execute(f"PRAGMA main.table_info({name})"))
            db.execute(f"INSERT INTO main.{name} ({columns}) SELECT {columns} FROM new.{name}")
        db.execute("DETACH new")
        db.executescript(f"PRAGMA user_version = 1; PRAGMA application_id = {0x6d696361}")
    made.chmod(0o600)
    made.replace(path)
