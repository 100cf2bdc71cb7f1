-- A deleted provider keeps its row, without its secret, as the trace of the change that deleted it; its name is free again.
-- scopes, allowed_domains: JSON. Providers without discovery are known by their type, so no endpoints are kept.

CREATE TABLE new_auth_providers (
  id TEXT PRIMARY KEY,
  org TEXT NOT NULL REFERENCES orgs (id),
  name TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('oidc', 'google', 'github')),
  issuer TEXT NOT NULL,
  client_id TEXT NOT NULL,
  client_secret TEXT NOT NULL,
  client_auth TEXT NOT NULL CHECK (client_auth IN ('client_secret_basic', 'client_secret_post')),
  scopes TEXT NOT NULL,
  allowed_domains TEXT NOT NULL,
  enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER,
  ver INTEGER NOT NULL,
  change_id TEXT NOT NULL
) STRICT;
INSERT INTO new_auth_providers (id, org, name, type, issuer, client_id, client_secret, client_auth, scopes, allowed_domains, enabled,
    created_at, updated_at, ver, change_id)
  SELECT id, org, name, type, issuer, client_id, client_secret, client_auth, scopes, allowed_domains, enabled, created_at, created_at, ver, change_id
  FROM auth_providers;
DROP TABLE auth_providers;
ALTER TABLE new_auth_providers RENAME TO auth_providers;
CREATE UNIQUE INDEX auth_providers_by_name ON auth_providers (org, name) WHERE deleted_at IS NULL;
