import numpy as np
import pytest

from ibis_training.cases import data_root


def needs_data(dataset: str):
    """Skips by name where the data set is not on this machine."""
    return pytest.mark.skipif(not (data_root() / dataset).is_dir(), reason=f"data set {dataset} is not on this machine (set IBIS_DATA)")


@pytest.fixture
def disc():
    """Builds bool [h, w] with a disc."""

    def make(height, width, row, column, radius):
        rows, columns = np.mgrid[:height, :width]
        return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2

    return make
