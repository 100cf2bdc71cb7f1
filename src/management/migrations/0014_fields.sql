-- What people say about the fields of a dataset, fields that are computed when it is queried, and what happened when.

-- id: dataset's id, slash, name. A row is there for a field that somebody has said something about.
CREATE TABLE fields (
  id TEXT PRIMARY KEY,
  dataset_id TEXT NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  unit TEXT NOT NULL,
  hidden INTEGER NOT NULL,
  description TEXT NOT NULL,
  change_id TEXT NOT NULL
) STRICT;
CREATE INDEX fields_of_dataset ON fields (dataset_id, name);

CREATE TABLE virtual_fields (
  id TEXT PRIMARY KEY,
  dataset_id TEXT NOT NULL,
  name TEXT NOT NULL,
  expression TEXT NOT NULL,
  description TEXT NOT NULL,
  type TEXT NOT NULL,
  unit TEXT NOT NULL,
  change_id TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX virtual_fields_by_name ON virtual_fields (dataset_id, name);

-- dataset_ids: JSON array; ids of datasets that are gone stay in it. Times: epoch milliseconds to find by, texts as they are answered.
CREATE TABLE annotations (
  id TEXT PRIMARY KEY,
  org TEXT NOT NULL,
  dataset_ids TEXT NOT NULL,
  type TEXT NOT NULL,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  url TEXT NOT NULL,
  begins_at INTEGER NOT NULL,
  begins TEXT NOT NULL,
  ends_at INTEGER,
  ends TEXT,
  change_id TEXT NOT NULL
) STRICT;
CREATE INDEX annotations_of_org ON annotations (org, begins_at);
