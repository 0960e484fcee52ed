-- Transactions that notify take turns at their commit, each until its log is on the disk: eight writers got no further than one. So only a
-- sleeping relayer is told. One that sleeps holds this lock alone, and whoever finds it free holds a share of it to its own end: no relayer
-- falls asleep over an event that it was not told of. Nobody needs a right for it. Where no relayer holds the lock, nobody is told, and events
-- are found at the poll interval. A trigger that somebody has dropped stays dropped.

-- CreateFunction
CREATE OR REPLACE FUNCTION "events_wake"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock_shared(hashtext('outbox:' || TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME), 65) THEN
    PERFORM pg_notify(left('outbox_' || TG_TABLE_NAME, 63), '');
  END IF;
  RETURN NULL;
END
$$;
