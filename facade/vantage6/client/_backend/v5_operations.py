"""The operations of HQ 5.x that servers 4.x lack."""

from __future__ import annotations

from vantage6.bindings.hq import calls


class SessionOperations:
    """The operations of sessions and data frames that the client uses."""

    create_dataframe = staticmethod(calls.create_dataframe)
    create_session = staticmethod(calls.create_session)
    delete_dataframe = staticmethod(calls.delete_dataframe)
    delete_session = staticmethod(calls.delete_session)
    get_dataframe = staticmethod(calls.get_dataframe)
    get_session = staticmethod(calls.get_session)
    get_current_user = staticmethod(calls.get_current_user)
    list_dataframes = staticmethod(calls.list_dataframes)
    list_tasks = staticmethod(calls.list_tasks)
    list_sessions = staticmethod(calls.list_sessions)
    preprocess_dataframe = staticmethod(calls.preprocess_dataframe)
    update_session = staticmethod(calls.update_session)
