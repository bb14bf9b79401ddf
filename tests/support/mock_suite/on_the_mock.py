"""Test the algorithm on the official mock: all tests pass."""

import os

import pandas as pd

from vantage6.algorithm.mock import MockNetwork

NORTH = pd.DataFrame({"visit": pd.to_datetime(["2020-03-01", "2021-04-01"])})
SOUTH = pd.DataFrame({"visit": pd.to_datetime(["2022-05-01"])})


def run(method, organizations=(1, 2), arguments=None):
    """Run a function, and return its results."""
    data = [{"default": {"database": NORTH}}, {"default": {"database": SOUTH}}]
    client = MockNetwork("visits", data).user_client
    task = client.task.create(
        method=method,
        organizations=[*organizations],
        arguments=arguments or {},
        databases=[{"type": "dataframe", "dataframe_id": 1}],
    )
    return client.result.from_task(task["id"])


def test_dates_of_the_data_frame():
    assert run("first_year") == [2020, 2022]


def test_module_is_shared():
    assert run("count_calls") == [1, 2]


def test_keys_that_are_numbers():
    assert run("has_code", arguments={"codes": {1: "flu"}}) == [True, True]


def test_argument_is_shared():
    assert run("take_last", arguments={"left": [1, 2, 3]}) == [3, 2]


def test_environment_variables_of_the_test():
    os.environ["LEVEL"] = "debug"
    assert run("level") == ["debug", "debug"]


def test_federated_function_with_a_client():
    assert run("count_organizations") == [2, 2]


def test_names_and_order_of_results():
    assert run("count_by_organization", [1]) == [{"mock-1": 2, "mock-2": 1}]


def test_failure_ends_the_test():
    try:
        run("count_answers", [1])
    except SystemExit:
        return
    raise AssertionError("the test continues")
