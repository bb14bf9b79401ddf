"""Statistics of visits, with what only works on the mock."""

import os

from vantage6.algorithm.data_extraction import read_csv as read_csv
from vantage6.algorithm.decorator import algorithm_client, central, dataframe, federated

seen = []


@federated
@dataframe(1)
def first_year(df):
    return int(df["visit"].dt.year.min())


@federated
@dataframe(1)
def count_calls(df):
    seen.append(len(df))
    return len(seen)


@federated
@dataframe(1)
def has_code(df, codes):
    return 1 in codes


@federated
@dataframe(1)
def take_last(df, left):
    return left.pop()


@federated
@dataframe(1)
def level(df):
    return os.environ.get("LEVEL")


@federated
@algorithm_client
def count_organizations(client):
    return len(client.organization.list())


@federated
@dataframe(1)
def count(df):
    return len(df)


@federated
@dataframe(1)
def refuse(df):
    raise ValueError("too few patients")


def ask_all(client, method):
    ids = [organization["id"] for organization in client.organization.list()]
    task = client.task.create(method=method, organizations=ids, name=method)
    return client.wait_for_results(task_id=task["id"], interval=0.2)


@central
@algorithm_client
def count_by_organization(client):
    names = [organization["name"] for organization in client.organization.list()]
    return dict(zip(names, ask_all(client, "count"), strict=True))


@central
@algorithm_client
def count_answers(client):
    return len(ask_all(client, "refuse"))
