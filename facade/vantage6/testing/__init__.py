"""Fixtures for pytest: a local network, and clients of it, to test algorithms and scripts with.

pytest finds them by itself wherever vantage6-sdk is installed; there is nothing to import.

>>> def test_the_average(v6_client):  # doctest: +SKIP
...     task = v6_client.task.create(
...         collaboration="demo",
...         organizations=["IKNL", "Maastro"],
...         image="registry.example/average",
...         method="partial",
...         kwargs={"column": "age"},
...     )
...     assert v6_client.wait_for_results(task).outputs == [...]
"""
