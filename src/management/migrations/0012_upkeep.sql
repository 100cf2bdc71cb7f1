-- For what the hourly upkeep looks for.

CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX idempotency_by_time ON idempotency (at);
