"""A statement trigger that keeps learning_queuecount: exact whoever writes, one row per project and state."""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION learning_queue_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO learning_queuecount AS c (project_id, state, count)
    SELECT project_id, state, count(*) FROM new_rows GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (project_id, state) DO UPDATE SET count = c.count + excluded.count;
    RETURN NULL;
END $$;

CREATE FUNCTION learning_queue_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO learning_queuecount AS c (project_id, state, count)
    SELECT project_id, state, sum(n) FROM (
        SELECT project_id, state, 1 AS n FROM new_rows
        UNION ALL SELECT project_id, state, -1 FROM old_rows
    ) AS change GROUP BY 1, 2 HAVING sum(n) <> 0 ORDER BY 1, 2
    ON CONFLICT (project_id, state) DO UPDATE SET count = c.count + excluded.count;
    RETURN NULL;
END $$;

CREATE FUNCTION learning_queue_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE learning_queuecount AS c SET count = c.count - gone.n
    FROM (SELECT project_id, state, count(*) AS n FROM old_rows GROUP BY 1, 2) AS gone
    WHERE c.project_id = gone.project_id AND c.state = gone.state;
    RETURN NULL;
END $$;

CREATE TRIGGER queue_count_insert AFTER INSERT ON learning_queueentry
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION learning_queue_insert();
CREATE TRIGGER queue_count_update AFTER UPDATE ON learning_queueentry
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION learning_queue_update();
CREATE TRIGGER queue_count_delete AFTER DELETE ON learning_queueentry
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION learning_queue_delete();
"""

BACK = """
DROP TRIGGER queue_count_insert ON learning_queueentry;
DROP TRIGGER queue_count_update ON learning_queueentry;
DROP TRIGGER queue_count_delete ON learning_queueentry;
DROP FUNCTION learning_queue_insert();
DROP FUNCTION learning_queue_update();
DROP FUNCTION learning_queue_delete();
"""


class Migration(migrations.Migration):
    dependencies = [("learning", "0001_initial")]
    operations = [migrations.RunSQL(FUNCTIONS, BACK)]
