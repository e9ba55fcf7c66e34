"""A real PgBouncer in transaction mode, between the tests of this folder and the server."""

from collections.abc import Iterator

import pytest
from psycopg.conninfo import conninfo_to_dict

from ..databases import address_of, create_database, drop_database
from ..odd_role import as_odd_role
from .bouncer import bouncer


@pytest.fixture(scope="module")
def pgbouncer(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of the pooler."""
    with bouncer(postgres, tmp_path_factory.mktemp("pgbouncer")) as port:
        yield port


@pytest.fixture
def direct_uri(postgres: str, pgbouncer: int, template: str) -> Iterator[str]:
    """Address of the test's database past the pooler."""
    name = create_database(postgres, template)
    yield as_odd_role(address_of(postgres, name))
    drop_database(postgres, name)


@pytest.fixture
def database_uri(pgbouncer: int, direct_uri: str) -> str:
    """Address of the test's database: whatever a test does goes through the pooler."""
    return f"postgresql://postgres@127.0.0.1:{pgbouncer}/{conninfo_to_dict(direct_uri)['dbname']}"
