-- What reading back needs. `resends` counts how often an accepted event that Convoy had lost went back to pending: the
-- record of outbox_log is bounded and may forget, this must not. Pruning asks for confirmed and unconfirmed events
-- apart, so one index per kind replaces the one over both: a settlement writes one entry instead of two.

-- AlterTable
ALTER TABLE "events" ADD COLUMN "resends" INTEGER NOT NULL DEFAULT 0 CONSTRAINT "events_resends_not_negative" CHECK (resends >= 0);

-- DropIndex
DROP INDEX "events_processed";

-- CreateIndex
CREATE INDEX "events_confirmed" ON "events"("processed_at") WHERE status = 'processed' AND confirmed_at IS NOT NULL;
