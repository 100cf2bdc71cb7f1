-- People, what they may do, and how they show who they are.
--
-- A user has a home: the organisation in which the account was made. Only its identity providers and invitations can make anybody that
-- user, so no organisation can act as a person of another. Further memberships come only from organisations that the user founds.
-- `rights` of an organisation rises whenever anybody's role, group or team changes: whoever hands rights on compares it at commit time.

ALTER TABLE orgs ADD COLUMN rights INTEGER NOT NULL DEFAULT 1;
ALTER TABLE orgs ADD COLUMN token_lifetime_max_ms INTEGER;
ALTER TABLE orgs ADD COLUMN on_creator_removed TEXT NOT NULL DEFAULT 'keep';
ALTER TABLE orgs ADD COLUMN audit_keep_days INTEGER NOT NULL DEFAULT 400;

CREATE TABLE new_users (
  id TEXT PRIMARY KEY,
  org TEXT NOT NULL REFERENCES orgs (id),
  name TEXT NOT NULL,
  email TEXT NOT NULL COLLATE NOCASE,
  status TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
  created_at INTEGER NOT NULL,
  ver INTEGER NOT NULL,
  change_id TEXT NOT NULL,
  UNIQUE (org, email)
) STRICT;
INSERT INTO new_users (id, org, name, email, status, created_at, ver, change_id)
  SELECT u.id, (SELECT m.org FROM members m WHERE m.user_id = u.id ORDER BY m.created_at LIMIT 1), u.name, u.email, 'active', u.created_at, 1, ''
  FROM users u WHERE EXISTS (SELECT 1 FROM members m WHERE m.user_id = u.id);

-- id: <org>/<user>, so that a membership can be the trace of a change as any other row.
CREATE TABLE new_members (
  id TEXT PRIMARY KEY,
  org TEXT NOT NULL REFERENCES orgs (id),
  user_id TEXT NOT NULL,
  role TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ver INTEGER NOT NULL,
  change_id TEXT NOT NULL,
  UNIQUE (org, user_id)
) STRICT;
INSERT INTO new_members (id, org, user_id, role, created_at, ver, change_id)
  SELECT org || '/' || user_id, org, user_id, role, created_at, ver, '' FROM members;

CREATE TABLE new_personal_tokens (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  hint TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'revoked')),
  expires_at INTEGER,
  expires_text TEXT,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER,
  change_id TEXT NOT NULL
) STRICT;
INSERT INTO new_personal_tokens (id, user_id, digest, name, description, hint, status, expires_at, created_at, change_id)
  SELECT id, user_id, digest, name, '', '', status, expires_at, created_at, '' FROM personal_tokens;

DROP TABLE personal_tokens;
DROP TABLE members;
DROP TABLE users;
ALTER TABLE new_users RENAME TO users;
ALTER TABLE new_members RENAME TO members;
ALTER TABLE new_personal_tokens RENAME TO personal_tokens;
CREATE INDEX members_by_user ON members (user_id, created_at);
CREATE INDEX personal_tokens_by_user ON personal_tokens (user_id, created_at);

-- kind: `api` is shown to programs as a bearer, `browser` is a cookie. authenticated_at: when the person last proved who they are.
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('api', 'browser')),
  digest TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  hint TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  authenticated_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  ip TEXT,
  user_agent TEXT,
  ended_at INTEGER,
  change_id TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);

-- Who a provider says somebody is. E-mail is kept to be shown, never to be matched.
CREATE TABLE identities (
  id TEXT PRIMARY KEY,
  org TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  email TEXT,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  change_id TEXT NOT NULL,
  UNIQUE (org, issuer, subject)
) STRICT;
CREATE INDEX identities_by_user ON identities (user_id);

CREATE TABLE invitations (
  id TEXT PRIMARY KEY,
  org TEXT NOT NULL REFERENCES orgs (id),
  user_id TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL CHECK (status IN ('open', 'accepted', 'revoked')),
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  change_id TEXT NOT NULL
) STRICT;
CREATE INDEX invitations_by_user ON invitations (org, user_id);

