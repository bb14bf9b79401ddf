"""An algorithm that returns the number of rows in each of two databases."""

import pandas as pd

from vantage6.algorithm.tools.decorators import data


# The official decorator hands databases over in the reverse order of what its manual says.
@data(2)
def count(second: pd.DataFrame, first: pd.DataFrame) -> list[int]:
    return [len(first), len(second)]
