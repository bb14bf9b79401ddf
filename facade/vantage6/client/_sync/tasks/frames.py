# Derived by unasync.py: edit facade/vantage6/client/_async/tasks/frames.py instead.
"""Make the data frames of HQ that tasks compute with: steps of a session, and extractions."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from secrets import token_hex
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..._backend.databases import AUTOMATIC
from ..._http.request import without_none
from ..._rows.names import join_first
from ..._tasks.decoding import open_input
from ..._tasks.encoding import serialize
from ..._tasks.request import check_organizations
from ..._utils.logging import LOGGER
from ..._utils.time import server_time, to_timestamp
from ..._waiting.progress import format_duration
from ..._waiting.statuses import has_finished
from ...errors import DecryptionError, InvalidInputError, TaskFailedError
from .inputs import inputs_for, recipients_of

if TYPE_CHECKING:
    from ..._backend.databases import Extract, Extraction, Place
    from ..._backend.hq_rows import Dataframe, SessionTaskInput
    from ..._backend.rows import Run
    from ..._display.views import ProgressOption
    from ..._rows.references import Ref
    from ..core.core import Core


def session_task(
    core: Core,
    place: Place,
    organizations: Sequence[Ref],
    image: str,
    method: str,
    data: bytes,
    store_id: int | None,
) -> SessionTaskInput:
    """Return the task that makes or changes a data frame."""
    refs = check_organizations(organizations)
    recipients = recipients_of(core, refs, place.collaboration_id, place.study_id)
    inputs = inputs_for(core, recipients, data)
    task: Any = without_none(image=image, method=method, organizations=inputs, store_id=store_id)
    return task


def nodes_of(core: Core, place: Place) -> dict[int, bool]:
    """Return the organizations of a study or collaboration with a node, and if it is online."""
    listing = partial(core.backend.server.list_nodes, collaboration_id=place.collaboration_id)
    found = {node["organization"]["id"]: node["status"] == "online" for node in core.rows(listing)}
    if place.study_id is not None:
        members = partial(core.backend.server.list_organizations, study_id=place.study_id)
        ids = {row["id"] for row in core.rows(members)}
        found = {id_: is_online for id_, is_online in found.items() if id_ in ids}
    return dict(sorted(found.items()))


class Extractor:
    """Finds or starts the extractions of one task, and waits for them."""

    def __init__(
        self, core: Core, place: Place, image: str, asked: Sequence[int], store_id: int | None
    ) -> None:
        self._core, self._place, self._image, self._store_id = core, place, image, store_id
        self._asked = frozenset(asked)
        # The data frame of each extraction, and the organizations at which it has to be ready.
        self._frames: dict[tuple[str, bool], tuple[Dataframe, frozenset[int]]] = {}

    def __call__(self, step: Extract) -> int:
        """Return the id of the data frame of an extraction, which may still have to be started."""
        wanted = step.extraction
        data = serialize(wanted.arguments or {}, "arguments")
        image = wanted.image or self._image
        parts = step.session_id, wanted.label, wanted.method, image, wanted.name, data.decode()
        key = sha256(json.dumps(parts).encode()).hexdigest()
        if (key, wanted.refresh) not in self._frames:
            nodes = nodes_of(self._core, self._place) if step.is_everywhere else dict[int, bool]()
            needed = self._asked.union(id_ for id_, is_online in nodes.items() if is_online)
            name = wanted.name or f"{AUTOMATIC}{key[:16]}"
            listing = partial(self._core.backend.sessions.list_dataframes, step.session_id)
            named = [row for row in self._core.rows(listing) if _has_name(row, name)]
            frame, ready = None, set[int]()
            if named and not wanted.refresh:
                newest = max(named, key=lambda row: row["id"])
                ready = {*newest["organizations_ready"]}
                frame = self._reused(newest, wanted, image, data, needed)
            if frame is None:
                task = session_task(
                    self._core,
                    self._place,
                    sorted({*needed, *nodes, *ready}),
                    image,
                    wanted.method,
                    data,
                    self._store_id,
                )
                new = f"{name}-{token_hex(4)}" if named else name
                frame = start_extraction(
                    self._core, step.session_id, {"label": wanted.label, "name": new, "task": task}
                )
            self._frames[key, wanted.refresh] = frame, needed
        return self._frames[key, wanted.refresh][0]["id"]

    def _reused(
        self, frame: Dataframe, wanted: Extraction, image: str, data: bytes, needed: frozenset[int]
    ) -> Dataframe | None:
        """Return a data frame of an earlier extraction if it is the same; None to extract again."""
        task, name = frame["last_session_task"], frame["name"]
        if task is None:
            return None
        made = frame["db_label"], task["method"], task["image"]
        if made != (wanted.label, wanted.method, image):
            if not wanted.name:  # the data frame was preprocessed
                return None
            raise InvalidInputError(
                f"name: expected a data frame made by {wanted.method!r} of {image} from "
                f"{wanted.label!r}, got {name!r}, whose last step is {made[1]!r} of {made[2]} "
                f"(database {made[0]!r}). Choose another name, or pass databases=[{name!r}] to "
                "compute with it as it is."
            )
        is_own = frame["id"] in self._core.state.extracted
        missing = needed - {*frame["organizations_ready"]}
        runs: Sequence[Run] = ()
        if missing or not is_own:
            listing = partial(self._core.backend.server.list_runs, task_id=task["id"])
            runs = self._core.rows(listing)
        if not is_own:
            self._check_arguments(frame, runs, data)
        pending = {
            run["organization"]["id"]
            for run in runs
            if run["organization"] and not has_finished(run["status"])
        }
        if lost := missing - pending:
            LOGGER.info("Data frame %r is not ready at organizations %s", name, sorted(lost))
            return None
        if not is_own:
            get_dataframe = self._core.backend.sessions.get_dataframe
            frame, response = self._core.exchange(get_dataframe(frame["id"]))
            now = server_time(response.date, time.time())
            age = now - (to_timestamp(task["created_at"]) or now)
            LOGGER.info(
                "Using data frame %r (id %s), extracted %s ago",
                name,
                frame["id"],
                format_duration(age),
            )
        return frame

    def _check_arguments(self, frame: Dataframe, runs: Sequence[Run], data: bytes) -> None:
        """Raise if a data frame was extracted with other arguments, as far as they are readable."""
        field, wanted = self._core.backend.input_field, json.loads(data)
        for run in runs:
            try:
                text: Any = open_input(run, self._core.reader).get(field)
                found = json.loads(text)
            except (DecryptionError, TypeError, ValueError):
                continue  # encrypted for another organization
            if found != wanted:
                raise InvalidInputError(
                    f"name: expected a data frame extracted with arguments {data.decode()}, got "
                    f"{frame['name']!r}, extracted with {text}. Choose another name, or pass "
                    "refresh=True."
                )

    def wait(self, timeout: float | None, progress: ProgressOption) -> float | None:
        """Wait until the data is extracted where it is needed; return the time that is left."""
        from .wait import wait_for

        began = monotonic()

        def left() -> float | None:
            return None if timeout is None else max(0.0, timeout - (monotonic() - began))

        for frame, needed in self._frames.values():
            task = frame["last_session_task"]
            if task is None or needed <= {*frame["organizations_ready"]}:
                continue
            try:
                wait_for(
                    self._core, [task["id"]], 1, left(), progress=progress, organizations=needed
                )
            except TaskFailedError as error:  # perhaps only at other organizations
                get_dataframe = self._core.backend.sessions.get_dataframe
                row = self._core.send(get_dataframe(frame["id"]))
                if lost := needed - {*row["organizations_ready"]}:
                    names = self._core.names.organizations(lost)
                    raise TaskFailedError(
                        f"extraction of data frame {row['name']!r} failed at "
                        f"{join_first([names.get(id_, str(id_)) for id_ in sorted(lost)])}, so the "
                        f"task was not created. {error}",
                        task_id=error.task_id,
                        status=error.status,
                        runs=error.runs,
                        results=error.results,
                    ) from error
        return left()


def start_extraction(core: Core, session_id: int, body: Any) -> Dataframe:
    """Send an extraction."""
    row = core.send(core.backend.sessions.create_dataframe(session_id, body))
    core.names.forget("dataframe")
    core.state.extracted.add(row["id"])
    LOGGER.info("Extracting data frame %r (id %s)", row["name"], row["id"])
    return row


def _has_name(row: Dataframe, name: str) -> bool:
    """Return whether a data frame has a name, or one with the suffix of a further extraction."""
    head, dash, tail = (row["name"] or "").rpartition("-")
    return row["name"] == name or (head == name and dash == "-" and len(tail) == 8)
