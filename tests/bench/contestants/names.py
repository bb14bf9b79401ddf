"""Names: found among many, and the requests of a task that is given by names."""

from counting import Count

TASK = {"name": "bench", "image": "harbor2.vantage6.ai/demo/average", "description": ""}
INPUT = {"method": "partial_average", "kwargs": {"column_name": "age"}}
DATABASES = [{"label": "default"}]


def organizations(count):
    return [
        {"id": id_, "name": f"hospital {id_}", "country": "NL", "domain": ""}
        for id_ in range(1, count + 1)
    ]


def ours_find(count):
    from vantage6.client._rows.names import Directory

    known = Directory("organization", organizations(count))
    return lambda: known.find(f"HOSPITAL {count // 2}")["id"]


def ours_learn(count):
    from vantage6.client._rows.names import Directory

    rows = organizations(count)
    return lambda: len(Directory("organization", rows)._exact)


def ours_requests(how, port, username, password):
    from vantage6.client import Client

    client = Client("http://127.0.0.1", port, "/api", log_level=None)
    client.authenticate(username, password)
    collaboration = client.collaboration.find("demo")
    rows = client.organization.list(collaboration=collaboration)

    def create(place, where):
        return client.task.create(
            collaboration=place, organizations=where, input_=INPUT, databases=DATABASES, **TASK
        )

    by_id = (collaboration["id"], [row["id"] for row in rows])
    by_name = ("demo", [row["name"] for row in rows])
    if how == "later":
        create(*by_name)
    else:
        client._core.names.forget()

    def count():
        counter = Count(ours=True)
        create(*(by_id if how == "ids" else by_name))
        return counter.requests

    return count


def official_requests(port, username, password):
    from vantage6.client import Client

    client = Client("http://127.0.0.1", port, "/api", log_level="critical")
    client.authenticate(username, password)
    client.setup_encryption(None)

    def count():
        counter = Count(ours=False)
        (place,) = (row for row in client.collaboration.list()["data"] if row["name"] == "demo")
        rows = client.organization.list(collaboration=place["id"])["data"]
        client.task.create(
            collaboration=place["id"],
            organizations=[row["id"] for row in rows],
            input_=INPUT,
            databases=DATABASES,
            **TASK,
        )
        return counter.requests

    return count
