"""One BLAS thread for these tests: the matrices are small, and threads that wait for each other cost seconds."""

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Matrix products on one thread."""
    with threadpool_limits(1):
        yield