-- capabilities: as in `tokens`, datasets by id.
CREATE TABLE roles (
  id TEXT PRIMARY KEY,
  org TEXT NOT NULL REFERENCES orgs (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  capabilities TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ver INTEGER NOT NULL,
  change_id TEXT NOT NULL,
  UNIQUE (org, name)
) STRICT;

-- Groups add: a member may do what the group's roles may. Teams take away: a member sees the teams' datasets only.
CREATE TABLE groups (
  id TEXT PRIMARY KEY,
  org TEXT NOT NULL REFERENCES orgs (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ver INTEGER NOT NULL,
  change_id TEXT NOT NULL,
  UNIQUE (org, name)
) STRICT;
CREATE TABLE group_members (
  group_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (group_id, user_id)
) STRICT;
CREATE INDEX group_members_by_user ON group_members (user_id);
CREATE TABLE group_roles (
  group_id TEXT NOT NULL,
  role TEXT NOT NULL,
  PRIMARY KEY (group_id, role)
) STRICT;

CREATE TABLE teams (
  id TEXT PRIMARY KEY,
  org TEXT NOT NULL REFERENCES orgs (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ver INTEGER NOT NULL,
  change_id TEXT NOT NULL,
  UNIQUE (org, name)
) STRICT;
CREATE TABLE team_members (
  team_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  owner INTEGER NOT NULL CHECK (owner IN (0, 1)),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (team_id, user_id)
) STRICT;
CREATE INDEX team_members_by_user ON team_members (user_id);
CREATE TABLE team_datasets (
  team_id TEXT NOT NULL,
  dataset_id TEXT NOT NULL,
  PRIMARY KEY (team_id, dataset_id)
) STRICT;

-- client_secret is sealed. endpoints: JSON, for a provider without discovery.
CREATE TABLE auth_providers (
  id TEXT PRIMARY KEY,
  org TEXT NOT NULL REFERENCES orgs (id),
  name TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('oidc', 'google', 'github')),
  issuer TEXT NOT NULL,
  endpoints TEXT,
  client_id TEXT NOT NULL,
  client_secret TEXT NOT NULL,
  client_auth TEXT NOT NULL,
  scopes TEXT NOT NULL,
  allowed_domains TEXT NOT NULL,
  enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  created_at INTEGER NOT NULL,
  ver INTEGER NOT NULL,
  change_id TEXT NOT NULL,
  UNIQUE (org, name)
) STRICT;

-- kind: `ingest` is a legacy ingest token. family: the first token of a line of successors and of tokens made by them; parent: the one
-- that made it or that it replaced. hint: the last four characters.
ALTER TABLE tokens ADD COLUMN kind TEXT NOT NULL DEFAULT 'api';
ALTER TABLE tokens ADD COLUMN not_before INTEGER;
ALTER TABLE tokens ADD COLUMN networks TEXT;
ALTER TABLE tokens ADD COLUMN limits TEXT;
ALTER TABLE tokens ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN family TEXT;
ALTER TABLE tokens ADD COLUMN parent TEXT;
ALTER TABLE tokens ADD COLUMN hint TEXT NOT NULL DEFAULT '';
UPDATE tokens SET family = id;
CREATE INDEX tokens_by_family ON tokens (family);

ALTER TABLE audit ADD COLUMN credential_kind TEXT;
ALTER TABLE audit ADD COLUMN credential_id TEXT;
ALTER TABLE audit ADD COLUMN ip TEXT;
ALTER TABLE audit ADD COLUMN user_agent TEXT;
ALTER TABLE audit ADD COLUMN result TEXT NOT NULL DEFAULT 'done';

-- Who made an object and who changed it last, by which credential; written with each change, kept longer than the audit log.
CREATE TABLE provenance (
  org TEXT NOT NULL,
  kind TEXT NOT NULL,
  target TEXT NOT NULL,
  created_at INTEGER,
  created_by TEXT,
  changed_at INTEGER NOT NULL,
  changed_by TEXT NOT NULL,
  PRIMARY KEY (org, kind, target)
) STRICT;

-- Attempts that were refused, counted per day, so that a flood of them costs no flood of rows.
CREATE TABLE refusals (
  org TEXT NOT NULL,
  day TEXT NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id TEXT NOT NULL,
  credential_id TEXT NOT NULL,
  route TEXT NOT NULL,
  reason TEXT NOT NULL,
  times INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (org, day, actor_kind, actor_id, credential_id, route, reason)
) STRICT;

-- What an Idempotency-Key was used for: never a secret.
CREATE TABLE idempotency (
  org TEXT NOT NULL,
  actor_id TEXT NOT NULL,
  key TEXT NOT NULL,
  request TEXT NOT NULL,
  target TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (org, actor_id, key)
) STRICT;
