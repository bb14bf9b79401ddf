"""Pytest fixtures for testing algorithms and scripts on a local network.

pytest loads the fixtures automatically if vantage6-sdk is installed; no import is needed.

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
