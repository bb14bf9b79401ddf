"""Build the input of a task for each organization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..._rows.names import Directory, Scope, describe_scope
from ..._tasks.request import (
    check_distinct,
    check_members,
    encrypted_inputs,
    plain_inputs,
    public_keys,
)
from ..._utils.threads import run_in_thread
from ...errors import EncryptionNotSetUpError

if TYPE_CHECKING:
    from ..._backend.rows import TaskOrganization
    from ..._http.large_texts import OnTransfer
    from ..._rows.references import Ref
    from ..core.core import Core


async def inputs_for(
    core: Core,
    refs: Sequence[Ref] | None,
    data: bytes,
    collaboration: int,
    study: int | None,
    on_transfer: OnTransfer | None,
) -> tuple[list[TaskOrganization], Mapping[int, str]]:
    """Return the input per organization, encrypted if needed, and their names."""
    within = Scope("collaboration", collaboration) if study is None else Scope("study", study)
    list_organizations = core.backend.server.list_organizations
    row = await core.send(core.backend.server.get_collaboration(collaboration))
    key, field = core.private_key, core.backend.input_field
    if await run_in_thread(core.trust.allows_plain, row, has_key=key is not None):
        if refs is None:
            refs = await core.rows(partial(list_organizations, **{f"{within.kind}_id": within.id}))
        ids = [await core.id_of("organization", ref, within) for ref in refs]
        check_distinct(ids)
        if study is not None and not core.backend.checks_study:
            members = await core.rows(partial(list_organizations, study_id=study))
            check_members(ids, members, study)
        names = core.names.displayed_organizations()
        if await core.blobs.is_there():
            return await core.blobs.put_inputs(ids, data, None, on_transfer), names
        return plain_inputs(ids, data, field), names
    if key is None:
        raise EncryptionNotSetUpError(
            f"private key: expected one for encrypted collaboration {collaboration} "
            f"({row.get('name')}), got none. Pass your organization's private key to "
            "setup_encryption() before you create a task."
        )
    from ..._encryption.keys import public_key_of

    # Names and keys are of the same rows, not of listings that may contradict each other.
    members = await core.rows(partial(list_organizations, collaboration_id=collaboration))
    listed = (
        members if study is None else await core.rows(partial(list_organizations, study_id=study))
    )
    directory = Directory(
        "organization", listed, describe_scope(within, row.get("name") if study is None else None)
    )
    ids = [directory.id_of(ref) for ref in (listed if refs is None else refs)]
    check_distinct(ids)
    if study is not None:
        check_members(ids, listed, study)
    rows = {row["id"]: row for row in (*members, *listed)}
    own = core.whoami.organization_id, public_key_of(key)
    await run_in_thread(core.trust.check_keys, ids, rows.values(), own)
    names = {id_: row.get("name") or "" for id_, row in rows.items()}
    if await core.blobs.is_there():
        keys = public_keys(ids, rows.values())
        return await core.blobs.put_inputs(ids, data, keys, on_transfer), names
    return encrypted_inputs(ids, data, rows.values(), field), names
