"""The types of rows and bodies of the server, for the resources; only for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import (
        AlgorithmStore as AlgorithmStore,
    )
    from vantage6.bindings.server.rows import (
        AlgorithmStoreInput as AlgorithmStoreInput,
    )
    from vantage6.bindings.server.rows import (
        AlgorithmStoreUpdate as AlgorithmStoreUpdate,
    )
    from vantage6.bindings.server.rows import (
        ChangePasswordInput as ChangePasswordInput,
    )
    from vantage6.bindings.server.rows import (
        Collaboration as Collaboration,
    )
    from vantage6.bindings.server.rows import (
        CollaborationInput as CollaborationInput,
    )
    from vantage6.bindings.server.rows import (
        CollaborationUpdate as CollaborationUpdate,
    )
    from vantage6.bindings.server.rows import (
        Health as Health,
    )
    from vantage6.bindings.server.rows import (
        Id as Id,
    )
    from vantage6.bindings.server.rows import (
        Message as Message,
    )
    from vantage6.bindings.server.rows import (
        Node as Node,
    )
    from vantage6.bindings.server.rows import (
        NodeInput as NodeInput,
    )
    from vantage6.bindings.server.rows import (
        NodeUpdate as NodeUpdate,
    )
    from vantage6.bindings.server.rows import (
        NodeWithKey as NodeWithKey,
    )
    from vantage6.bindings.server.rows import (
        Organization as Organization,
    )
    from vantage6.bindings.server.rows import (
        OrganizationInput as OrganizationInput,
    )
    from vantage6.bindings.server.rows import (
        OrganizationUpdate as OrganizationUpdate,
    )
    from vantage6.bindings.server.rows import (
        PageLinks as PageLinks,
    )
    from vantage6.bindings.server.rows import (
        RecoverPasswordInput as RecoverPasswordInput,
    )
    from vantage6.bindings.server.rows import (
        RecoverTwoFactorInput as RecoverTwoFactorInput,
    )
    from vantage6.bindings.server.rows import (
        ResetPasswordInput as ResetPasswordInput,
    )
    from vantage6.bindings.server.rows import (
        Result as Result,
    )
    from vantage6.bindings.server.rows import (
        Role as Role,
    )
    from vantage6.bindings.server.rows import (
        RoleInput as RoleInput,
    )
    from vantage6.bindings.server.rows import (
        RoleUpdate as RoleUpdate,
    )
    from vantage6.bindings.server.rows import (
        Rule as Rule,
    )
    from vantage6.bindings.server.rows import (
        Run as Run,
    )
    from vantage6.bindings.server.rows import (
        Study as Study,
    )
    from vantage6.bindings.server.rows import (
        StudyInput as StudyInput,
    )
    from vantage6.bindings.server.rows import (
        StudyUpdate as StudyUpdate,
    )
    from vantage6.bindings.server.rows import (
        Task as Task,
    )
    from vantage6.bindings.server.rows import (
        TaskInput as TaskInput,
    )
    from vantage6.bindings.server.rows import (
        TaskOrganization as TaskOrganization,
    )
    from vantage6.bindings.server.rows import (
        TwoFactorSecret as TwoFactorSecret,
    )
    from vantage6.bindings.server.rows import (
        User as User,
    )
    from vantage6.bindings.server.rows import (
        UserInput as UserInput,
    )
    from vantage6.bindings.server.rows import (
        UserUpdate as UserUpdate,
    )
    from vantage6.bindings.server.rows import (
        Version as Version,
    )
