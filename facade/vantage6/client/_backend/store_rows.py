"""The types of rows and bodies of an algorithm store, for the resources; only for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vantage6.bindings.store.rows import (
        Algorithm as Algorithm,
    )
    from vantage6.bindings.store.rows import (
        AlgorithmInput as AlgorithmInput,
    )
    from vantage6.bindings.store.rows import (
        AlgorithmUpdate as AlgorithmUpdate,
    )
    from vantage6.bindings.store.rows import (
        FunctionInput as FunctionInput,
    )
    from vantage6.bindings.store.rows import (
        Message as Message,
    )
    from vantage6.bindings.store.rows import (
        Partitioning as Partitioning,
    )
    from vantage6.bindings.store.rows import (
        Policies as Policies,
    )
    from vantage6.bindings.store.rows import (
        PublicPolicies as PublicPolicies,
    )
    from vantage6.bindings.store.rows import (
        Review as Review,
    )
    from vantage6.bindings.store.rows import (
        ReviewDecision as ReviewDecision,
    )
    from vantage6.bindings.store.rows import (
        ReviewInput as ReviewInput,
    )
    from vantage6.bindings.store.rows import (
        Role as Role,
    )
    from vantage6.bindings.store.rows import (
        RoleInput as RoleInput,
    )
    from vantage6.bindings.store.rows import (
        RoleUpdate as RoleUpdate,
    )
    from vantage6.bindings.store.rows import (
        Rule as Rule,
    )
    from vantage6.bindings.store.rows import (
        User as User,
    )
    from vantage6.bindings.store.rows import (
        UserInput as UserInput,
    )
    from vantage6.bindings.store.rows import (
        UserUpdate as UserUpdate,
    )
