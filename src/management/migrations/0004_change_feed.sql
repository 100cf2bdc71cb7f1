-- The edges read `changes` too, all organisations together. status: of the token or organisation, as the change left it; null: not said.

ALTER TABLE changes ADD COLUMN status TEXT;
CREATE INDEX changes_by_time ON changes (at);
