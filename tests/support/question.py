"""One question that both generations of servers answer, and how long to wait for it."""

from typing import Any

from vantage6.client import Extraction

AVERAGE = "harbor2.vantage6.ai/demo/average"
PATIENCE: dict[str, Any] = {"timeout": 120, "progress": False}
QUESTION: dict[str, Any] = {
    "name": "average age",
    "image": AVERAGE,
    "method": "partial_average",
    "kwargs": {"column_name": "age"},
    "databases": [Extraction("default", "read_csv", image=AVERAGE)],
    "action": "federated_compute",
}
