-- transactional-outbox 20260101000000_outbox
-- The outbox: what an adopting application adds to its own database, unchanged.
-- The defaults use only functions that old SQLite shells know, so that a plain INSERT of business_id, event_type and
-- payload is a complete event from any language. The CHECKs state what must hold whoever writes; Prisma cannot
-- express them, so a later migration that rebuilds the table must repeat them.

-- CreateTable
CREATE TABLE "events" (
    "seq" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "id" TEXT NOT NULL DEFAULT (printf('%s-%s-7%s-%s%s-%s', substr(printf('%012x', CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)), 1, 8), substr(printf('%012x', CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)), 9, 4), substr(lower(hex(randomblob(2))), 2), substr('89ab', 1 + (random() & 3), 1), substr(lower(hex(randomblob(2))), 2), lower(hex(randomblob(6))))),
    "key_suffix" TEXT NOT NULL DEFAULT '',
    "business_id" TEXT NOT NULL,
    "event_type" TEXT NOT NULL,
    "payload" TEXT NOT NULL,
    "headers" TEXT,
    "status" TEXT NOT NULL DEFAULT 'pending',
    "created_at" DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')),
    "processed_at" DATETIME,
    "confirmed_at" DATETIME,
    "available_at" BIGINT NOT NULL DEFAULT 0,
    "lease_id" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "claims" INTEGER NOT NULL DEFAULT 0,
    "wait_reason" TEXT,
    "gateway" TEXT,
    "last_error" TEXT,
    CONSTRAINT "events_status_known" CHECK (status IN ('pending', 'processed', 'dead', 'discarded')),
    CONSTRAINT "events_only_pending_leased" CHECK (lease_id IS NULL OR status = 'pending'),
    CONSTRAINT "events_payload_is_json_object" CHECK (typeof(payload) = 'text' AND json_valid(payload) AND json_type(payload) = 'object'),
    CONSTRAINT "events_available_at_is_integer" CHECK (typeof(available_at) = 'integer'),
    CONSTRAINT "events_id_is_printable" CHECK (typeof(id) = 'text' AND length(id) BETWEEN 1 AND 255 AND id NOT GLOB '*[^!-~]*'),
    CONSTRAINT "events_key_suffix_is_printable" CHECK (length(key_suffix) <= 32 AND key_suffix NOT GLOB '*[^!-~]*'),
    CONSTRAINT "events_business_id_not_blank" CHECK (typeof(business_id) = 'text' AND length(business_id) <= 255 AND trim(business_id) <> ''),
    CONSTRAINT "events_event_type_not_blank" CHECK (typeof(event_type) = 'text' AND length(event_type) <= 255 AND trim(event_type) <> ''),
    CONSTRAINT "events_headers_are_json_object" CHECK (headers IS NULL OR (typeof(headers) = 'text' AND json_valid(headers) AND json_type(headers) = 'object')),
    CONSTRAINT "events_counters_not_negative" CHECK (attempts >= 0 AND claims >= 0)
);

-- CreateTable
CREATE TABLE "outbox_log" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "at" DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')),
    "kind" TEXT NOT NULL,
    "event_seq" INTEGER,
    "detail" TEXT NOT NULL DEFAULT '{}'
);

-- CreateIndex
CREATE UNIQUE INDEX "events_id" ON "events"("id");

-- CreateIndex
CREATE INDEX "events_due" ON "events"("available_at", "seq") WHERE status = 'pending';

-- CreateIndex
CREATE INDEX "events_leased" ON "events"("lease_id") WHERE lease_id IS NOT NULL;

-- CreateIndex
CREATE INDEX "events_processed" ON "events"("processed_at") WHERE status = 'processed';

-- CreateIndex
CREATE INDEX "events_unconfirmed" ON "events"("processed_at") WHERE status = 'processed' AND confirmed_at IS NULL;

-- CreateIndex
CREATE INDEX "events_dead" ON "events"("seq") WHERE status = 'dead';

-- CreateIndex
CREATE INDEX "events_business" ON "events"("business_id");

-- CreateIndex
CREATE INDEX "events_created" ON "events"("created_at");

-- CreateIndex
CREATE INDEX "outbox_log_kind" ON "outbox_log"("kind", "id");

-- transactional-outbox 20260201000000_read_back
-- What reading back needs. `resends` counts how often an accepted event that Convoy had lost went back to pending: the
-- record of outbox_log is bounded and may forget, this must not. Pruning asks for confirmed and unconfirmed events
-- apart, so one index per kind replaces the one over both: a settlement writes one entry instead of two.

-- AlterTable
ALTER TABLE "events" ADD COLUMN "resends" INTEGER NOT NULL DEFAULT 0 CONSTRAINT "events_resends_not_negative" CHECK (resends >= 0);

-- DropIndex
DROP INDEX "events_processed";

-- CreateIndex
CREATE INDEX "events_confirmed" ON "events"("processed_at") WHERE status = 'processed' AND confirmed_at IS NOT NULL;

-- transactional-outbox 20260302000000_waiting
-- What waits for a reason is found by the reason: events of one business without an endpoint, events released while the
-- gateway was away. Without it, every look for them walked all events scheduled for later. An event that is delivered at once
-- never enters this index.

-- CreateIndex
CREATE INDEX "events_waiting" ON "events"("wait_reason", "business_id") WHERE wait_reason IS NOT NULL;
