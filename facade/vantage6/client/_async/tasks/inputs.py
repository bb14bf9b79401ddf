"""Find the recipients of a task, and build the input for each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Recipients:
    """The organizations of a task in the requested order, and what is known about them."""

    ids: Sequence[int]
    names: Mapping[int, str]
    # The trusted public key of each, or None in a collaboration without encryption.
    keys: dict[int, str] | None


async def recipients_of(
    core: Core, refs: Sequence[Ref] | None, collaboration: int, study: int | None
) -> Recipients:
    """Return the recipients of a task, whose keys are checked."""
    within = Scope("collaboration", collaboration) if study is None else Scope("study", study)
    list_organizations = core.backend.server.list_organizations
    row = await core.send(core.backend.server.get_collaboration(collaboration))
    key = core.private_key
    if await run_in_thread(core.trust.allows_plain, row, has_key=key is not None):
        if refs is None:
            refs = await core.rows(partial(list_organizations, **{f"{within.kind}_id": within.id}))
        ids = [await core.id_of("organization", ref, within) for ref in refs]
        check_distinct(ids)
        if study is not None and not core.backend.checks_study:
            members = await core.rows(partial(list_organizations, study_id=study))
            check_members(ids, members, study)
        return Recipients(ids, core.names.displayed_organizations(), None)
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
    return Recipients(ids, names, public_keys(ids, rows.values()))


async def inputs_for(
    core: Core, recipients: Recipients, data: bytes, on_transfer: OnTransfer | None = None
) -> list[TaskOrganization]:
    """Return the input for each recipient, encrypted if needed; it may be uploaded."""
    ids, keys = recipients.ids, recipients.keys
    if await core.blobs.is_there():
        return await core.blobs.put_inputs(ids, data, keys, on_transfer)
    field = core.backend.input_field
    return plain_inputs(ids, data, field) if keys is None else encrypted_inputs(keys, data, field)
