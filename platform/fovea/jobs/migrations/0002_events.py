"""Every change of a job that people look at becomes a notification, whichever statement made it."""

from django.db import migrations

CREATE = """
CREATE FUNCTION jobs_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('fovea_events', json_build_object(
        'type', 'job', 'id', NEW.id, 'kind', NEW.kind, 'title', NEW.title, 'scope', NEW.scope, 'state', NEW.state,
        'progress', NEW.progress, 'stage', NEW.stage, 'cancel_requested', NEW.cancel_requested,
        'user', NEW.created_by_id
    )::text);
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_notify_insert AFTER INSERT ON jobs_job FOR EACH ROW EXECUTE FUNCTION jobs_notify();
CREATE TRIGGER jobs_notify_update AFTER UPDATE ON jobs_job FOR EACH ROW
    WHEN ((OLD.state, OLD.progress, OLD.stage, OLD.cancel_requested)
        IS DISTINCT FROM (NEW.state, NEW.progress, NEW.stage, NEW.cancel_requested))
    EXECUTE FUNCTION jobs_notify();
"""
DROP = """
DROP TRIGGER jobs_notify_update ON jobs_job;
DROP TRIGGER jobs_notify_insert ON jobs_job;
DROP FUNCTION jobs_notify();
"""


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
