-- What waits for a reason is found by the reason: events of one business without an endpoint, events released while the
-- gateway was away. Without it, every look for them walked all events scheduled for later. An event that is delivered at once
-- never enters this index.

-- CreateIndex
CREATE INDEX "events_waiting" ON "events"("wait_reason", "business_id") WHERE wait_reason IS NOT NULL;
