-- Times are epoch milliseconds. `ver` rises with each change of a row. `change_id` names the change that last wrote a row (the
-- request's trace id): the later statements of a batch look for it, so that they do nothing when the first one did nothing.

CREATE TABLE orgs (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'deleted')),
  default_region TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  ver INTEGER NOT NULL,
  change_id TEXT NOT NULL
) STRICT;

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT NOT NULL UNIQUE COLLATE NOCASE,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
  org TEXT NOT NULL REFERENCES orgs (id),
  user_id TEXT NOT NULL REFERENCES users (id),
  role TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ver INTEGER NOT NULL,
  PRIMARY KEY (org, user_id)
) STRICT;
CREATE INDEX members_by_user ON members (user_id, created_at);

CREATE TABLE personal_tokens (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  digest TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'revoked')),
  expires_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

-- A deleted dataset keeps its row, so that its id, which names objects and capabilities, is never given to another.
CREATE TABLE datasets (
  id TEXT PRIMARY KEY,
  org TEXT NOT NULL REFERENCES orgs (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  kind TEXT NOT NULL,
  region TEXT NOT NULL,
  retention_days INTEGER NOT NULL,
  use_retention_period INTEGER NOT NULL CHECK (use_retention_period IN (0, 1)),
  who TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER,
  change_id TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX datasets_by_name ON datasets (org, name) WHERE deleted_at IS NULL;

-- capabilities: {"datasets": {"<dataset id>" | "*": ["ingest:create", …]}, "org": […], "views": {…}}
-- expires_text: the instant as answered, which may be finer than a millisecond.
-- successor: the token that took this one's place.
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  org TEXT NOT NULL REFERENCES orgs (id),
  digest TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  capabilities TEXT NOT NULL,
  expires_at INTEGER,
  expires_text TEXT,
  status TEXT NOT NULL CHECK (status IN ('active', 'revoked')),
  successor TEXT,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  ver INTEGER NOT NULL,
  change_id TEXT NOT NULL,
  CHECK ((expires_at IS NULL) = (expires_text IS NULL))
) STRICT;
CREATE INDEX tokens_by_org ON tokens (org, created_at);
CREATE INDEX tokens_by_change ON tokens (change_id);

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  org TEXT NOT NULL,
  at INTEGER NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id TEXT NOT NULL,
  actor_name TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  detail TEXT NOT NULL,
  trace_id TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_org ON audit (org, seq);

-- What the publisher has to bring to KV, in order.
CREATE TABLE changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  org TEXT NOT NULL,
  key TEXT NOT NULL,
  ver INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX changes_by_org ON changes (org, seq);
