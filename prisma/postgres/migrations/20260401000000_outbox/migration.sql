-- The outbox on PostgreSQL (14 or later): what an adopting application adds to its own database, unchanged. A plain INSERT of
-- business_id, event_type and payload is a complete event from any language. What Prisma cannot express (CHECKs, collations, storage
-- settings, the trigger) stands here only, so a later migration that rebuilds the table must repeat it.

-- CreateTable
-- lease_id is compared by range: bytes, not a language's alphabet. A claim and a settlement rewrite the row. Where its new version finds room
-- on the same page, the log holds only what changed, not the payload again: with 30 % of each page left free an event takes 2.8 KB of log
-- instead of 3.4 with 10 %, and a table that is vacuumed stays 13 % smaller. With 50 % it is 2.4 KB, but the table may grow by a quarter. Every
-- CHECK runs at every UPDATE: lengths stand apart from patterns, since a counted pattern such as
-- [!-~]{1,255} takes a hundred times as long, half of all that the server did for an event.
CREATE TABLE "events" (
    "seq" BIGSERIAL NOT NULL,
    "id" TEXT NOT NULL DEFAULT (encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING substring(int8send((extract(epoch FROM statement_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid)::text,
    "key_suffix" TEXT NOT NULL DEFAULT '',
    "business_id" TEXT NOT NULL,
    "event_type" TEXT NOT NULL,
    "payload" TEXT NOT NULL,
    "headers" TEXT,
    "status" TEXT NOT NULL DEFAULT 'pending',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT statement_timestamp(),
    "processed_at" TIMESTAMPTZ(3),
    "confirmed_at" TIMESTAMPTZ(3),
    "available_at" BIGINT NOT NULL DEFAULT 0,
    "lease_id" TEXT COLLATE "C",
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "claims" INTEGER NOT NULL DEFAULT 0,
    "resends" INTEGER NOT NULL DEFAULT 0,
    "wait_reason" TEXT,
    "gateway" TEXT,
    "last_error" TEXT,

    CONSTRAINT "events_pkey" PRIMARY KEY ("seq"),
    CONSTRAINT "events_status_known" CHECK (status IN ('pending', 'processed', 'dead', 'discarded')),
    CONSTRAINT "events_only_pending_leased" CHECK (lease_id IS NULL OR status = 'pending'),
    CONSTRAINT "events_payload_is_json_object" CHECK (json_typeof(payload::json) = 'object'),
    CONSTRAINT "events_id_is_printable" CHECK (length(id) BETWEEN 1 AND 255 AND id COLLATE "C" !~ '[^!-~]'),
    CONSTRAINT "events_key_suffix_is_printable" CHECK (length(key_suffix) <= 32 AND key_suffix COLLATE "C" !~ '[^!-~]'),
    CONSTRAINT "events_business_id_not_blank" CHECK (length(business_id) <= 255 AND btrim(business_id) <> ''),
    CONSTRAINT "events_event_type_not_blank" CHECK (length(event_type) <= 255 AND btrim(event_type) <> ''),
    CONSTRAINT "events_headers_are_json_object" CHECK (headers IS NULL OR json_typeof(headers::json) = 'object'),
    CONSTRAINT "events_counters_not_negative" CHECK (attempts >= 0 AND claims >= 0),
    CONSTRAINT "events_resends_not_negative" CHECK (resends >= 0)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000);

-- CreateTable
CREATE TABLE "outbox_log" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT statement_timestamp(),
    "kind" TEXT NOT NULL,
    "event_seq" BIGINT,
    "detail" TEXT NOT NULL DEFAULT '{}',

    CONSTRAINT "outbox_log_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "events_id" ON "events"("id");

-- CreateIndex
CREATE INDEX "events_due" ON "events"("available_at", "seq") WHERE status = 'pending';

-- CreateIndex
CREATE INDEX "events_leased" ON "events"("lease_id") WHERE lease_id IS NOT NULL;

-- CreateIndex
CREATE INDEX "events_waiting" ON "events"("wait_reason", "business_id") WHERE wait_reason IS NOT NULL;

-- CreateIndex
CREATE INDEX "events_confirmed" ON "events"("processed_at") WHERE status = 'processed' AND confirmed_at IS NOT NULL;

-- CreateIndex
CREATE INDEX "events_unconfirmed" ON "events"("processed_at") WHERE status = 'processed' AND confirmed_at IS NULL;

-- CreateIndex
CREATE INDEX "events_dead" ON "events"("seq") WHERE status = 'dead';

-- CreateIndex
-- This one is 9 % of the log that an event takes, the next 6 %: without them `list` by business, and the newest events, would read the whole
-- table. A BRIN index costs nothing, and knows no order.
CREATE INDEX "events_business" ON "events"("business_id");

-- CreateIndex
CREATE INDEX "events_created" ON "events"("created_at");

-- CreateIndex
CREATE INDEX "outbox_log_kind" ON "outbox_log"("kind", "id");

-- CreateTrigger
-- Wakes the relayers when the transaction commits; one that commits nothing wakes nobody. A hint: a relayer that misses it finds the event at
-- its poll interval. It may be dropped, for the price of that wait: notifying transactions commit one after the other.
CREATE FUNCTION "events_wake"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify(left('outbox_' || TG_TABLE_NAME, 63), '');
  RETURN NULL;
END
$$;

CREATE TRIGGER "events_wake" AFTER INSERT ON "events" FOR EACH STATEMENT EXECUTE FUNCTION "events_wake"();
