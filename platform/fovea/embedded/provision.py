"""The application's role and database in a new embedded cluster."""

from contextlib import closing

from .cluster import State


def provision(state: State) -> None:
    """Create the role (no superuser; it may create databases, for tests), its database, `vector` if offered.

    Safe to repeat: what is there already is kept, and the role gets the recorded password.
    """
    import psycopg2
    from psycopg2 import sql

    def connect(database: str) -> "closing[psycopg2.extensions.connection]":
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=state.port,
            user=state.admin,
            password=state.admin_password,
            dbname=database,
        )
        connection.autocommit = True  # CREATE DATABASE refuses a transaction
        return closing(connection)

    role, database = sql.Identifier(state.user), sql.Identifier(state.database)
    with connect("postgres") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [state.user])
        verb = sql.SQL("ALTER" if cursor.fetchone() else "CREATE")
        cursor.execute(
            sql.SQL("{} ROLE {} LOGIN NOSUPERUSER CREATEDB PASSWORD %s").format(verb, role), [state.password]
        )
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [state.database])
        if not cursor.fetchone():
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
    with connect(state.database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
        if cursor.fetchone():
            cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
