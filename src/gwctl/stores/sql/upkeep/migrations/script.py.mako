"""${message}."""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Only adds: an agent of the version before goes on with what it knows."""
    ${upgrades if upgrades else "pass"}
