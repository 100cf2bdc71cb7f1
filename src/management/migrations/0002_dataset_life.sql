-- settings: DatasetSettings as JSON, sinks' secrets sealed, and `nextSlot`, the first slot that no sink of the dataset has had; null:
-- the defaults. purged_at: when everything stored of a deleted dataset was last seen to be gone.

ALTER TABLE datasets ADD COLUMN settings TEXT;
ALTER TABLE datasets ADD COLUMN purged_at INTEGER;
CREATE INDEX datasets_by_region ON datasets (region, id);
