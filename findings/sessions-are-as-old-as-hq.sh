#!/usr/bin/env bash
# vantage6-hq 5.0.3, model of sessions and runs
#
# What: the times `created_at` and `last_used_at` of a session, and `assigned_at` of a run, have a default that is
# computed once, when HQ is imported. HQ itself never sets them. Every session that is made while HQ runs has the same
# two times, those of HQ's start, and neither changes when the session is used.
#
# Why it matters: clients sort sessions by age, show when one was last used, or clean up those that nobody used for a
# month. A session made a minute ago is then the oldest of all after a month without a restart, and a run seems to have
# waited since then. The times of tasks are right: a client has to use the first task of a session in their place.
#
# Guess before the run: the time of the insert, or no time at all.
#
# Output seen:
# sessions made 2 s apart: created 0 s apart
# created before the first one was made: True
# last used after an update: unchanged
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.13 -m venv venv
venv/bin/pip install -q vantage6-hq==5.0.3 vantage6-backend-common==5.0.3
cat > run.py <<'PY'
import logging, time
from datetime import UTC, datetime

logging.disable()
from sqlalchemy import create_engine

from vantage6.hq.model.session import Session

table = Session.__table__
engine = create_engine("sqlite://")
with engine.begin() as database:
    table.create(database)
    time.sleep(1)
    began = datetime.now(UTC).replace(tzinfo=None)
    database.execute(table.insert().values(name="first", user_id=1, collaboration_id=1))
    time.sleep(2)
    database.execute(table.insert().values(name="second", user_id=1, collaboration_id=1))
    first, second = database.execute(table.select().order_by(table.c.id)).mappings()
    print(f"sessions made 2 s apart: created {(second['created_at'] - first['created_at']).seconds} s apart")
    print("created before the first one was made:", first["created_at"] < began)
    database.execute(table.update().where(table.c.id == 1).values(name="renamed"))
    now = database.execute(table.select().where(table.c.id == 1)).mappings().one()
    same = now["last_used_at"] == first["last_used_at"]
    print("last used after an update:", "unchanged" if same else "changed")
    assert first["created_at"] == second["created_at"] < began and same
PY
venv/bin/python -W ignore run.py
