"""How Alembic runs these migrations: on the connection that `migrate` gives it, in its transaction."""

from alembic import context

from gwctl.stores.sql.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
