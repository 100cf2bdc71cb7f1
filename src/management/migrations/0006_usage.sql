-- last_used_at: of a live token, some minutes late at most; null: not yet, or before this column was there.
-- token_usage: by token and day (UTC, YYYY-MM-DD). `bytes` of bodies as sent; `refused` are among `requests`.

ALTER TABLE tokens ADD COLUMN last_used_at INTEGER;

CREATE TABLE token_usage (
  token TEXT NOT NULL,
  day TEXT NOT NULL,
  requests INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  PRIMARY KEY (token, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX token_usage_by_day ON token_usage (day);
