"""On a server that several processes share, the database notes which rows of `state` a transaction changed.

state_duty     who does what one process does for all (duty.py)
state_turn     which call may add to a conversation (turns.py)
state_change   number, kind (tenant, key, run, approval, reply, scope of a cap, list or stop), id; kept for an hour

Whoever changes `state` holds the log's tip, so numbers become visible in their order and none comes late: a process
that has read up to a number has missed nothing before it. PostgreSQL 14 or later; the statements are PostgreSQL's own.
"""

KEPT_S = 3_600

_WATCHED = (
    ("state_tenant", "tenant", "id"),
    ("state_key", "key", "id"),
    ("state_run", "run", "id"),
    ("state_cap", "scope", "scope"),
    ("state_tools", "scope", "scope"),
    ("state_stop", "scope", "scope"),
    ("state_approval", "approval", "id"),
    ("state_reply", "reply", "id"),
)

FEED_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS state_duty(
        one BIGINT PRIMARY KEY CHECK (one = 1), holder TEXT NOT NULL, until TIMESTAMPTZ NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS state_turn(
        name BYTEA PRIMARY KEY, holder TEXT NOT NULL, until TIMESTAMPTZ NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS state_change(
        number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL,
        at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp())""",
    """CREATE OR REPLACE FUNCTION state_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE changed record;
        BEGIN
            IF TG_OP = 'DELETE' THEN changed = OLD; ELSE changed = NEW; END IF;
            INSERT INTO state_change(kind, id) VALUES(TG_ARGV[0], to_jsonb(changed) ->> TG_ARGV[1]);
            RETURN NULL;
        END $$""",
    *(
        f"CREATE OR REPLACE TRIGGER {table}_changed AFTER INSERT OR UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION state_changed('{kind}', '{column}')"
        for table, kind, column in _WATCHED
    ),
    """CREATE OR REPLACE FUNCTION state_once() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'this yes has been used by another call'; END $$""",
    """CREATE OR REPLACE TRIGGER state_approval_once BEFORE UPDATE ON state_approval FOR EACH ROW
        WHEN (OLD.status = 'used' AND NEW.status = 'used' OR OLD.status = 'released' AND NEW.status = 'released')
        EXECUTE FUNCTION state_once()""",
)

CHANGES = "SELECT number, kind, id FROM state_change WHERE number > ? ORDER BY number LIMIT ?"
LAST = "SELECT coalesce(max(number), 0) FROM state_change"
FORGET = (f"DELETE FROM state_change WHERE at < clock_timestamp() - interval '{KEPT_S} seconds'", ())  # noqa: S608 - a constant
